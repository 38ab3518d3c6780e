// A dense layer of codes: y = the requantized product of x (M, K), uint8 or int8, and w (K, N), int8. The sums and the
// last step are those of ops/quant/requantize_args.h; y (M, N) is float32, or codes if last.y_scale is set.
#pragma once
#include "ops/gemm/gemm_args.h"
#include "ops/quant/requantize_args.h"

namespace netlet {

constexpr int64_t quantized_dense_most_columns = 512;  // of a work unit

struct QuantizedDenseArgs {
    const void* x;
    const void* w;  // packed by gemm_pack_b_s8
    void* y;
    int64_t M, N, K;
    // A work unit is a block of mb rows by nb columns; nb is a multiple of gemm_panel_group. Blocks of columns count
    // fastest.
    int64_t mb, nb;
    Requantization last;
};

}  // namespace netlet
