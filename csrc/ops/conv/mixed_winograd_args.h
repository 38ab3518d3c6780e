// Winograd convolution (winograd_args.h) with bfloat16 products. The transforms are computed in float32, from float32 or
// bfloat16 numbers; the transformed pixels and taps are rounded to bfloat16. Sums are float32, in pairs of terms
// (simd/gemm_dot.h).
#pragma once
#include "ops/conv/winograd_args.h"

namespace netlet {

// Twice the tiles of a float32 block: they take the same memory, and the sums are stored half as often.
constexpr int64_t mixed_winograd_grad_block = 112;

// 32-bit words of one plane. The products read two terms a word: two channels of a tile (forward), or two tiles of a
// channel (the kernel's gradient).
constexpr int64_t mixed_winograd_plane(int64_t pairs, int64_t columns) { return pairs * winograd_pitch(columns) + 16; }
constexpr int64_t winograd_sums_plane(int64_t O) { return winograd_plane(winograd_block, O); }
constexpr int64_t winograd_pixels_plane(int64_t C) { return winograd_block * winograd_pitch(C) / 2 + 16; }

// packed: the float32 taps that conv_pack wrote; u (points, panels..., pairs of terms).
struct MixedWinogradPackArgs : WinogradPackArgs {};

struct MixedWinogradArgs : WinogradArgs {
    bool x_is_bf16, y_is_bf16;  // a bfloat16 y has a bfloat16 x and is not accumulated
};

struct MixedWinogradKernelGradArgs : WinogradKernelGradArgs {
    bool x_is_bf16, dy_is_bf16;  // at least one is bfloat16
};

}  // namespace netlet
