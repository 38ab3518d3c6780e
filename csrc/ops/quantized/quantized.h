// int8 layers: ops on 8-bit codes with a scale and a zero point, x close to (q - zero) * scale. Scales are float32, zero
// points have the codes' dtype and their scale's shape, or are null: 0. No op here has a gradient, except where it says.
#pragma once
#include "ops/quant/requantize_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Codes, or a float tensor without a scale, as an operand.
struct Codes {
    Tensor q, scale, zero;
};

// What products of codes share.
struct QuantizedProduct {
    Codes x, kernel;  // kernel.scale: one number, or one for each output channel
    Tensor bias;      // null, float32, or int32 in units of x's scale times the kernel's scale
    Activation act = Activation::linear;
    double alpha = 0;
    // The scale of the result: one number. Null: the result is float32. Codes have zero's dtype, or uint8 without it.
    Tensor out_scale, out_zero;
    // The float operands of backward, or null: the gradients of y are those of the float op on them.
    Tensor x_hat, kernel_hat;
};

// act(x . kernel + bias): x (..., K) uint8 or int8, with one scale or one for each row (..., 1); kernel (K, N) int8; bias
// (N,). The result is float32, or codes: exactly those that quantize_with makes of the float32 result.
Tensor quantized_dense(Tape& tape, const QuantizedProduct& p);

// act(a + b) of two operands that broadcast; one without a scale is float32. Float32, or codes if out_scale is given.
Tensor quantized_add(Tape& tape, const Codes& a, const Codes& b, Activation act, double alpha, const Tensor& out_scale,
                     const Tensor& out_zero);
// Codes of the same numbers in another scale.
Tensor requantize(Tape& tape, const Codes& x, const Tensor& out_scale, const Tensor& out_zero);

// int32 sums of the codes q, seen as (outer, n, inner), over n: shape (outer, inner). `prepack`: plans may cache them.
Tensor code_sums(Tape& tape, const Tensor& q, int64_t outer, int64_t n, int64_t inner, bool prepack);

// ---- shared by the products of codes --------------------------------------------------------------------------------
// Checks everything but the shapes of x and kernel. `rows` is the shape of x's scale if it has one for each row, N the
// number of output channels.
void check_quantized(const char* op, const QuantizedProduct& p, const Shape& rows, int64_t N);
// Checks the scale and the zero point of a result, which may be null, and returns its dtype: float32, or that of codes.
DType check_result(const char* op, const Tensor& scale, const Tensor& zero);
// The dtype of the result.
DType result_dtype(const QuantizedProduct& p);
// Numbers of the last step: everything but pointers. `terms` is the number of terms of a sum.
Requantization requantization(const QuantizedProduct& p, int64_t terms);
// Its pointers. w_sums and x_sums are null where zero points are.
std::vector<Operand> requantization_operands(Requantization& r, const QuantizedProduct& p, const Tensor& w_sums,
                                             const Tensor& x_sums);
// act and quantization as separate ops, for an activation that is not fusable: y is the float32 result without it.
Tensor activated_result(Tape& tape, const QuantizedProduct& p, const Tensor& y);

}  // namespace netlet::ops
