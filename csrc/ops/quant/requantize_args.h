// The last step of an integer product of codes: from int32 sums to float32 or to new codes.
//
//     y[i, j] = act(float32(s) * (x_scale[i] * w_scale[j]) + bias[j])
//     s       = acc[i, j] - x_zero[i] * w_sums[j] - w_zero[j] * (x_sums[i] - terms * x_zero[i]) + integer_bias[j]
//     q[i, j] = clamp(round(y / y_scale) + y_zero, lowest, highest)       as quant_args.h: half to even, IEEE division
//
// acc is the sum of products of the codes themselves, w_sums and x_sums are the sums of the codes of a column of w and
// of a row of x. Every instruction set computes the same bits, except in sigmoid, tanh, elu and exponential.
#pragma once
#include "base/types.h"
#include "ops/activation/activation_args.h"

namespace netlet {

struct Requantization {
    // Of x: one for each row (row_step 1), or one for all (row_step 0). x_zero has the bytes of the codes' dtype; null:
    // 0. A convolution counts images as rows.
    const float* x_scale;
    const uint8_t* x_zero;
    int64_t row_step;
    const float* w_scale;  // (N,), or one number (column_step 0)
    int64_t column_step;
    const int32_t* w_sums;        // (N,); null if x_zero is
    const int8_t* w_zero;         // as w_scale; null: 0
    const int32_t* x_sums;        // one for each row of the product; null if w_zero is
    const int32_t* integer_bias;  // (N,) or null
    const float* bias;            // (N,) or null
    const float* y_scale;         // one number; null: y is float32 and not quantized
    const uint8_t* y_zero;        // one code
    int64_t terms;
    double alpha;
    Activation act;
    bool x_signed, y_signed;  // int8 codes; otherwise uint8
};

}  // namespace netlet
