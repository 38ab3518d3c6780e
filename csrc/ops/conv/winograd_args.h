// Winograd's minimal filtering F(m x m, 3x3): (m+2)^2 products for each m x m pixels, where the definition has 9 m^2
// (Lavin and Gray, 2016). m is 2 (16 instead of 36) or 4 (36 instead of 144).
//
//     y = A^T [ (G w G^T) . (B^T x B) ] A     x: (m+2)^2 pixels, w: 3x3 taps, y: m x m pixels, . element by element
//
// Summed over the channels, each of the elements ("points") is a matrix product: (tiles, C) by (C, O). Requires 3x3
// taps, stride 1, dilation 1 and one group. The gradient with respect to w uses the transposed transforms, with m = 2:
//
//     dw = G^T [ sum over tiles of (B^T x B) . (A dy A^T) ] G
//
// The error, by docs/numerics.md: with m = 2 the transforms are sums and differences of a few pixels (taps), so it is
// that of a somewhat longer sum. With m = 4 they are weighted sums (winograd_transforms.h), and it is about twice that
// of the definition. A work unit is a run of tiles ("lane"), or nb output channels of one. It computes them in blocks,
// whose scratch memory stays in the L2 cache.
#pragma once
#include "ops/conv/conv_args.h"

namespace netlet {

constexpr int winograd_points_of(int m) { return (m + 2) * (m + 2); }
// Most tiles at a time. With m = 2: two strips of AVX-512, four of AVX2 hold 24. With m = 4: 16, of which lanes mostly
// have a multiple; 12, two whole strips of AVX2, left blocks of 4 (3 to 4.5 ms for 32 images of 32x32x32, Zen 3).
constexpr int64_t winograd_block_of(int m) { return m == 2 ? 28 : 16; }
constexpr int winograd_points = winograd_points_of(2);
constexpr int64_t winograd_block = winograd_block_of(2);
constexpr int64_t winograd_grad_block = 56;  // for the kernel's gradient: it stores its sums once per block
// Scratch: one plane per point, which holds one row per tile of a block. The 16 extra elements place the planes on
// different sets of the caches.
constexpr int64_t winograd_pitch(int64_t channels) { return (channels + 15) / 16 * 16; }
constexpr int64_t winograd_plane(int64_t block, int64_t channels) { return block * winograd_pitch(channels) + 16; }
// Elements of all planes of a unit: of x and of y.
constexpr int64_t winograd_scratch(int m, int64_t block, int64_t C, int64_t O) {
    return winograd_points_of(m) * (winograd_plane(block, C) + winograd_plane(block, O));
}

// With few channels the stack holds the planes of a unit, and the units of a thread use the same memory one after
// another. In memory of its own each would find the caches full of the others' planes. Threads of musl's C library have
// stacks of 128 KB.
constexpr int64_t winograd_stack(int m) { return (m == 2 ? 64 : 80) * 1024; }  // bytes
constexpr bool winograd_fits_stack(int m, int64_t block, int64_t C, int64_t O, int64_t element_bytes) {
    return winograd_scratch(m, block, C, O) * element_bytes <= winograd_stack(m);
}

// The fewest tiles that are worth a block: with m = 2 the largest strip of any instruction set.
constexpr int64_t winograd_least_block(int m) { return m == 2 ? conv_strip : winograd_block_of(m); }

// Transforms the taps that conv_pack wrote: u (points, panels..., terms).
struct WinogradPackArgs {
    const void* packed;
    void* u;
    int64_t terms, columns;  // columns: padded to whole panel groups
};

struct WinogradArgs {
    const void *x, *u, *bias;
    void *y, *scratch;  // scratch: null if a strip of tiles fits the stack
    ConvAxis h, w;
    int64_t batch, C, O, lanes;
    int64_t nb;  // output channels of a unit, whole panel groups: a lane is one unit, or several if there are few tiles
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

// dw (9, C, O) = or += G^T du G. A work unit is a row of C.
struct WinogradUnpackArgs {
    const void* du;
    void* dw;
    int64_t C, O;
    bool accumulate;
};

}  // namespace netlet
