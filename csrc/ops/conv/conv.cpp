// Convolution and its transpose: each is the other's gradient with regard to x, and they share the kernel's.
#include "ops/conv/conv.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/activation/activation.h"
#include "ops/conv/conv_backward.h"
#include "ops/conv/winograd.h"
#include "ops/copy/copy.h"
#include "ops/gemm/gemm.h"
#include "ops/higher_order/higher_order.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

constexpr double unit_flops = 1 << 19;         // of a unit of work: about five microseconds on one core
constexpr int64_t most_units = 64;             // more units do not balance better
constexpr int64_t cached_kernel = 512 * 1024;  // bytes of a packed kernel that the L2 cache holds beside the pixels
constexpr int64_t slices_bytes = 1 << 20;      // bytes of all slices of a kernel's gradient
constexpr int64_t few_channels = 8;            // images with fewer are padded first: cheaper than gathering tap by tap

// The product of pixels with a kernel, forward or backward. On the CPU the kernel is packed, or, with `unpacked`, read
// in place, which pays for few columns. A GPU always reads it in place: conv_gather reads it as (taps, terms, columns),
// conv_unpacked_rows as (taps, columns, terms).
void emit_gather(Tape& tape, ConvArgs& args, const Tensor& x, const Tensor& w, const Tensor& bias, const Grad& y,
                 bool unpacked = false) {
    int64_t pixels = args.batch, kernel_rows = args.C;
    double flops = 2.0 * (double)(args.groups * args.C * args.O);
    for (const ConvAxis& axis : args.axis) {
        pixels *= axis.grid;
        kernel_rows *= axis.kernel;
        flops *= (double)axis.taps;
    }
    flops *= (double)pixels;
    if (pixels == 0 || args.O == 0) return;
    const int64_t element = (int64_t)size_of(x->dtype);
    const int64_t columns =
        cached_kernel / std::max<int64_t>(kernel_rows * element, 1) / conv_panel_group * conv_panel_group;
    args.nb = std::min(args.O, std::max(columns, conv_panel_group));
    const int64_t units = std::clamp<int64_t>((int64_t)(flops / unit_flops), 1, most_units);
    const int64_t others = args.groups * ceil_div(args.O, args.nb);
    const int64_t each = ceil_div(pixels, ceil_div(units, others));
    const int64_t step = each < 4 * conv_pixel_step ? conv_strip : conv_pixel_step;  // few pixels: balance counts more
    args.mb = ceil_div(each, step) * step;
    const Work work{others * ceil_div(pixels, args.mb), 1, flops};
    const auto kernel =
        unpacked ? NETLET_KERNEL_FOR(conv_unpacked_rows, x->dtype) : NETLET_KERNEL_FOR(conv_gather, x->dtype);
    tape.emit(kernel, args, {in(args.x, x), in(args.w, w), in_if(args.bias, bias), into(args.y, args.accumulate, y)},
              work);
}

Tensor pack(Tape& tape, const ConvGeometry& g, const Tensor& kernel, bool transposed) {
    const int64_t columns = ceil_div(transposed ? g.C : g.O, conv_panel_group), terms = transposed ? g.O : g.C;
    Tensor packed = tape.empty({g.groups, columns * conv_panel_group, g.taps() * terms}, kernel->dtype);
    ConvPackArgs args{nullptr, nullptr, g.taps(), g.groups, g.C, g.O, transposed};
    const int64_t grain = grain_for(32768, conv_panel_group * g.taps() * terms);
    tape.emit(NETLET_KERNEL_FOR(conv_pack, kernel->dtype), args, {in(args.w, kernel), out(args.packed, packed)},
              {g.groups * columns, grain, 0, true});
    return packed;
}

ConvArgs arguments(int64_t batch, int64_t groups, int64_t C, int64_t O, Activation act, double alpha) {
    ConvArgs args{};
    args.batch = batch;
    args.groups = groups;
    args.C = C;
    args.O = O;
    args.slices = 1;
    args.act = act;
    args.alpha = alpha;
    return args;
}

