#include "dispatch/dispatch.h"
#include "ops/conv/conv_backward.h"
#include "ops/conv/quantized_conv.h"
#include "ops/conv/quantized_conv_args.h"
#include "ops/copy/copy.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

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
        set_forward_axes(g, args.axis);
        args.batch = g.batch;
        args.C = g.C;
        const Tensor none;
        args.last_step = requantization(p, g.taps());
        std::vector<Operand> operands = requantization_operands(args.last_step, p, none, none);
        for (const Operand& o : {in(args.x, p.x.q), in(args.w, p.kernel.q), out(args.y, y)}) operands.push_back(o);
        tape.emit(kernel(KernelId::quantized_depthwise), args, operands,
                  {rows, grain_for(65536, each * g.taps()), 2.0 * (double)(rows * each * g.taps())});
    }
    if (p.x_hat && tape.needs_grad({p.x_hat, p.kernel_hat, p.bias}))
        on_backward_of_depthwise(tape, g, p.x_hat, p.kernel_hat, p.bias, y, p.act, p.alpha);
    return y;
}

}  // namespace netlet::ops
