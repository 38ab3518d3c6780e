// What the products of codes share: checks, and the arguments of requantization.
#include "ops/activation/activation.h"
#include "ops/copy/copy.h"
#include "ops/quant/quant.h"
#include "ops/quant/quant_layout.h"
#include "ops/quantized/quantized.h"

namespace netlet::ops {

namespace {

std::string described(const Tensor& x) { return std::string(name_of(x->dtype)) + " of shape " + x->shape.str(); }

[[noreturn]] void refuse(const char* op, const std::string& expected, const Tensor& received) {
    throw ValueError(std::string(op) + ": expected " + expected + ", received " + described(received));
}

DType dtype_of_result(const Tensor& scale, const Tensor& zero) {
    return !scale ? DType::f32 : zero ? zero->dtype : DType::u8;
}

}  // namespace

void check_quantized(const char* op, const QuantizedProduct& p, const Shape& rows, int64_t N) {
    const Tensor &x = p.x.q, &w = p.kernel.q;
    if (!is_code(x->dtype))
        throw TypeError(std::string(op) + ": expected x of uint8 or int8, received " + name_of(x->dtype));
    if (w->dtype != DType::i8)
        throw TypeError(std::string(op) + ": expected a kernel of int8, received " + name_of(w->dtype));
    if (p.x.scale->dtype != DType::f32 || (p.x.scale->size() != 1 && p.x.scale->shape != rows))
        refuse(op, "x_scale to be one float32 number or float32 of shape " + rows.str(), p.x.scale);
    check_zero(op, p.x.zero, x->dtype, p.x.scale->shape);
    if (p.kernel.scale->dtype != DType::f32 || (p.kernel.scale->size() != 1 && p.kernel.scale->size() != N))
        refuse(op, "kernel_scale to be float32 with 1 or " + std::to_string(N) + " numbers", p.kernel.scale);
    check_zero(op, p.kernel.zero, w->dtype, p.kernel.scale->shape);
    if (p.bias && (p.bias->shape != Shape{N} || (p.bias->dtype != DType::f32 && p.bias->dtype != DType::i32)))
        refuse(op, "a bias of float32 or int32 and shape " + Shape{N}.str(), p.bias);
    check_result(op, p.out_scale, p.out_zero);
    if (!p.x_hat != !p.kernel_hat) throw ValueError(std::string(op) + ": expected x_hat and kernel_hat, or neither");
    if (!p.x_hat) return;
    if (p.out_scale) refuse(op, "no out_scale beside x_hat, because codes have no gradient", p.out_scale);
    if (p.x_hat->dtype != DType::f32 || p.x_hat->shape != x->shape)
        refuse(op, "x_hat of float32 and shape " + x->shape.str(), p.x_hat);
    if (p.kernel_hat->dtype != DType::f32 || p.kernel_hat->shape != w->shape)
        refuse(op, "kernel_hat of float32 and shape " + w->shape.str(), p.kernel_hat);
}

DType check_result(const char* op, const Tensor& scale, const Tensor& zero) {
    if (scale && (scale->dtype != DType::f32 || scale->size() != 1))
        refuse(op, "out_scale to be one float32 number", scale);
    if (zero && !scale) refuse(op, "an out_scale beside out_zero", zero);
    if (zero && (!is_code(zero->dtype) || zero->size() != 1))
        refuse(op, "out_zero to be one number of uint8 or int8", zero);
    return dtype_of_result(scale, zero);
}

DType result_dtype(const QuantizedProduct& p) { return dtype_of_result(p.out_scale, p.out_zero); }

Requantization requantization(const QuantizedProduct& p, int64_t terms) {
    Requantization r{};
    r.row_step = p.x.scale->size() != 1;
    r.column_step = p.kernel.scale->size() != 1;
    r.terms = terms;
    r.act = p.act;
    r.alpha = p.alpha;
    r.x_signed = p.x.q->dtype == DType::i8;
    r.y_signed = p.out_zero && p.out_zero->dtype == DType::i8;
    return r;
}

std::vector<Operand> requantization_operands(Requantization& r, const QuantizedProduct& p, const Tensor& w_sums,
                                             const Tensor& x_sums) {
    static const Tensor none;
    const bool integer_bias = p.bias && p.bias->dtype == DType::i32;
    return {in(r.x_scale, p.x.scale),
            in_if(r.x_zero, p.x.zero),
            in(r.w_scale, p.kernel.scale),
            in_if(r.w_sums, w_sums),
            in_if(r.w_zero, p.kernel.zero),
            in_if(r.x_sums, x_sums),
            in_if(r.integer_bias, integer_bias ? p.bias : none),
            in_if(r.bias, integer_bias ? none : p.bias),
            in_if(r.y_scale, p.out_scale),
            in_if(r.y_zero, p.out_zero)};
}

Tensor activated_result(Tape& tape, const QuantizedProduct& p, const Tensor& y) {
    const Tensor z = activation(tape, y, p.act, {p.alpha, 0, 0});
    return p.out_scale ? quantize_with(tape, z, p.out_scale, p.out_zero, result_dtype(p)) : z;
}

}  // namespace netlet::ops