// On a GPU, in how many slices to sum `terms` terms of M x N results. A multiprocessor of an H200 (there are 132) hides
// latencies with three or more tiles of 128 x 64; fewer leave it idle, as does a last wave that is not full. Against
// that stands the memory of the slices, worth about 61 terms each (8 bytes at 3 TB/s). Estimated, not measured.
int64_t slices_on_gpu(int64_t groups, int64_t M, int64_t N, int64_t terms) {
    constexpr int64_t processors = 132, most_blocks = 4 * processors, fewest_terms = 256;
    const int64_t blocks = std::max<int64_t>(1, groups * ceil_div(M, 128) * ceil_div(N, 64));
    int64_t best = 1;
    double least = 0;
    for (int64_t slices = 1; slices == 1 || slices <= std::min(most_blocks / blocks, terms / fewest_terms); ++slices) {
        const int64_t each = ceil_div(blocks * slices, processors);
        const double idle = (double)(each * processors) / (double)(blocks * slices);
        const double latency = each == 1 ? 1.5 : each == 2 ? 1.15 : 1;
        const double memory = slices == 1 ? 0 : 0.05 + 61.0 * (double)slices / (double)terms;
        const double cost = idle * latency + memory;
        if (slices == 1 || cost < least) {
            least = cost;
            best = slices;
        }
    }
    return best;
}

// Emits emit(bias, y). On a GPU that has few blocks to run, the terms are cut into slices, whose sums are added up.
template <class F>
void emit_in_slices(Tape& tape, ConvArgs& args, const Tensor& bias, const Grad& y, int64_t phases, int64_t taps,
                    F emit) {
    const int64_t columns = args.groups * args.O, rows = columns == 0 ? 0 : y.tensor->size() / columns;
    if (tape.on_gpu() && rows > 0)
        args.slices = slices_on_gpu(args.groups, rows / phases, args.O, taps * args.C / phases);
    if (args.slices == 1) return emit(bias, y);
    const Activation act = args.act;
    args.act = Activation::linear;
    const Tensor slices = tape.empty({args.slices, rows, columns}, y.tensor->dtype);
    emit(nullptr, {slices, false});
    emit_slice_sum(tape, slices, y, bias, act, args.alpha);
}

bool uses_winograd(Tape& tape, const ConvGeometry& g) { return !tape.on_gpu() && winograd_pays(g); }

// y = or += the convolution of x.
void emit_forward(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& kernel, const Tensor& bias,
                  const Grad& y, Activation act, double alpha) {
    const Tensor packed = tape.on_gpu() ? kernel : pack(tape, g, kernel, false);
    if (uses_winograd(tape, g))
        return emit_winograd(tape, g.batch, forward_axis(g, 1), forward_axis(g, 2), g.C, g.O, x, packed, bias, y, act,
                             alpha);
    ConvArgs args = arguments(g.batch, g.groups, g.C, g.O, act, alpha);
    set_forward_axes(g, args.axis);
    emit_in_slices(tape, args, bias, y, 1, g.taps(),
                   [&](const Tensor& bias, const Grad& y) { emit_gather(tape, args, x, packed, bias, y); });
}

// dx = or += the gradient with regard to x: one convolution of dy for each phase of the strides.
void emit_input_gradient(Tape& tape, const ConvGeometry& g, const Tensor& dy, const Tensor& kernel, const Tensor& bias,
                         const Grad& dx, Activation act, double alpha) {
    // With few columns most SIMD lanes of a packed kernel are empty; lanes of terms are full if there are enough terms.
    const bool unpacked = tape.on_gpu() || (g.groups == 1 && g.C <= conv_few_columns && g.O >= 16 &&
                                            g.taps() * ceil_div(g.O, conv_longest_run) <= conv_most_runs);
    const Tensor packed = unpacked ? kernel : pack(tape, g, kernel, true);
    if (uses_winograd(tape, g))
        return emit_winograd(tape, g.batch, phase_axis(g, 1, 0, true), phase_axis(g, 2, 0, true), g.O, g.C, dy, packed,
                             bias, dx, act, alpha);
    ConvArgs args = arguments(g.batch, g.groups, g.O, g.C, act, alpha);
    int64_t phases = 1;  // those that have pixels
    for (int i = 0; i < conv_axes; ++i) phases *= std::clamp<int64_t>(g.stride[i], 1, std::max<int64_t>(1, g.in[i]));
    emit_in_slices(tape, args, bias, dx, phases, g.taps(), [&](const Tensor& bias, const Grad& dx) {
        for_each_phase(g, !unpacked, args.axis, [&] { emit_gather(tape, args, dy, packed, bias, dx, unpacked); });
    });
}

