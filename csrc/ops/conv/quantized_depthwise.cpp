#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/conv/conv_backward.h"
#include "ops/conv/quantized_conv.h"
#include "ops/conv/quantized_image.h"
#include "ops/copy/copy.h"
#include "ops/quant/quant.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

// The codes of the kernel without their zero points, in float32. Plans of inference compute them once.
Tensor weights_of(Tape& tape, const Codes& kernel, int spatial) {
    Shape shape;  // of the zero points
    if (kernel.zero && kernel.zero->size() > 1) {
        for (int i = 0; i < spatial; ++i) shape.push_back(1);
        shape.push_back(kernel.zero->size());
        shape.push_back(1);
    }
    const Tensor ones = make_tensor(shape, DType::f32);
    std::fill_n(ones->data<float>(), ones->size(), 1.0f);
    const Tensor zero = kernel.zero ? tape.view(kernel.zero, shape) : nullptr;
    return dequantize(tape, "quantized_depthwise_conv", kernel.q, tape.constant(ones), zero);
}

}  // namespace

Tensor quantized_depthwise_conv(Tape& tape, const QuantizedProduct& p, const ConvSteps& steps) {
    constexpr const char* op = "quantized_depthwise_conv";
    const Shape &x = p.x.q->shape, &k = p.kernel.q->shape;
    const int spatial = check_steps(op, x, k, steps);
    const ConvGeometry g = depthwise_geometry(op, x, k, steps);
    const int64_t multiplier = k.back();
    check_quantized_image(op, p, g.C * multiplier);
    if (!is_fusable(p.act, p.alpha))
        return activated_result(tape, p, quantized_depthwise_conv(tape, without_activation(p), steps));
    if (multiplier != 1) {  // rare: repeats each channel once per kernel
        Shape flat = k;
        flat[spatial] = g.C * multiplier;
        flat[spatial + 1] = 1;
        QuantizedProduct each = p;
        each.x.q = repeat(tape, p.x.q, multiplier, -1);
        each.kernel.q = reshape(tape, p.kernel.q, flat);
        if (p.x_hat) each.x_hat = repeat(tape, p.x_hat, multiplier, -1);
        if (p.kernel_hat) each.kernel_hat = reshape(tape, p.kernel_hat, flat);
        return quantized_depthwise_conv(tape, each, steps);
    }
    Shape shape = g.y_shape(spatial);
    shape[spatial + 1] = g.C;
    const Tensor y = tape.empty(shape, result_dtype(p));
    const int64_t rows = g.batch * g.out[0] * g.out[1], each = g.out[2] * g.C;
    if (rows * each > 0) {
        QuantizedDepthwiseArgs args{};
        std::vector<Phase> phases(1);
        set_forward_axes(g, phases[0].axis);
        const Tensor image = padded_image(tape, p.x, phases, 1, g.C, false);
        const Tensor weights = weights_of(tape, p.kernel, spatial);
        std::copy_n(phases[0].axis, conv_axes, args.axis);
        args.batch = g.batch;
        args.C = g.C;
        const Tensor none;
        args.last_step = requantization(p, g.taps());
        std::vector<Operand> operands = requantization_operands(args.last_step, p, none, none);
        for (const Operand& o : {in(args.x, image), in(args.w, weights), out(args.y, y)}) operands.push_back(o);
        tape.emit(kernel(KernelId::quantized_depthwise), args, operands,
                  {rows, grain_for(65536, each * g.taps()), 2.0 * (double)(rows * each * g.taps())});
    }
    if (p.x_hat && tape.needs_grad({p.x_hat, p.kernel_hat, p.bias}))
        on_backward_of_depthwise(tape, g, p.x_hat, p.kernel_hat, p.bias, y, p.act, p.alpha);
    return y;
}

}  // namespace netlet::ops
