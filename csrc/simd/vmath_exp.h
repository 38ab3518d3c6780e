// exp, expm1, sigmoid, tanh: one reduction, one polynomial, four ways to finish.
//
//   x = n ln 2 + r,  |r| <= ln(2)/2         n integral, ln 2 in two parts so that n * ln2_hi is exact (Cody & Waite)
//   e^x = 2^n (1 + r + t),  t = r^2 q(r)    q minimax over the interval (tools/minimax.py exp32, exp64)
//
// The error of 1 + r + t is almost only that of its last addition, because r is exact to a quarter ULP and t is small.
// The three functions that go on computing with e^x keep that addition's error as a second word.
#pragma once
#include "simd/vec_widen.h"
#include "simd/vmath_common.h"

namespace netlet::NETLET_ISA {

// q: relative error of e^x 2^-28.2 (float), 2^-57.8 (double).
NETLET_INLINE Vec<float> exp_q(Vec<float> r) {
    return poly(r, 0.49999993632f, 0.16666521906f, 0.04166836367f, 0.0083686049199f, 0.0013815267704f);
}
NETLET_INLINE Vec<double> exp_q(Vec<double> r) {
    return poly(r, 0.50000000000000091825, 0.16666666666666421863, 0.041666666666540253035, 0.0083333333334921982553,
                0.0013888888941331824141, 0.00019841269506124287933, 0.000024801495213768668787,
                2.7557590142063324918e-6, 2.7629567257889801481e-7, 2.4998092498337092794e-8);
}

// e^(x + x_lo) = 2^n (1 + r + t), for x already clamped to the range where n is usable.
template <class V>
struct ExpParts {
    V n, r, t;
};
template <class V>
NETLET_INLINE ExpParts<V> exp_parts(V x, V x_lo = V::zero()) {
    // ln2_hi has 15 (float) or 33 (double, from fdlibm) significant bits.
    const V log2e = constant<V>(1.44269504f, 1.44269504088896338700);
    const V ln2_hi = constant<V>(0x1.62e4p-1f, 6.93147180369123816490e-01);
    const V ln2_lo = constant<V>(1.42860677e-6f, 1.90821492927058770002e-10);
    V n = round_even(x * log2e);
    V a = fnma(n, ln2_hi, x);
    V r = fnma(n, ln2_lo, a);
    V r_lo = fnma(n, ln2_lo, a - r) + x_lo;  // what the line above rounded away
    return {n, r, fma(r * r, exp_q(r), r_lo)};
}

// Beyond these e^x is 0 or infinity; inside, n fits. A NaN stays.
template <class V>
NETLET_INLINE V exp_clamp(V x) {
    const V low = constant<V>(-104, -746), high = constant<V>(89, 710);
    return select(lt(x, low), low, select(gt(x, high), high, x));
}

// 0.53 ULP float, 0.52 ULP double, subnormal results included.
template <class V>
NETLET_INLINE V exp(V x) {
    ExpParts<V> p = exp_parts(exp_clamp(x));
    return scale_by_pow2(V::set1(1) + (p.r + p.t), p.n);
}

// e^x - 1 = (2^n - 1 + 2^n r) + 2^n t as a pair; x clamped by the caller to where 2^n is finite.
template <class V>
NETLET_INLINE Pair<V> expm1_pair(V x) {
    ExpParts<V> p = exp_parts(x);
    V s = pow2(p.n);
    Pair<V> sum = fast_two_sum(s - V::set1(1), s * p.r);  // n = 0: 0 + r
    sum.lo = fma(s, p.t, sum.lo);
    return sum;
}

template <class V>
NETLET_INLINE V expm1(V x) {
    const V low = constant<V>(-18, -38), high = constant<V>(88, 709);
    V c = select(lt(x, low), low, select(gt(x, high), high, x));
    Pair<V> e = expm1_pair(c);
    // Above `high` 2^n alone overflows: there e^x - 1 is e^x.
    V y = select(gt(x, high), exp(x), e.hi + e.lo);
    return select(eq(x, V::zero()), x, y);  // -0
}

// tanh |x| = E / (E + 2), E = expm1(2|x|). The quotient y is corrected by its remainder, E - y (E + 2), times
// 1 / (E + 2) = (1 - y) / 2.
template <class V>
NETLET_INLINE V tanh(V x) {
    const V two = V::set1(2), saturated = constant<V>(10, 20);
    V a = abs(x);
    a = select(gt(a, saturated), saturated, a);
    Pair<V> e = expm1_pair(a + a);
    Pair<V> d = two_sum(e.hi, two);
    d.lo = d.lo + e.lo;
    V y = e.hi / d.hi;
    V rest = (e.lo - product_minus(y, d.hi, e.hi)) - y * d.lo;
    y = fma(rest * V::set1((typename V::Scalar)0.5), V::set1(1) - y, y);
    return copysign(y, x);
}

// sigmoid x = E / (1 + E), E = e^x, for x < 0; 1 / (1 + E), E = e^-x, for x >= 0: never a difference. Corrected by
// the remainder as in tanh; 1 / (1 + E) is 1 - y for x < 0 and y for x >= 0.
template <class V>
NETLET_INLINE V sigmoid(V x) {
    const V one = V::set1(1), low = constant<V>(-104, -746);
    V z = -abs(x);
    z = select(lt(z, low), low, z);
    ExpParts<V> p = exp_parts(z);
    Pair<V> m = fast_two_sum(one, p.r);
    V hi = scale_by_pow2(m.hi, p.n), lo = scale_by_pow2(m.lo + p.t, p.n);
    Pair<V> d = fast_two_sum(one, hi);
    d.lo = d.lo + lo;
    typename V::Mask negative = lt(x, V::zero());
    V top = select(negative, hi, one);
    V y = top / d.hi;
    V rest = (select(negative, lo, V::zero()) - product_minus(y, d.hi, top)) - y * d.lo;
    return fma(rest, select(negative, one - y, y), y);
}

#if defined(NETLET_VEC_SCALAR)
NETLET_FLOAT_VIA_DOUBLE(exp)
NETLET_FLOAT_VIA_DOUBLE(expm1)
NETLET_FLOAT_VIA_DOUBLE(tanh)
NETLET_FLOAT_VIA_DOUBLE(sigmoid)
#endif

}  // namespace netlet::NETLET_ISA
