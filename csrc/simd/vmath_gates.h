// sigmoid and tanh for the gates of recurrent layers, where an LSTM spends a quarter of its time. They take half the
// work of the functions in vmath_exp.h, which carry results in two words until the last rounding: here each step
// rounds to one.
//
//   e^x = 2^n (1 + p), p = r + r^2 q(r)
//   sigmoid x = 1 / (1 + e^-x)
//   tanh x = E / (E + 2), E = e^2x - 1 = (2^n - 1) + 2^n p, which is accurate to the last bits near 0
//
// Float 2.5 ULP (sigmoid), 4 ULP (tanh), where sigmoid x is normal; the smallest sigmoid is e^-88. NaN stays NaN.
#pragma once
#include "simd/vmath_exp.h"

namespace netlet::NETLET_ISA {

template <class V>
struct GateExp {
    V p, unit;  // e^x = unit (1 + p)
};

// For |x| <= 88 (float), 709 (double); 2^n counts as 0 where it is subnormal.
template <class V>
NETLET_INLINE GateExp<V> gate_exp(V x) {
    V r, unused, n = exp_reduce(x, r, unused);
    return {fma(r * r, exp_q(r), r), pow2(n)};
}

template <class V>
NETLET_INLINE V gate_sigmoid(V x) {
    const V limit = constant<V>(88, 709), one = V::set1(1);
    const GateExp<V> e = gate_exp(clip(-x, -limit, limit));
    return one / (one + fma(e.unit, e.p, e.unit));
}

template <class V>
NETLET_INLINE V gate_tanh(V x) {
    const V limit = constant<V>(20, 42), one = V::set1(1);  // of 2x: beyond it tanh x is 1
    const GateExp<V> e = gate_exp(clip(x + x, -limit, limit));
    const V less = fma(e.unit, e.p, e.unit - one);
    return less / (less + V::set1(2));
}

}  // namespace netlet::NETLET_ISA