// dw = or += x^T dy, tap by tap.
void emit_kernel_gradient(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Grad& dw) {
    const int64_t rows = g.batch * g.out[0] * g.out[1], taps = g.taps();
    if (dw.tensor->size() == 0) return;
    if (rows * g.out[2] == 0) return zero(tape, dw);  // nothing to sum
    if (uses_winograd(tape, g)) return emit_winograd_kernel_gradient(tape, g, x, dy, dw);
    ConvKernelGradArgs args{};
    set_forward_axes(g, args.axis);
    args.batch = g.batch;
    args.groups = g.groups;
    args.C = g.C;
    args.O = g.O;
    args.one_matrix = !g.padded();
    const int64_t units = std::clamp<int64_t>((int64_t)(g.flops() / unit_flops), 1, most_units);
    int64_t length = rows, slices = 0;
    if (tape.on_gpu()) {
        length = g.out_pixels();
        slices = slices_on_gpu(g.groups, taps * g.C, g.O, length);
    } else
        slices = std::clamp<int64_t>(slices_bytes / dw.tensor->bytes(), 1, std::min(ceil_div(units, g.groups), rows));
    args.slice = ceil_div(length, slices);
    const int64_t count = ceil_div(length, args.slice);
    const int64_t strips = std::max<int64_t>(1, taps * ceil_div(g.C, conv_strip));
    args.blocks = std::clamp<int64_t>(ceil_div(units, g.groups * count), 1, strips);
    const Work work{count * g.groups * args.blocks, 1, g.flops()};
    const Grad slices_of_dw = slices_for(tape, dw, count, {count, taps * g.C, g.groups * g.O});
    tape.emit(NETLET_KERNEL_FOR(conv_kernel_grad, x->dtype), args,
              {in(args.x, x), in(args.dy, dy), into(args.dw, args.accumulate, slices_of_dw)}, work);
    if (count > 1) emit_slice_sum(tape, slices_of_dw.tensor, dw);
}

std::vector<int64_t> pixels_of(const Tensor& x) { return {x->shape.begin() + 1, x->shape.end() - 1}; }

// The kernel's gradient as an op. conv, conv_transpose and this op are bilinear: the gradients of each are the other
// two.
Tensor kernel_gradient(Tape& tape, const ConvGeometry& g, const ConvSteps& steps, const Tensor& x, const Tensor& dy,
                       const Shape& shape) {
    Tensor dw = tape.empty(shape, x->dtype);
    emit_kernel_gradient(tape, g, x, dy, {dw, false});
    if (tape.needs_grad({x, dy}))
        tape.on_backward(
            {x, dy}, {dw},
            [=](Tape& tape, const Grads& d) {
                if (Grad dx = tape.grad(x)) emit_input_gradient(tape, g, dy, d[0], nullptr, dx, Activation::linear, 0);
                if (Grad ddy = tape.grad(dy)) emit_forward(tape, g, x, d[0], nullptr, ddy, Activation::linear, 0);
            },
            [steps](Tape& tape, const Tensors& in, const Tensors&, const Grads& d) {
                return Tensors{
                    tape.wants(in[0]) ? conv_transpose(tape, in[1], d[0], nullptr, steps, pixels_of(in[0])) : nullptr,
                    tape.wants(in[1]) ? conv(tape, in[0], d[0], nullptr, steps) : nullptr};
            });
    return dw;
}

// One convolution for each group.
Tensor conv_of_groups(Tape& tape, const ConvGeometry& g, const ConvSteps& steps, const Tensor& x,
                      const Tensor& kernel) {
    std::vector<int64_t> channels, filters;
    for (int64_t i = 1; i < g.groups; ++i) {
        channels.push_back(i * g.C);
        filters.push_back(i * g.O);
    }
    const Tensors xs = split(tape, x, channels, -1), kernels = split(tape, kernel, filters, -1);
    Tensors ys;
    for (size_t i = 0; i < xs.size(); ++i) ys.push_back(conv(tape, xs[i], kernels[i], nullptr, steps));
    return concatenate(tape, ys, -1);
}

// conv or conv_transpose without bias and activation. Each is the gradient of the other with regard to its input.
struct LinearConv {
    bool transposed;
    ConvGeometry g;  // of the convolution
    ConvSteps steps;
    std::vector<int64_t> image;  // spatial sizes of the convolution's input

    Tensor apply(Tape& tape, const Tensor& x, const Tensor& kernel) const { return run(tape, transposed, x, kernel); }
    Tensor input_gradient(Tape& tape, const Tensor& dy, const Tensor& kernel) const {
        return run(tape, !transposed, dy, kernel);
    }
    Tensor kernel_gradient(Tape& tape, const Tensor& x, const Tensor& dy, const Shape& shape) const {
        return ops::kernel_gradient(tape, g, steps, transposed ? dy : x, transposed ? x : dy, shape);
    }
    void emit_kernel_gradient(Tape& tape, const Tensor& x, const Tensor& dy, const Grad& dw) const {
        ops::emit_kernel_gradient(tape, g, transposed ? dy : x, transposed ? x : dy, dw);
    }
    void emit_input_gradient(Tape& tape, const Tensor& dy, const Tensor& kernel, const Grad& dx) const {
        if (transposed)
            emit_forward(tape, g, dy, kernel, nullptr, dx, Activation::linear, 0);
        else
            ops::emit_input_gradient(tape, g, dy, kernel, nullptr, dx, Activation::linear, 0);
    }

