// f(t, x) of each pointwise loss and its slope df/dx, written as in Keras's losses.py.
#pragma once
#include "ops/loss/loss_sums.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

template <class V>
NETLET_INLINE V sign(V x) {  // sign(0) = 0, sign(NaN) = NaN
    return select(gt(x, V::zero()), V::set1(1), select(lt(x, V::zero()), V::set1(-1), x));
}
template <class V>
NETLET_INLINE V max_slope(V x, V low) {  // of max(x, low)
    return select(gt(x, low), V::set1(1), select(eq(x, low), V::set1((typename V::Scalar)0.5), V::zero()));
}

// The constants of a loss, and its two functions.
template <class V, Pointwise kind>
struct PointwiseLoss {
    using T = typename V::Scalar;
    V delta, epsilon, high, keep, add;

    explicit NETLET_MEMBER_INLINE PointwiseLoss(const PointwiseArgs<T>& a)
        : delta(V::set1((T)a.delta)),
          epsilon(V::set1((T)a.epsilon)),
          high(V::set1((T)(1 - a.epsilon))),
          keep(V::set1((T)(1 - a.smoothing))),
          add(V::set1((T)(0.5 * a.smoothing))) {}

    NETLET_MEMBER_INLINE V value(V t, V x) const {
        const V one = V::set1(1), half = V::set1(T(0.5));
        if constexpr (kind == Pointwise::squared_error) {
            const V e = t - x;
            return e * e;
        } else if constexpr (kind == Pointwise::absolute_error) {
            return abs(t - x);
        } else if constexpr (kind == Pointwise::huber) {
            const V e = abs(x - t);
            return select(le(e, delta), half * (e * e), delta * e - half * (delta * delta));
        } else if constexpr (kind == Pointwise::log_cosh) {
            const V e = x - t;
            return e + softplus(e * V::set1(-2)) - V::set1((T)0.693147180559945309417232);
        } else if constexpr (kind == Pointwise::absolute_percentage_error) {
            return V::set1(100) * abs((t - x) / max(abs(t), epsilon));
        } else if constexpr (kind == Pointwise::squared_logarithmic_error) {
            const V e = log(max(x, epsilon) + one) - log(max(t, epsilon) + one);
            return e * e;
        } else if constexpr (kind == Pointwise::poisson) {
            return x - t * log(x + epsilon);
        } else if constexpr (kind == Pointwise::kl_divergence) {
            const V c = min(max(t, epsilon), one);
            return c * log(c / min(max(x, epsilon), one));
        } else if constexpr (kind == Pointwise::binary_crossentropy) {
            const V c = min(max(x, epsilon), high), s = t * keep + add;
            return -(s * log(c) + (one - s) * log(one - c));
        } else if constexpr (kind == Pointwise::binary_crossentropy_logits) {
            // log(1 + e^x) - t x = log(1 + e^-|x|) + |x| wrong, where wrong is 1 - t if x > 0, else t. An infinite
            // logit of the right sign costs nothing: infinity times 0 is 0 here.
            const V s = t * keep + add, wrong = select(gt(x, V::zero()), one - s, s);
            const V far = select(eq(wrong, V::zero()), V::zero(), abs(x) * wrong);
            return far + log1p(exp(-abs(x)));
        } else if constexpr (kind == Pointwise::hinge) {
            return max(one - t * x, V::zero());
        } else {
            const V e = max(one - t * x, V::zero());
            return e * e;
        }
    }

    NETLET_MEMBER_INLINE V slope(V t, V x) const {
        const V one = V::set1(1), two = V::set1(2);
        if constexpr (kind == Pointwise::squared_error) {
            return two * (x - t);
        } else if constexpr (kind == Pointwise::absolute_error) {
            return sign(x - t);
        } else if constexpr (kind == Pointwise::huber) {
            const V e = x - t;
            return select(le(abs(e), delta), e, delta * sign(e));
        } else if constexpr (kind == Pointwise::log_cosh) {
            return tanh(x - t);
        } else if constexpr (kind == Pointwise::absolute_percentage_error) {
            return V::set1(100) * sign(x - t) / max(abs(t), epsilon);
        } else if constexpr (kind == Pointwise::squared_logarithmic_error) {
            const V c = max(x, epsilon) + one;
            return two * (log(c) - log(max(t, epsilon) + one)) / c * max_slope(x, epsilon);
        } else if constexpr (kind == Pointwise::poisson) {
            return one - t / (x + epsilon);
        } else if constexpr (kind == Pointwise::kl_divergence) {
            return -min(max(t, epsilon), one) / min(max(x, epsilon), one) * clip_slope(x, epsilon, one);
        } else if constexpr (kind == Pointwise::binary_crossentropy) {
            const V c = min(max(x, epsilon), high), s = t * keep + add;
            return ((one - s) / (one - c) - s / c) * clip_slope(x, epsilon, high);
        } else if constexpr (kind == Pointwise::binary_crossentropy_logits) {
            return sigmoid(x) - (t * keep + add);
        } else if constexpr (kind == Pointwise::hinge) {
            return -t * max_slope(one - t * x, V::zero());
        } else {
            const V e = one - t * x;
            return -two * max(e, V::zero()) * t;
        }
    }
};

}  // namespace netlet::NETLET_ISA
