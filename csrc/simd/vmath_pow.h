// pow(x, y) = exp(y log|x|), with the sign of x where y is odd.
//
// y log|x| reaches 745, and its absolute error is the relative error of the result, so log is computed as a pair with a
// relative error of about 2^-63. With s = f / (2 + f), also a pair,
//
//   log(1 + f) = 2 s + 2/3 s^3 + s^5 R(s^2)      R minimax to 2^-71.7, tools/minimax.py logpair64
//
// The first two terms carry a second word; the last, below 2^-12 of the first, does not need one. Float is computed in
// double. Special cases: C99, annex F.
#pragma once
#include "simd/vmath_exp.h"
#include "simd/vmath_log.h"

namespace netlet::NETLET_ISA {

// log of positive finite x as hi + lo.
NETLET_INLINE Pair<Vec<double>> log_pair(Vec<double> x) {
    using V = Vec<double>;
    V e, f = log_reduce(x, e);
    Pair<V> d = fast_two_sum(V::set1(2), f);
    V s = f / d.hi;
    V s_lo = -(product_minus(s, d.hi, f) + s * d.lo) / d.hi;
    Pair<V> z = two_product(s, s);
    z.lo = fma(s + s, s_lo, z.lo);
    Pair<V> cube = two_product(s, z.hi);
    cube.lo = cube.lo + fma(s, z.lo, s_lo * z.hi);
    const V third2 = V::set1(0x1.5555555555555p-1), third2_lo = V::set1(0x1.5555555555555p-55);
    Pair<V> c = two_product(third2, cube.hi);
    c.lo = c.lo + fma(third2, cube.lo, third2_lo * cube.hi);
    V rest = cube.hi * z.hi *
             poly(z.hi, 0.39999999999999997354, 0.2857142857143381335, 0.22222222219985839406, 0.1818181859981113694,
                  0.15384573626389922512, 0.1333572761766552869, 0.11685846844162505034, 0.11903911289967998839);
    Pair<V> a = fast_two_sum(e * V::set1(6.93147180369123816490e-01), s + s);
    Pair<V> b = fast_two_sum(a.hi, c.hi);
    V low = (a.lo + b.lo) + ((s_lo + s_lo) + c.lo + fma(e, V::set1(1.90821492927058770002e-10), rest));
    return fast_two_sum(b.hi, low);
}

// Double 0.9 ULP, float 0.501.
NETLET_INLINE Vec<double> pow(Vec<double> x, Vec<double> y) {
    using V = Vec<double>;
    using M = V::Mask;
    const V zero = V::zero(), one = V::set1(1), half = V::set1(0.5);
    V a = abs(x);
    M regular = gt(a, zero) & lt(a, infinity<V>()) & lt(abs(y), infinity<V>());
    Pair<V> l = log_pair(select(regular, a, one));
    V log_a = select(regular, l.hi, log_special(a, select(gt(a, one), one, select(lt(a, one), -one, zero))));
    V p = y * log_a;
    V clamped = exp_clamp(p);
    V p_lo = select(regular & eq(clamped, p), fma(y, l.lo, product_minus(y, l.hi, p)), zero);
    ExpParts<V> parts = exp_parts(clamped, p_lo);
    V r = one_plus(parts.r, parts.t) * Pow2<V>(parts.n);

    V whole = floor(y);
    M integer = eq(whole, y), odd = integer & ne(floor(y * half) * V::set1(2), y);
    V sign = select(odd, copysign(one, x), one);
    r = r * sign;
    r = select(lt(x, zero) & gt(x, -infinity<V>()) & !integer & !is_nan(y), nan<V>(), r);
    r = select(eq(a, one) & eq(abs(y), infinity<V>()), one, r);
    return select(eq(x, one) | eq(y, zero), one, r);
}

NETLET_INLINE Vec<float> pow(Vec<float> x, Vec<float> y) {
    return narrow(pow(widen_low(x), widen_low(y)), pow(widen_high(x), widen_high(y)));
}

}  // namespace netlet::NETLET_ISA
