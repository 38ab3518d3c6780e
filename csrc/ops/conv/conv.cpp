// Convolution and its transpose: each is the other's gradient with regard to x, and they share the kernel's.
#include "ops/conv/conv.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/activation/activation.h"
#include "ops/conv/conv_backward.h"
#include "ops/conv/conv_planar.h"
#include "ops/conv/conv_products.h"
#include "ops/copy/copy.h"
#include "ops/gemm/gemm.h"
#include "ops/higher_order/higher_order.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

constexpr int64_t few_channels = 8;  // images with fewer are padded first: cheaper than gathering tap by tap

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

// In float32.
HigherOrder higher_order_of_mixed(LinearConv c, Activation act, double alpha) {
    c.g.mixed = false;
    return by_definition([=](Tape& tape, const Tensors& x) {
        const Tensor z = c.apply(tape, as_gradient_type(tape, x[0]), as_gradient_type(tape, x[1]));
        return Tensors{bias_and_activation(tape, z, x[2], act, alpha)};
    });
}

HigherOrder higher_order_of(const LinearConv& c, bool plain, Activation act, double alpha) {
    if (c.g.mixed) return higher_order_of_mixed(c, act, alpha);
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
    ConvGeometry g = grouped_geometry("conv", x->shape, kernel->shape, steps);
    g.mixed = x->dtype == DType::bf16;
    const int64_t channels = g.groups * g.C, filters = g.groups * g.O;
    check_bias("conv", x, bias, filters);
    if (!is_fusable(act, alpha)) return activation_after(tape, conv(tape, x, kernel, bias, steps), act, alpha);
    if (g.pointwise()) return dense(tape, x, reshape(tape, kernel, {g.C, filters}), bias, act, alpha);
    // conv_planar needs no padded copy of the image. The kernel's gradient does: it is faster without padding.
    const bool planar = planar_pays(g, x->dtype) && !tape.needs_grad({x, kernel, bias});
    if (g.padded() && channels < few_channels && !tape.on_gpu() && !planar) {
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
    ConvGeometry g = transposed_geometry("conv_transpose", x->shape, kernel->shape, steps, out);
    g.mixed = x->dtype == DType::bf16;
    check_bias("conv_transpose", x, bias, g.C);
    if (!is_fusable(act, alpha))
        return activation_after(tape, conv_transpose(tape, x, kernel, bias, steps, out), act, alpha);
    Tensor y = tape.empty(g.x_shape(spatial), x->dtype);
    emit_input_gradient(tape, g, x, kernel, bias, {y, false}, act, alpha);
    if (tape.needs_grad({x, kernel, bias})) on_backward_of_conv(tape, true, g, steps, x, kernel, bias, y, act, alpha);
    return y;
}

}  // namespace netlet::ops
