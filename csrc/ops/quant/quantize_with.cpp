// Quantization with given scales and zero points.
#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/quant/quant.h"
#include "ops/quant/quant_layout.h"
#include "ops/reduce/reduce.h"

namespace netlet::ops {

namespace {

Quantizer quantizer_of(const char* op, DType codes) {
    if (codes == DType::u8) return Quantizer::zeropoint_u8;
    if (codes == DType::i8) return Quantizer::zeropoint_i8;
    throw ValueError(std::string(op) + ": expected dtype int8 or uint8, received " + name_of(codes));
}

QuantView check(const char* op, const Tensor& x, const Tensor& scale, const Tensor& zero, DType codes) {
    check_floating(op, x);
    check_same_dtype(op, x, scale);
    check_zero(op, zero, codes, scale->shape);
    const auto view = layout_of_scale(op, x->shape, scale->shape).view();
    if (!view)
        throw ValueError(std::string(op) +
                         ": expected the axes that share a scale to be adjacent, received a scale of shape " +
                         scale->shape.str() + " for x of shape " + x->shape.str());
    return *view;
}

template <class Args>
void set_view(Args& args, const QuantView& v, Quantizer kind) {
    args.n = v.n;
    args.inner = v.inner;
    args.pieces = pieces_of(v.n);
    args.kind = kind;
}

Tensor codes_of(Tape& tape, const Tensor& x, const Tensor& scale, const Tensor& zero, DType codes, Quantizer kind,
                const QuantView& v) {
    Tensor q = tape.empty(x->shape, codes);
    with_float(x->dtype, [&]<class T>(T) {
        QuantizeCodesArgs<T> args{};
        set_view(args, v, kind);
        tape.emit(NETLET_KERNEL_FOR(quantize_codes, x->dtype), args,
                  {in(args.x, x), in(args.scale, scale), in_if(args.zero, zero), out(args.q, q)}, work_of(v, 2));
    });
    return q;
}

}  // namespace

Tensor quantize_with(Tape& tape, const Tensor& x, const Tensor& scale, const Tensor& zero, DType codes) {
    const char* op = "quantize_with";
    const Quantizer kind = quantizer_of(op, codes);
    return codes_of(tape, x, scale, zero, codes, kind, check(op, x, scale, zero, codes));
}

Tensor fake_quantize_with(Tape& tape, const Tensor& x, const Tensor& scale, const Tensor& zero, DType codes) {
    const char* op = "fake_quantize_with";
    const Quantizer kind = quantizer_of(op, codes);
    const QuantView v = check(op, x, scale, zero, codes);
    Tensor y = dequantize(tape, op, codes_of(tape, x, scale, zero, codes, kind, v), scale, zero);
    if (!tape.needs_grad({x, scale})) return y;
    tape.on_backward({x, scale}, {y}, [=](Tape& tape, const Grads& dy) {
        const Grad dx = tape.grad(x), dscale = tape.grad(scale);
        if (!dx && !dscale) return;
        const Tensor each = dscale ? tape.empty(x->shape, x->dtype) : nullptr;
        with_float(x->dtype, [&]<class T>(T) {
            FakeQuantizeBwdArgs<T> args{};
            set_view(args, v, kind);
            tape.emit(NETLET_KERNEL_FOR(fake_quantize_bwd, x->dtype), args,
                      {in(args.x, x), in(args.dy, dy[0]), in(args.scale, scale), in_if(args.zero, zero),
                       into_if(args.dx, args.accumulate, dx), out_if(args.dscale, each)},
                      work_of(v, 4));
        });
        if (dscale)
            emit_sum_to(tape, tape.view(each, {v.outer, v.n, v.inner}),
                        {tape.view(dscale.tensor, {v.outer, 1, v.inner}), dscale.accumulate});
    });
    return y;
}

}  // namespace netlet::ops
