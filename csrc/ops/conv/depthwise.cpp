#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/activation/activation.h"
#include "ops/conv/conv.h"
#include "ops/conv/conv_backward.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/gemm/gemm.h"
#include "ops/higher_order/higher_order.h"
#include "ops/higher_order/sliding_windows.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

// y = or += each channel of x convolved with its own taps. Backward passes dy, once per phase (conv_args.h).
void emit_depthwise(Tape& tape, DepthwiseArgs& args, const Tensor& x, const Tensor& kernel, const Tensor& bias,
                    const Grad& y) {
    int64_t rows = args.batch * args.axis[0].grid * args.axis[1].grid, taps = 1;
    for (const ConvAxis& axis : args.axis) taps *= axis.taps;
    const int64_t each = args.axis[2].grid * args.C;  // numbers of a row
    if (rows * each == 0) return;
    const Work work{rows, grain_for(65536, each * std::max<int64_t>(taps, 1)),
                    2.0 * (double)(rows * each) * (double)taps};
    tape.emit(
        NETLET_KERNEL_FOR(depthwise, x->dtype), args,
        {by_row(in(args.x, x)), in(args.w, kernel), in_if(args.bias, bias), by_row(into(args.y, args.accumulate, y))},
        with_rows(work, args.batch));
}

void emit_input_gradient(Tape& tape, const ConvGeometry& g, const Tensor& dy, const Tensor& kernel, const Grad& dx) {
    DepthwiseArgs args{};
    args.batch = g.batch;
    args.C = g.C;
    for_each_phase(g, false, args.axis, [&] { emit_depthwise(tape, args, dy, kernel, nullptr, dx); });
}

void emit_kernel_gradient(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Grad& dw) {
    const int64_t rows = g.batch * g.out[0] * g.out[1];
    if (rows * g.out[2] * g.C == 0) return zero(tape, dw);
    DepthwiseKernelGradArgs args{};
    set_forward_axes(g, args.axis);
    args.batch = g.batch;
    args.C = g.C;
    // At most 64 slices, of about ten microseconds or more.
    const int64_t work_each = g.out[2] * g.C * g.taps();
    args.slice = std::max(ceil_div(131072, work_each), ceil_div(rows, 64));
    if (tape.on_gpu()) {  // eight blocks for each multiprocessor of an H200, of 256 pixels or more
        const int64_t blocks = ceil_div(g.C, 32) * g.kernel[0] * g.kernel[1];
        args.slice = std::max(ceil_div(256, g.out[2]), ceil_div(rows, std::max<int64_t>(1, 1056 / blocks)));
    }
    const int64_t count = ceil_div(rows, args.slice);
    Tensor slices = tape.empty({count, g.taps(), g.C}, x->dtype);
    tape.emit(NETLET_KERNEL_FOR(depthwise_kernel_grad, x->dtype), args,
              {in(args.x, x), in(args.dy, dy), out(args.dw, slices)}, {count, 1, g.flops()});
    emit_slice_sum(tape, slices, dw);
}

// Depthwise convolution by its definition: sums over the taps the pixels under the tap times its weights (C,).
Tensor sum_of_taps(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& kernel, const Shape& shape) {
    SlidingWindow w{};
    for (int i = 0; i < conv_axes; ++i) {
        w.size[i] = g.in[i];
        w.window[i] = g.kernel[i];
        w.stride[i] = g.stride[i];
        w.dilation[i] = g.dilation[i];
        w.before[i] = g.before[i];
        w.out[i] = g.out[i];
    }
    const Tensors pixels = window_pixels(tape, x, w, 0);
    const Tensor taps = reshape(tape, kernel, {g.taps(), g.C});
    Tensor y;
    for (int64_t i = 0; i < g.taps(); ++i) {
        const Tensor tap = multiply(tape, pixels[(size_t)i], slice(tape, taps, {{i, 1, 1}, {0, 1, g.C}}));
        y = y ? add(tape, y, tap) : tap;
    }
    return reshape(tape, y, shape);
}

}  // namespace

void on_backward_of_depthwise(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& kernel,
                              const Tensor& bias, const Tensor& y, Activation act, double alpha) {
    const Shape shape = y->shape;
    on_backward_of_fused(
        tape, x, kernel, bias, y, act, alpha,
        [g](Tape& tape, const Tensor& x, const Tensor& dz, const Grad& dw) {
            emit_kernel_gradient(tape, g, x, dz, dw);
        },
        [g, kernel](Tape& tape, const Tensor& dz, const Grad& dx) { emit_input_gradient(tape, g, dz, kernel, dx); },
        by_definition([=](Tape& tape, const Tensors& x) {
            return Tensors{bias_and_activation(tape, sum_of_taps(tape, g, x[0], x[1], shape), x[2], act, alpha)};
        }));
}

Tensor depthwise_conv(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, const ConvSteps& steps,
                      Activation act, double alpha) {
    check_floating("depthwise_conv", x);
    const int spatial = check_steps("depthwise_conv", x, kernel, steps);
    const int64_t channels = x->shape.back(), multiplier = kernel->shape.back();
    const ConvGeometry g = depthwise_geometry("depthwise_conv", x->shape, kernel->shape, steps);
    check_bias("depthwise_conv", x, bias, channels * multiplier);
    if (!is_fusable(act, alpha))
        return activation_after(tape, depthwise_conv(tape, x, kernel, bias, steps), act, alpha);
    if (multiplier != 1) {  // rare: repeats each channel once per kernel
        Shape flat = kernel->shape;
        flat[spatial] = channels * multiplier;
        flat[spatial + 1] = 1;
        return depthwise_conv(tape, repeat(tape, x, multiplier, -1), reshape(tape, kernel, flat), bias, steps, act,
                              alpha);
    }
    Shape shape = g.y_shape(spatial);
    shape[spatial + 1] = channels;
    Tensor y = tape.empty(shape, x->dtype);
    DepthwiseArgs args{};
    args.batch = g.batch;
    args.C = g.C;
    args.act = act;
    args.alpha = alpha;
    set_forward_axes(g, args.axis);
    emit_depthwise(tape, args, x, kernel, bias, {y, false});
    if (tape.needs_grad({x, kernel, bias})) on_backward_of_depthwise(tape, g, x, kernel, bias, y, act, alpha);
    return y;
}

}  // namespace netlet::ops
