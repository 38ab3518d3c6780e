// Arithmetic on codes with one scale and zero point each, element by element.
//
//     quantized_add    y = act((a - a_zero) * a_scale + (b - b_zero) * b_scale)
//     requantize       y = (x - x_zero) * x_scale
//
// in float32, then y or its codes: clamp(round(y / y_scale) + y_zero), as ops/quant/quant_args.h. A work unit is an
// element.
#pragma once
#include "base/types.h"
#include "ops/activation/activation_args.h"

namespace netlet {

// The codes of an operand or of the result. scale null: it is float32. zero null: 0.
struct CodesOperand {
    const void* q;
    const float* scale;
    const uint8_t* zero;
    bool is_signed;
};
struct CodesResult {
    void* q;
    const float* scale;
    const uint8_t* zero;
    bool is_signed;
};

struct QuantizedAddArgs {
    CodesOperand a, b;
    CodesResult y;
    Activation act;
    double alpha;
};

struct RequantizeArgs {
    CodesOperand x;
    CodesResult y;
};

}  // namespace netlet
