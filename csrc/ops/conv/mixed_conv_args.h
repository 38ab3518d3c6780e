// Convolution (conv_args.h) with bfloat16 products: x is bfloat16, sums are float32 in pairs of channels
// (simd/gemm_dot.h).
#pragma once
#include "ops/conv/conv_args.h"

namespace netlet {

constexpr int64_t mixed_conv_columns = 256;       // most columns of a work unit
constexpr int64_t mixed_conv_grad_columns = 128;  // most columns that the kernel's gradient packs at a time

// As ConvPackArgs, for an even number of terms; packed: pairs of terms in words of 32 bits.
struct MixedConvPackArgs : ConvPackArgs {
    bool w_is_bf16;
};

// As ConvArgs for conv_gather, but `C` counts pairs of channels.
struct MixedConvArgs : ConvArgs {};

// dw of a convolution whose taps all read inside x. The terms of the product are pixels: those of a row of output
// pixels, in pairs. A work unit is a block of strips of rows (tap, channel) and a block of nb columns of one group,
// summed over one slice.
struct MixedConvKernelGradArgs : ConvKernelGradArgs {
    int64_t nb;  // units count blocks fastest, then blocks of columns, then groups, then slices
    bool x_is_bf16, dy_is_bf16;
};

}  // namespace netlet
