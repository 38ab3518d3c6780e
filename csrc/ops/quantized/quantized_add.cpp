// Sums of codes, and codes of another scale. Where an operand has more than one scale, or the shapes differ, the same is
// computed by the float ops.
#include "ops/quantized/quantized_add_args.h"

#include "dispatch/dispatch.h"
#include "ops/activation/activation.h"
#include "ops/elementwise/elementwise.h"
#include "ops/quant/quant.h"
#include "ops/quant/quant_layout.h"
#include "ops/quantized/quantized.h"

namespace netlet::ops {

namespace {

void check_operand(const char* op, const char* name, const Codes& x) {
    if (!x.scale && x.q->dtype != DType::f32)
        throw TypeError(std::string(op) + ": expected " + name + " of float32 where it has no scale, received " +
                        name_of(x.q->dtype));
    if (x.scale && (!is_code(x.q->dtype) || x.scale->dtype != DType::f32))
        throw TypeError(std::string(op) + ": expected " + name + " of uint8 or int8 with a float32 scale, received " +
                        name_of(x.q->dtype) + " with a scale of " + name_of(x.scale->dtype));
    if (!x.scale && x.zero) throw ValueError(std::string(op) + ": expected a scale beside the zero point of " + name);
    if (x.scale) check_zero(op, x.zero, x.q->dtype, x.scale->shape);
}

bool one_scale(const Codes& x) { return !x.scale || x.scale->size() == 1; }

void add_operands(std::vector<Operand>& operands, CodesOperand& field, const Codes& x) {
    field.is_signed = x.q->dtype == DType::i8;
    for (const Operand& o : {in(field.q, x.q), in_if(field.scale, x.scale), in_if(field.zero, x.zero)})
        operands.push_back(o);
}
void add_result(std::vector<Operand>& operands, CodesResult& field, const Tensor& y, const Tensor& scale,
                const Tensor& zero) {
    field.is_signed = y->dtype == DType::i8;
    for (const Operand& o : {out(field.q, y), in_if(field.scale, scale), in_if(field.zero, zero)})
        operands.push_back(o);
}

Tensor values_of(Tape& tape, const char* op, const Codes& x) {
    return x.scale ? dequantize(tape, op, x.q, x.scale, x.zero) : x.q;
}

}  // namespace

Tensor quantized_add(Tape& tape, const Codes& a, const Codes& b, Activation act, double alpha, const Tensor& out_scale,
                     const Tensor& out_zero) {
    const char* op = "quantized_add";
    check_operand(op, "a", a);
    check_operand(op, "b", b);
    const DType dtype = check_result(op, out_scale, out_zero);
    if (a.q->shape != b.q->shape || !one_scale(a) || !one_scale(b) || !is_fusable(act, alpha)) {
        Tensor y = add(tape, values_of(tape, op, a), values_of(tape, op, b));
        if (act != Activation::linear) y = activation(tape, y, act, {alpha, 0, 0});
        return out_scale ? quantize_with(tape, y, out_scale, out_zero, dtype) : y;
    }
    Tensor y = tape.empty(a.q->shape, dtype);
    QuantizedAddArgs args{};
    args.act = act;
    args.alpha = alpha;
    std::vector<Operand> operands;
    add_operands(operands, args.a, a);
    add_operands(operands, args.b, b);
    add_result(operands, args.y, y, out_scale, out_zero);
    tape.emit(kernel(KernelId::quantized_add), args, operands, elementwise_work(y->size(), 8));
    return y;
}

Tensor requantize(Tape& tape, const Codes& x, const Tensor& out_scale, const Tensor& out_zero) {
    const char* op = "requantize";
    check_operand(op, "q", x);
    const DType dtype = check_result(op, out_scale, out_zero);
    if (!one_scale(x)) return quantize_with(tape, values_of(tape, op, x), out_scale, out_zero, dtype);
    Tensor y = tape.empty(x.q->shape, dtype);
    RequantizeArgs args{};
    std::vector<Operand> operands;
    add_operands(operands, args.x, x);
    add_result(operands, args.y, y, out_scale, out_zero);
    tape.emit(kernel(KernelId::requantize), args, operands, elementwise_work(y->size(), 6));
    return y;
}

}  // namespace netlet::ops
