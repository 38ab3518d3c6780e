// exp, expm1, sigmoid, tanh. They share one range reduction and one polynomial.
//
//   x = n ln 2 + r,  |r| <= ln(2)/2         n integral, ln 2 in two parts so that n * ln2_hi is exact (Cody & Waite)
//   e^x = 2^n (1 + r + t),  t = r^2 q(r)    q minimax over the interval (tools/minimax.py exp32, exp64)
//
// Errors of float are the worst over all 2^32 inputs, those of double the worst seen in a sample of every binade.
//
// Almost all of the error of 1 + r + t is that of its last addition, because r is exact to a quarter ULP and t is
// small. expm1, sigmoid and tanh, which compute further with e^x, carry the error of that addition as a second word.
#pragma once
#include "simd/vec_widen.h"
#include "simd/vmath_common.h"

namespace netlet::NETLET_ISA {

// Relative error of 1 + r + r^2 q: 2^-34.1 (float), 2^-63.9 (double).
NETLET_INLINE Vec<float> exp_q(Vec<float> r) {
    return poly(r, 0.50000000645f, 0.16666665862f, 0.041666302703f, 0.008333500036f, 0.00139442291f, 0.00019788255475f);
}
NETLET_INLINE Vec<double> exp_q(Vec<double> r) {
    return poly(r, 0.50000000000000000376, 0.16666666666666682276, 0.041666666666666139514, 0.0083333333333177148998,
                0.0013888888889104794792, 0.00019841269894995661365, 0.000024801586937620717609,
                2.7557236039819214116e-6, 2.7557577299468311199e-7, 2.5111680585796778745e-8, 2.0827127414560098519e-9);
}

// e^x = 2^n (1 + r + t), for x already clamped to the range where n is usable.
template <class V>
struct ExpParts {
    V n, r, t;
};

// x = n ln 2 + r + r_lo; ln2_hi has 15 (float) or 33 (double, from fdlibm) significant bits.
template <class V>
NETLET_INLINE V exp_reduce(V x, V& r, V& r_lo) {
    const V ln2_hi = constant<V>(0x1.62e4p-1f, 6.93147180369123816490e-01);
    const V ln2_lo = constant<V>(1.42860677e-6f, 1.90821492927058770002e-10);
    V n = round_even(x * constant<V>(1.44269504f, 1.44269504088896338700));
    V a = fnma(n, ln2_hi, x);
    r = fnma(n, ln2_lo, a);
    r_lo = fnma(n, ln2_lo, a - r);  // the rounding error of the line above
    return n;
}
template <class V>
NETLET_INLINE ExpParts<V> exp_parts(V x) {
    V r, r_lo, n = exp_reduce(x, r, r_lo);
    return {n, r, fma(r * r, exp_q(r), r_lo)};
}
// The same for x + x_lo, |x_lo| <= ulp(x). One ULP of x is many ULPs of r when n is large.
template <class V>
NETLET_INLINE ExpParts<V> exp_parts(V x, V x_lo) {
    V r, r_lo, n = exp_reduce(x, r, r_lo);
    Pair<V> s = two_sum(r, r_lo + x_lo);
    return {n, s.hi, fma(s.hi * s.hi, exp_q(s.hi), s.lo)};
}

// 1 + r + t with only one significant rounding: for functions that amplify exp's last error or need a smaller one.
template <class V>
NETLET_INLINE V one_plus(V r, V t) {
    Pair<V> m = fast_two_sum(V::set1(1), r);
    return m.hi + (m.lo + t);
}

// Limits x to the range in which n fits; beyond it e^x is 0 or infinity. NaN stays NaN.
template <class V>
NETLET_INLINE V exp_clamp(V x) {
    return clip(x, constant<V>(-104, -746), constant<V>(89, 710));
}

// Float 0.86 ULP, double 0.85, subnormal results included.
template <class V>
NETLET_INLINE V exp(V x) {
    ExpParts<V> p = exp_parts(exp_clamp(x));
    return (V::set1(1) + (p.r + p.t)) * Pow2<V>(p.n);
}

// 2^x = 2^n e^((x - n) ln 2); x - n is exact. Double 0.9 ULP; float, computed in double, 0.501.
NETLET_INLINE Vec<double> exp2(Vec<double> x) {
    using V = Vec<double>;
    x = clip(x, V::set1(-1080), V::set1(1025));
    V n = round_even(x), f = x - n;
    const V ln2 = V::set1(0.693147180559945286227), ln2_lo = V::set1(2.319046813846299558e-17);
    V r = f * ln2, r_lo = fma(f, ln2_lo, product_minus(f, ln2, r));
    return (V::set1(1) + (r + fma(r * r, exp_q(r), r_lo))) * Pow2<V>(n);
}
NETLET_FLOAT_VIA_DOUBLE(exp2)

// e^x - 1 = 2^n - 1 + 2^n r + 2^n t as a pair. The caller clamps x so that 2^n is finite and n >= -60.
// t is far larger than an ULP, hence the last of the three sums.
template <class V>
NETLET_INLINE Pair<V> expm1_pair(V x) {
    ExpParts<V> p = exp_parts(x);
    V s = pow2(p.n);
    Pair<V> base = fast_two_sum(s, V::set1(-1));
    Pair<V> sum = fast_two_sum(base.hi, s * p.r);
    return fast_two_sum(sum.hi, sum.lo + fma(s, p.t, base.lo));
}

// Float 0.87 ULP, double 1.1.
template <class V>
NETLET_INLINE V expm1(V x) {
    const V high = constant<V>(88, 709);
    Pair<V> e = expm1_pair(clip(x, constant<V>(-18, -38), high));
    // Above `high` 2^n overflows on its own; there e^x - 1 rounds to e^x.
    V y = select(gt(x, high), exp(x), e.hi + e.lo);
    return select(eq(x, V::zero()), x, y);  // keeps -0
}

// tanh a = (e^2a - 1) / (e^2a + 1) for a = |x|. With e^2a = 2^n (1 + r + t) and i = 2^-n,
//
//   tanh a = ((1 - i) + r + t) / ((1 + i) + r + t)
//
// Every sum except those with t carries its rounding error. The remainder of the quotient, computed from these exact
// parts, is added back. Float 0.85 ULP, double 0.96.
template <class V>
NETLET_INLINE V tanh(V x) {
    const V one = V::set1(1);
    V a = at_most(abs(x), constant<V>(9.1f, 19.1));
    ExpParts<V> p = exp_parts(a + a);
    V i = pow2(-p.n);
    Pair<V> less = fast_two_sum(one, -i), more = fast_two_sum(one, i);
    Pair<V> top = fast_two_sum(less.hi, p.r), bottom = fast_two_sum(more.hi, p.r);
    top.lo = (top.lo + less.lo) + p.t;
    bottom.lo = (bottom.lo + more.lo) + p.t;
    V inverse = one / (bottom.hi + bottom.lo);
    V y = (top.hi + top.lo) * inverse;
    V rest = fnma(y, bottom.lo, top.lo) - product_minus(y, bottom.hi, top.hi);
    return copysign(fma(rest, inverse, y), x);
}

// sigmoid x = y unit. `unit` is 1, or a power of 2 that keeps y normal where sigmoid x is subnormal.
template <class V>
struct ScaledSigmoid {
    V y, unit;
};

// E / (1 + E), E = e^x, for x < 0; 1 / (1 + E), E = e^-x, for x >= 0. Nearly equal numbers are never subtracted.
template <class V>
NETLET_INLINE ScaledSigmoid<V> scaled_sigmoid(V x) {
    const V one = V::set1(1);
    ExpParts<V> p = exp_parts(at_least(-abs(x), constant<V>(-110, -800)));
    // Beyond this E + 1 rounds to 1 even after E is scaled up by 2^64 (double: 2^512).
    typename V::Mask deep = gt(abs(x), constant<V>(64, 600)), negative = lt(x, V::zero());
    V scale = pow2(p.n + select(deep, constant<V>(64, 512), V::zero()));
    Pair<V> m = fast_two_sum(one, p.r);
    m = fast_two_sum(m.hi, m.lo + p.t);
    V hi = m.hi * scale, lo = m.lo * scale;
    Pair<V> d = fast_two_sum(one, hi);
    d.lo = d.lo + lo;
    V top = select(negative, hi, one), top_lo = select(negative, lo, V::zero());
    V inverse = one / d.hi;
    V y = top * inverse;
    V rest = fnma(y, d.lo, top_lo) - product_minus(y, d.hi, top);
    return {fma(rest, inverse, y), select(deep & negative, constant<V>(0x1p-64f, 0x1p-512), one)};
}

// Float 0.78 ULP, double 0.75; subnormal results included.
template <class V>
NETLET_INLINE V sigmoid(V x) {
    ScaledSigmoid<V> s = scaled_sigmoid(x);
    return s.y * s.unit;
}

// x sigmoid x. Where sigmoid x is 0, x * 0 gives a zero of the right sign, and NaN for -inf. 1.5 ULP.
template <class V>
NETLET_INLINE V silu(V x) {
    ScaledSigmoid<V> s = scaled_sigmoid(x);
    return select(lt(x, constant<V>(-120, -800)), x * V::zero(), (x * s.y) * s.unit);
}

#if defined(NETLET_VEC_SCALAR)
NETLET_FLOAT_VIA_DOUBLE(exp)
NETLET_FLOAT_VIA_DOUBLE(expm1)
NETLET_FLOAT_VIA_DOUBLE(tanh)
NETLET_FLOAT_VIA_DOUBLE(sigmoid)
NETLET_FLOAT_VIA_DOUBLE(silu)
#endif

}  // namespace netlet::NETLET_ISA
