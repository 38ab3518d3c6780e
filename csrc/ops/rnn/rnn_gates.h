// The two activations of a cell on one vector. Keras's defaults are compile-time constants, so that a loop over gates
// has no branches and no calls. All other activations are called.
#pragma once
#include "ops/activation/fusable_activations.h"
#include "ops/rnn/rnn_args.h"
#include "simd/each_vector.h"
#include "simd/vmath_gates.h"

namespace netlet::NETLET_ISA {

#if defined(NETLET_VEC_THREAD)
#define NETLET_GATE_CALL NETLET_INLINE
#else
#define NETLET_GATE_CALL NETLET_NOINLINE static
#endif

template <class V>
NETLET_GATE_CALL V any_activation(Activation act, V x) {
    using S = typename V::Scalar;
    if (act == Activation::hard_sigmoid)
        return clip(fma(x, V::set1((S)(1.0 / 6)), V::set1((S)0.5)), V::zero(), V::set1(1));
    return activate(act, x, (S)1);
}

// dy f'(x), computed from y = f(x).
template <class V>
NETLET_GATE_CALL V any_slope(Activation act, V y, V dy) {
    using S = typename V::Scalar;
    if (act == Activation::hard_sigmoid)
        return select(gt(y, V::zero()) & lt(y, V::set1(1)), dy * V::set1((S)(1.0 / 6)), V::zero());
    return activation_gradient_from_output(act, y, dy, (S)1);
}

template <bool standard>
struct Gates {
    Activation act, rec;

    template <class V> NETLET_MEMBER_INLINE V activation(V x) const {
        if constexpr (standard) return gate_tanh(x);
        return any_activation(act, x);
    }
    template <class V> NETLET_MEMBER_INLINE V gate(V x) const {
        if constexpr (standard) return gate_sigmoid(x);
        return any_activation(rec, x);
    }
    template <class V> NETLET_MEMBER_INLINE V activation_slope(V y, V dy) const {
        if constexpr (standard) return activation_gradient_from_output(Activation::tanh, y, dy, 0);
        return any_slope(act, y, dy);
    }
    template <class V> NETLET_MEMBER_INLINE V gate_slope(V y, V dy) const {
        if constexpr (standard) return activation_gradient_from_output(Activation::sigmoid, y, dy, 0);
        return any_slope(rec, y, dy);
    }
};

NETLET_INLINE bool is_standard(RnnKind kind, Activation act, Activation rec) {
    return act == Activation::tanh && (kind == RnnKind::simple_rnn || rec == Activation::sigmoid);
}

}  // namespace netlet::NETLET_ISA
