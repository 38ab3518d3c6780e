#pragma once
#include <optional>
#include <vector>

#include "ops/quant/quant_args.h"
#include "plan/tape.h"

namespace netlet::ops {

struct Quantized {
    Tensor q, scale, zero;  // zero is null for absmax
};

// Which elements share a scale: those along `axes` (none: all), or along one axis in groups of `group` in a row.
struct Sharing {
    std::optional<std::vector<int>> axes;
    int64_t group = 0;
};

// x float32 or float64, q int8 or uint8 of x's shape, scale of x's dtype: () where all share it, otherwise x's shape
// with 1 (groups: their number) in place of the axes. No gradient. Eager: ValueError where x holds a NaN. Recorded: its
// scale is NaN then.
Quantized quantize(Tape& tape, const char* op, const Tensor& x, Quantizer kind, const Sharing& sharing);
// (q - zero) * scale, of scale's dtype; each size of scale divides q's, or scale is one number. No gradient.
Tensor dequantize(Tape& tape, const char* op, const Tensor& q, const Tensor& scale, const Tensor& zero);
// dequantize(quantize(x)) with the straight-through gradient dx = dy (Bengio et al., 2013).
Tensor fake_quantize(Tape& tape, const char* op, const Tensor& x, Quantizer kind, const Sharing& sharing);

// Codes of given scales (ONNX: QuantizeLinear): scale of x's dtype, one number or x's rank with sizes that divide x's;
// the axes that share a scale are adjacent. zero of the codes' dtype and scale's shape, or null: 0. NaN has code 0. No
// gradient.
Tensor quantize_with(Tape& tape, const Tensor& x, const Tensor& scale, const Tensor& zero, DType codes);
// dequantize(quantize_with(x)). dx = dy where the code was not clipped, 0 elsewhere. scale gets the gradient of a
// learned step size (quant_args.h).
Tensor fake_quantize_with(Tape& tape, const Tensor& x, const Tensor& scale, const Tensor& zero, DType codes);

}  // namespace netlet::ops
