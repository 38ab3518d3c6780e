// Sums of 8-bit codes, exact modulo 2^32: sums[o, i] = sum over k of q[o, k, i]. q (outer, n, inner) uint8 or int8, sums
// (outer, inner) int32. They are the w_sums and x_sums of requantization (ops/quant/requantize_args.h).
#pragma once
#include "base/types.h"

namespace netlet {

constexpr int64_t code_sums_tile = 256;  // columns of one work unit if inner > 1

// A work unit is a line if inner == 1, otherwise a tile of columns of one outer index.
struct CodeSumsArgs {
    const uint8_t* q;
    int32_t* sums;
    int64_t n, inner;
    bool is_signed;
};

}  // namespace netlet
