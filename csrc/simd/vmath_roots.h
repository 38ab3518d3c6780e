// cbrt, hypot; logaddexp, logaddexp2. Float is computed in double.
//
//   cbrt(2^(3k + j) m) = 2^k cbrt(2^j m): a polynomial of m in [1/2, 1) (tools/minimax.py cbrt64, 2^-16.7), a step of
//   Halley's method, and a step of Newton's with the remainder in two words
//   hypot(a, b) = sqrt(a^2 + b^2), a and b scaled by a power of 2, the sum in two words
//   logaddexp(a, b) = max(a, b) + log(1 + e^-|a - b|)
#pragma once
#include "simd/vmath_exp.h"
#include "simd/vmath_log.h"

namespace netlet::NETLET_ISA {

// 0.7 ULP; float 0.501
NETLET_INLINE Vec<double> cbrt(Vec<double> x) {
    using V = Vec<double>;
    const V zero = V::zero(), one = V::set1(1);
    V a = abs(x), e;
    const V::Mask regular = gt(a, zero) & lt(a, infinity<V>()), subnormal = lt(a, V::set1(0x1p-1022));
    V m = frexp(select(regular, select(subnormal, a * V::set1(0x1p54), a), one), e);
    e = select(regular & subnormal, e - V::set1(54), e);
    V k = floor((e + V::set1(0.5)) * V::set1(0.33333333333333331));
    V j = e - k * V::set1(3);
    const V::Mask first = eq(j, zero), second = eq(j, one);
    V b = m * select(first, one, select(second, V::set1(2), V::set1(4)));
    V y = poly(m, 0.40238945806985344273, 1.1400002577351892117, -0.95438626086051751411, 0.54664964881660233936,
               -0.13466231054737033698) *
          select(first, one, select(second, V::set1(1.2599210498948732), V::set1(1.5874010519681996)));
    V cube = y * y * y;
    y = y - y * ((cube - b) / ((cube + cube) + b));
    Pair<V> square = two_product(y, y), third = two_product(square.hi, y);
    V rest = (third.hi - b) + fma(square.lo, y, third.lo);
    y = y - rest / (square.hi * V::set1(3));
    return select(regular, copysign(y * pow2(k), x), x);
}

// Infinite if either is, also next to a NaN, as in C. 0.7 ULP; float 0.501
NETLET_INLINE Vec<double> hypot(Vec<double> x, Vec<double> y) {
    using V = Vec<double>;
    const V zero = V::zero(), one = V::set1(1), inf = infinity<V>();
    V a = abs(x), b = abs(y);
    const V::Mask infinite = eq(a, inf) | eq(b, inf);
    V largest = max(a, b);
    const V::Mask large = gt(largest, V::set1(0x1p400)), small = lt(largest, V::set1(0x1p-400));
    V down = select(large, V::set1(0x1p-600), select(small, V::set1(0x1p600), one));
    V up = select(large, V::set1(0x1p600), select(small, V::set1(0x1p-600), one));
    a = largest * down;
    b = min(abs(x), abs(y)) * down;
    Pair<V> p = two_product(a, a), q = two_product(b, b), sum = fast_two_sum(p.hi, q.hi);
    V root = sqrt(sum.hi);
    V rest = ((sum.lo + p.lo) + q.lo) - product_minus(root, root, sum.hi);
    V r = select(eq(largest, zero), zero, root + rest / (root + root));
    return select(infinite, inf, r * up);
}

// 2 ULP of the larger of the result and max(x, y); float 0.501
NETLET_INLINE Vec<double> logaddexp(Vec<double> x, Vec<double> y) {
    using V = Vec<double>;
    V d = select(eq(x, y), V::zero(), abs(x - y));
    return max(x, y) + log1p_unit(exp(-d));
}
NETLET_INLINE Vec<double> logaddexp2(Vec<double> x, Vec<double> y) {
    using V = Vec<double>;
    V d = select(eq(x, y), V::zero(), abs(x - y));
    return fma(log1p_unit(exp2(-d)), V::set1(1.44269504088896338700), max(x, y));
}

NETLET_FLOAT_VIA_DOUBLE(cbrt)
NETLET_FLOATS_VIA_DOUBLE(hypot)
NETLET_FLOATS_VIA_DOUBLE(logaddexp)
NETLET_FLOATS_VIA_DOUBLE(logaddexp2)

}  // namespace netlet::NETLET_ISA
