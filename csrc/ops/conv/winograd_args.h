// Winograd's minimal filtering F(2x2, 3x3): 16 instead of 36 products for each 2x2 pixels (Lavin and Gray, 2016).
//
//     y = A^T [ (G w G^T) . (B^T x B) ] A        x: a tile of 4x4 pixels, w: 3x3 taps, y: 2x2 pixels, . element by element
//
// Summed over the channels, each of the 16 elements is a product of matrices: (tiles, C) by (C, O). For 3x3 taps moved by
// single pixels, one group. The gradient with regard to w takes the same road back:
//
//     dw = G^T [ sum over tiles of (B^T x B) . (A dy A^T) ] G
//
// Sums and differences of a few pixels (taps) replace them, so the error is that of a somewhat larger sum: docs/numerics.md.
// A unit is a lane: a stretch of tiles, done in blocks, whose scratch memory stays in the second cache.
#pragma once
#include "ops/conv/conv_args.h"

namespace netlet {

constexpr int winograd_points = 16;
constexpr int64_t winograd_block = 28;       // tiles that are transformed at a time: two strips of AVX-512
constexpr int64_t winograd_grad_block = 56;  // for the kernel's gradient, whose sums are stored once a block
// Scratch: a plane for each point, in it a row for each tile of a block; planes begin on different sets of the caches.
constexpr int64_t winograd_pitch(int64_t channels) { return (channels + 15) / 16 * 16; }
constexpr int64_t winograd_plane(int64_t block, int64_t channels) { return block * winograd_pitch(channels) + 16; }

// Taps that conv_pack wrote, transformed: u (points, panels..., terms).
struct WinogradPackArgs {
    const void* packed;
    void* u;
    int64_t terms, columns;  // columns: padded to whole panel groups
};

struct WinogradArgs {
    const void *x, *u, *bias;
    void *y, *scratch;
    ConvAxis h, w;
    int64_t batch, C, O, lanes;
    bool accumulate;
    Activation act;
    double alpha;
};

// du (lanes, points, C, O)
struct WinogradKernelGradArgs {
    const void *x, *dy;
    void *du, *scratch;
    ConvAxis h, w;
    int64_t batch, C, O, lanes;
};

// dw (9, C, O) = or += G^T du G; a unit is a row of C.
struct WinogradUnpackArgs {
    const void* du;
    void* dw;
    int64_t C, O;
    bool accumulate;
};

}  // namespace netlet
