// The fusable activations and their derivatives on one vector. Callers pass a constant `act`, or switch on it outside
// the loop: a switch inside the loop would cost more than most activations.
#pragma once
#include "ops/activation/activation_args.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

template <class V>
NETLET_INLINE V activate(Activation act, V x, typename V::Scalar alpha) {
    const V zero = V::zero();
    switch (act) {
        case Activation::relu: return at_least(x, zero);
        case Activation::leaky_relu: return select(gt(x, zero), x, x * V::set1(alpha));
        case Activation::sigmoid: return sigmoid(x);
        case Activation::tanh: return tanh(x);
        case Activation::elu: return select(gt(x, zero), x, V::set1(alpha) * expm1(x));
        case Activation::exponential: return exp(x);
        case Activation::relu6: return clip(x, zero, V::set1(6));
        default: return x;
    }
}

// dy f'(x), computed from y = f(x). Requires alpha >= 0, so that y has the sign of x.
template <class V>
NETLET_INLINE V activation_gradient_from_output(Activation act, V y, V dy, typename V::Scalar alpha) {
    const V zero = V::zero(), one = V::set1(1);
    switch (act) {
        case Activation::relu: return select(gt(y, zero), dy, zero);
        case Activation::leaky_relu: return select(gt(y, zero), dy, dy * V::set1(alpha));
        case Activation::sigmoid: return dy * (y * (one - y));
        case Activation::tanh: return dy * ((one - y) * (one + y));
        case Activation::elu: return select(gt(y, zero), dy, dy * (y + V::set1(alpha)));
        case Activation::exponential: return dy * y;
        case Activation::relu6: return select(gt(y, zero) & lt(y, V::set1(6)), dy, zero);
        default: return dy;
    }
}

}  // namespace netlet::NETLET_ISA
