// Every activation and its derivative on one vector. `act` is a constant at each call, so the compiler removes the
// switch and whichever of the two results the caller does not use.
#pragma once
#include "ops/activation/fusable_activations.h"

namespace netlet::NETLET_ISA {

template <class V>
struct ValueAndSlope {
    V y, slope;  // f(x), f'(x)
};

template <class V>
struct ActivationVectors {
    V alpha, beta, gamma;
};

template <class V>
NETLET_INLINE ValueAndSlope<V> activation_and_slope(Activation act, V x, const ActivationVectors<V>& p) {
    using S = typename V::Scalar;
    const V zero = V::zero(), one = V::set1(1), half = V::set1((S)0.5), two = V::set1(2);
    const typename V::Mask positive = gt(x, zero);
    auto with = [](double c) { return V::set1((S)c); };
    switch (act) {
        case Activation::linear: return {x, one};
        case Activation::relu: return {at_least(x, zero), select(positive, one, zero)};
        case Activation::leaky_relu: return {select(positive, x, p.alpha * x), select(positive, one, p.alpha)};
        case Activation::sigmoid: {
            V y = sigmoid(x);
            return {y, y * sigmoid(-x)};
        }
        case Activation::tanh: {
            V y = tanh(x);
            return {y, (one - y) * (one + y)};
        }
        case Activation::elu: return {select(positive, x, p.alpha * expm1(x)), select(positive, one, p.alpha * exp(x))};
        case Activation::exponential: {
            V y = exp(x);
            return {y, y};
        }
        case Activation::relu6: return {clip(x, zero, with(6)), select(positive & lt(x, with(6)), one, zero)};
        case Activation::relu_general: {
            typename V::Mask above = gt(x, p.gamma);
            V below = select(eq(p.alpha, zero), zero, p.alpha * (x - p.gamma));  // alpha = 0 would give 0 * -inf
            V y = select(above, select(lt(x, p.beta), x, p.beta), below);
            return {select(is_nan(x), x, y), select(above, select(lt(x, p.beta), one, zero), p.alpha)};
        }
        case Activation::selu: {
            const V scale = with(1.0507009873554804934), scale_alpha = with(1.7580993408473766);
            return {select(positive, scale * x, scale_alpha * expm1(x)), select(positive, scale, scale_alpha * exp(x))};
        }
        case Activation::celu: {
            V t = x / p.alpha;
            return {select(positive, x, p.alpha * expm1(t)), select(positive, one, exp(t))};
        }
        case Activation::gelu: {
            Normal<V> n = normal(x);
            return {gelu(x), fma(x, n.density, n.cdf)};
        }
        case Activation::gelu_tanh: {
            // 2 sqrt(2/pi) and its product with 0.044715
            const V c1 = with(1.5957691216057307), c3 = with(0.071354816272600249);
            V near = clip(x, with(-50), with(50));  // beyond, s is 0 or 1 and inf * 0 would be NaN
            V square = near * near;
            V s = sigmoid(near * fma(c3, square, c1));
            V inner = fma(c3 * V::set1(3), square, c1);
            return {x * s, fma(near * inner, s * (one - s), s)};
        }
        case Activation::silu: {
            V s = sigmoid(x);
            return {silu(x), s * fma(x, one - s, one)};
        }
        case Activation::softplus: return {softplus(x), sigmoid(x)};
        case Activation::softsign: {
            const V huge = with(1e30);  // without the clip, inf / inf
            V d = one + abs(x), finite = clip(x, -huge, huge);
            return {finite / (one + abs(finite)), one / (d * d)};
        }
        case Activation::mish: {
            // tanh(log(1 + e)) = w / (w + 2) with w = e (e + 2), e = e^x. From x = 20 on it is 1.
            V e = exp(at_most(x, with(20)));
            V w = e * (e + two), d = w + two;
            return {x * (w / d), fma(x, V::set1(4) * e * (e + one) / (d * d), w / d)};
        }
        case Activation::hard_sigmoid: {
            const V sixth = with(1.0 / 6);
            return {clip(fma(x, sixth, half), zero, one), select(lt(abs(x), with(3)), sixth, zero)};
        }
        case Activation::hard_silu: {
            const V sixth = with(1.0 / 6);
            V inside = fma(x, with(1.0 / 3), half);
            return {x * clip(fma(x, sixth, half), zero, one),
                    select(lt(abs(x), with(3)), inside, select(positive, one, zero))};
        }
        case Activation::log_sigmoid: return {log_sigmoid(x), sigmoid(-x)};
        case Activation::hard_tanh: return {clip(x, -one, one), select(lt(abs(x), one), one, zero)};
        case Activation::hard_shrink: {
            typename V::Mask inside = le(abs(x), p.alpha);
            return {select(inside, zero, x), select(inside, zero, one)};
        }
        case Activation::soft_shrink: {
            typename V::Mask inside = le(abs(x), p.alpha);
            return {select(inside, zero, x - copysign(p.alpha, x)), select(inside, zero, one)};
        }
        case Activation::tanh_shrink: {
            V t = tanh(x);
            return {x - t, t * t};
        }
        case Activation::threshold: {
            typename V::Mask below = le(x, p.alpha);
            return {select(below, p.beta, x), select(below, zero, one)};
        }
        case Activation::sparse_plus: {
            V t = x + one;
            V y = select(lt(x, one), t * t * with(0.25), x), slope = select(lt(x, one), half * t, one);
            return {select(le(x, -one), zero, y), select(le(x, -one), zero, slope)};
        }
        case Activation::sparse_sigmoid:
            return {clip(half * (x + one), zero, one), select(lt(abs(x), one), half, zero)};
        case Activation::squareplus: {
            // For x < 0, x + s cancels, so y is computed from (x + s) (s - x) = alpha. Beyond 1e15, s is |x| and x^2
            // may overflow.
            V a = abs(x);
            V s = select(gt(a, with(1e15)), a, sqrt(fma(x, x, p.alpha)));
            return {select(positive, fma(half, x, half * s), half * p.alpha / (s - x)), half * (one + x / s)};
        }
    }
    return {x, one};
}

}  // namespace netlet::NETLET_ISA
