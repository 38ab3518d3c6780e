// f'(x) of every activation as differentiable ops, for higher-order gradients. activation_and_slope.h has the same
// formulas for the kernels.
#include "ops/activation/activation.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher_order/higher_order.h"

namespace netlet::ops {

namespace {

// Shorthands for the formulas below.
struct Formula {
    Tape& tape;
    Tensor of(Activation act, const Tensor& x) const { return activation(tape, x, act); }
    Tensor of(UnaryOp op, const Tensor& x) const { return unary(tape, op, x); }
    Tensor times(const Tensor& a, const Tensor& b) const { return multiply(tape, a, b); }
    Tensor plus(const Tensor& a, const Tensor& b) const { return add(tape, a, b); }
    Tensor line(const Tensor& x, double scale, double shift = 0) const { return affine(tape, x, scale, shift); }
    Tensor square(const Tensor& x) const { return of(UnaryOp::square, x); }
    Tensor above(const Tensor& x, double limit) const { return indicator(tape, CompareOp::greater, x, limit); }
    Tensor below(const Tensor& x, double limit) const { return indicator(tape, CompareOp::less, x, limit); }
    Tensor within(const Tensor& x, double limit) const { return below(of(UnaryOp::abs, x), limit); }
    // e^(x / width) for x <= 0. For x > 0, where callers ignore it, it is 1 and does not overflow.
    Tensor falling_exp(const Tensor& x, double width = 1) const {
        return of(UnaryOp::exp, line(minimum(tape, x, constant(0, x->dtype)), 1 / width));
    }
    // `scale` where x > 0, else `other`.
    Tensor right_of_zero(const Tensor& x, double scale, const Tensor& other) const {
        return where(tape, compare(tape, CompareOp::greater, x, constant(0, x->dtype)), constant(scale, x->dtype),
                     other);
    }
};

}  // namespace

Tensor activation_slope(Tape& tape, Activation act, const ActivationParams& p, const Tensor& x, const Tensor& y) {
    const Formula f{tape};
    switch (act) {
        case Activation::linear: return constant(1, x->dtype);
        case Activation::relu: return f.above(x, 0);
        case Activation::leaky_relu: return f.line(f.above(x, 0), 1 - p.alpha, p.alpha);
        case Activation::sigmoid: return f.times(y, f.line(y, -1, 1));
        case Activation::tanh: return f.line(f.square(y), -1, 1);
        case Activation::elu: return f.right_of_zero(x, 1, f.line(f.falling_exp(x), p.alpha));
        case Activation::exponential: return y;
        case Activation::relu6: return f.times(f.above(x, 0), f.below(x, 6));
        case Activation::relu_general: {
            const Tensor above = f.above(x, p.gamma);
            return f.plus(f.times(above, f.below(x, p.beta)), f.line(above, -p.alpha, p.alpha));
        }
        case Activation::selu: {
            constexpr double scale = 1.0507009873554804934, scale_alpha = 1.7580993408473766;
            return f.right_of_zero(x, scale, f.line(f.falling_exp(x), scale_alpha));
        }
        case Activation::celu: return f.right_of_zero(x, 1, f.falling_exp(x, p.alpha));
        case Activation::gelu: {  // Phi(x) + x phi(x)
            constexpr double one_over_sqrt_2 = 0.70710678118654752, one_over_sqrt_2_pi = 0.3989422804014327;
            const Tensor cdf = f.line(f.of(UnaryOp::erf, f.line(x, one_over_sqrt_2)), 0.5, 0.5);
            const Tensor density = f.line(f.of(UnaryOp::exp, f.line(f.square(x), -0.5)), one_over_sqrt_2_pi);
            return f.plus(cdf, f.times(x, density));
        }
        case Activation::gelu_tanh: {  // s + x s' (c1 + 3 c3 x^2), s = sigmoid(c1 x + c3 x^3)
            constexpr double c1 = 1.5957691216057307, c3 = 0.071354816272600249;
            const Tensor near = clip(tape, x, -50, 50), square = f.square(near);  // beyond, s is 0 or 1
            const Tensor s = f.of(Activation::sigmoid, f.times(near, f.line(square, c3, c1)));
            const Tensor rise = f.times(f.times(s, f.line(s, -1, 1)), f.line(square, 3 * c3, c1));
            return f.plus(s, f.times(near, rise));
        }
        case Activation::silu: {  // s + x s (1 - s)
            const Tensor s = f.of(Activation::sigmoid, x);
            return f.plus(s, f.times(f.times(x, s), f.line(s, -1, 1)));
        }
        case Activation::softplus: return f.of(Activation::sigmoid, x);
        case Activation::softsign: return f.of(UnaryOp::reciprocal, f.square(f.line(f.of(UnaryOp::abs, x), 1, 1)));
        case Activation::mish: {  // t + x (1 - t^2) sigmoid(x), t = tanh(softplus(x))
            const Tensor t = f.of(Activation::tanh, f.of(Activation::softplus, x));
            return f.plus(t, f.times(f.times(x, f.line(f.square(t), -1, 1)), f.of(Activation::sigmoid, x)));
        }
        case Activation::hard_sigmoid: return f.line(f.within(x, 3), 1.0 / 6);
        case Activation::hard_silu: {
            const Tensor inside = f.within(x, 3);
            return f.plus(f.times(inside, f.line(x, 1.0 / 3, 0.5)), f.times(f.line(inside, -1, 1), f.above(x, 0)));
        }
        case Activation::log_sigmoid: return f.of(Activation::sigmoid, negative(tape, x));
        case Activation::hard_tanh: return f.within(x, 1);
        case Activation::hard_shrink:
        case Activation::soft_shrink: return f.above(f.of(UnaryOp::abs, x), p.alpha);
        case Activation::tanh_shrink: return f.square(f.of(Activation::tanh, x));
        case Activation::threshold: return f.above(x, p.alpha);
        case Activation::sparse_plus: return clip(tape, f.line(x, 0.5, 0.5), 0, 1);
        case Activation::sparse_sigmoid: return f.line(f.within(x, 1), 0.5);
        case Activation::squareplus:
            return f.line(f.times(x, f.of(UnaryOp::rsqrt, f.line(f.square(x), 1, p.alpha))), 0.5, 0.5);
    }
    throw RuntimeError("activation_slope: unknown activation");
}

}  // namespace netlet::ops