  private:
    Tensor run(Tape& tape, bool transpose, const Tensor& x, const Tensor& kernel) const {
        return transpose ? conv_transpose(tape, x, kernel, nullptr, steps, image)
                         : conv(tape, x, kernel, nullptr, steps);
    }
};

HigherOrder higher_order_of(const LinearConv& c, bool plain, Activation act, double alpha) {
    if (!plain)
        return by_definition([=](Tape& tape, const Tensors& x) {
            return Tensors{bias_and_activation(tape, c.apply(tape, x[0], x[1]), x[2], act, alpha)};
        });
    if (c.g.groups > 1)
        return by_definition(
            [c](Tape& tape, const Tensors& x) { return Tensors{conv_of_groups(tape, c.g, c.steps, x[0], x[1])}; });
    return [c](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
        return Tensors{tape.wants(x[0]) ? c.input_gradient(tape, dy[0], x[1]) : nullptr,
                       tape.wants(x[1]) ? c.kernel_gradient(tape, x[0], dy[0], x[1]->shape) : nullptr, nullptr};
    };
}

}  // namespace

void on_backward_of_conv(Tape& tape, bool transposed, const ConvGeometry& g, const ConvSteps& steps, const Tensor& x,
                         const Tensor& kernel, const Tensor& bias, const Tensor& y, Activation act, double alpha) {
    const LinearConv c{transposed, g, steps, pixels_of(transposed ? y : x)};
    on_backward_of_fused(
        tape, x, kernel, bias, y, act, alpha,
        [c](Tape& tape, const Tensor& x, const Tensor& dz, const Grad& dw) { c.emit_kernel_gradient(tape, x, dz, dw); },
        [c, kernel](Tape& tape, const Tensor& dz, const Grad& dx) { c.emit_input_gradient(tape, dz, kernel, dx); },
        higher_order_of(c, !bias && act == Activation::linear, act, alpha));
}

Tensor conv(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, const ConvSteps& steps,
            Activation act, double alpha) {
    const int spatial = check_steps("conv", x, kernel, steps);
    const ConvGeometry g = grouped_geometry("conv", x->shape, kernel->shape, steps);
    const int64_t channels = g.groups * g.C, filters = g.groups * g.O;
    check_bias("conv", x, bias, filters);
    if (!is_fusable(act, alpha)) return activation(tape, conv(tape, x, kernel, bias, steps), act, {alpha, 0, 0});
    if (g.pointwise()) return dense(tape, x, reshape(tape, kernel, {g.C, filters}), bias, act, alpha);
    if (g.padded() && channels < few_channels && !tape.on_gpu()) {
        std::vector<int64_t> before{0}, after{0};
        ConvSteps inner = steps;
        for (auto& [low, high] : inner.pads) {
            before.push_back(low);
            after.push_back(high);
            low = high = 0;
        }
        before.push_back(0);
        after.push_back(0);
        return conv(tape, pad(tape, x, before, after, 0), kernel, bias, inner, act, alpha);
    }

    Tensor y = tape.empty(g.y_shape(spatial), x->dtype);
    emit_forward(tape, g, x, kernel, bias, {y, false}, act, alpha);
    if (tape.needs_grad({x, kernel, bias})) on_backward_of_conv(tape, false, g, steps, x, kernel, bias, y, act, alpha);
    return y;
}

Tensor conv_transpose(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, const ConvSteps& steps,
                      const std::vector<int64_t>& out, Activation act, double alpha) {
    const int spatial = check_steps("conv_transpose", x, kernel, steps);
    const ConvGeometry g = transposed_geometry("conv_transpose", x->shape, kernel->shape, steps, out);
    check_bias("conv_transpose", x, bias, g.C);
    if (!is_fusable(act, alpha))
        return activation(tape, conv_transpose(tape, x, kernel, bias, steps, out), act, {alpha, 0, 0});
    Tensor y = tape.empty(g.x_shape(spatial), x->dtype);
    emit_input_gradient(tape, g, x, kernel, bias, {y, false}, act, alpha);
    if (tape.needs_grad({x, kernel, bias})) on_backward_of_conv(tape, true, g, steps, x, kernel, bias, y, act, alpha);
    return y;
}

}  // namespace netlet::ops
