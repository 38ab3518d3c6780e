// arcsin, arccos, arctan, arctan2. Coefficients: tools/minimax.py asin64, atan64. Float is computed in double.
//
//   arcsin a = s + s w P(w)             a < 1/2:  s = a, w = a^2
//   arcsin a = pi/2 - 2 arcsin(s)       a >= 1/2: w = (1 - a) / 2, s = sqrt(w)            as in fdlibm's e_asin.c
//   arctan(a / b) = base + arctan t     t = a/b, (a - b)/(a + b) or -b/a, |t| <= tan(pi/8); base 0, pi/4 or pi/2
//
// sqrt and quotients carry their rounding error as a second word.
#pragma once
#include "simd/vec_widen.h"
#include "simd/vmath_common.h"

namespace netlet::NETLET_ISA {

struct HalfArcsin {
    Vec<double> s, rest;  // arcsin a = s + rest, or pi/2 - 2 (s + rest)
    Vec<double>::Mask near;
};
NETLET_INLINE HalfArcsin half_arcsin(Vec<double> a) {
    using V = Vec<double>;
    const V zero = V::zero();
    const V::Mask near = lt(a, V::set1(0.5));
    V w = select(near, a * a, (V::set1(1) - a) * V::set1(0.5));
    V s = select(near, a, sqrt(w));
    V lost = select(near | eq(w, zero), zero, -product_minus(s, s, w) / (s + s));
    V p = poly(w, 0.16666666666666762431, 0.074999999999702614386, 0.044642857175121180381, 0.030381942683607668594,
               0.022372215660375237228, 0.01735160009327350485, 0.013980961409660303354, 0.011397776473594375985,
               0.01078652577512416659, 0.003683055731981775628, 0.021763463622444075241, -0.021077240253874995596,
               0.032676856724595641226);
    return {s, fma(s * w, p, lost), near};
}

// 0.9 ULP; float 0.501
NETLET_INLINE Vec<double> arcsin(Vec<double> x) {
    using V = Vec<double>;
    const HalfArcsin h = half_arcsin(abs(x));
    Pair<V> far = fast_two_sum(V::set1(1.5707963267948966), -(h.s + h.s));
    V y = far.hi + (far.lo + (V::set1(6.123233995736766e-17) - (h.rest + h.rest)));
    return copysign(select(h.near, h.s + h.rest, y), x);
}

// 0.9 ULP; float 0.501
NETLET_INLINE Vec<double> arccos(Vec<double> x) {
    using V = Vec<double>;
    const V half_pi = V::set1(1.5707963267948966), half_pi_lo = V::set1(6.123233995736766e-17);
    const HalfArcsin h = half_arcsin(abs(x));
    Pair<V> near = fast_two_sum(half_pi, -x), far = fast_two_sum(half_pi + half_pi, -(h.s + h.s));
    V rest = h.rest + h.rest;
    V below = far.hi + (far.lo + ((half_pi_lo + half_pi_lo) - rest));
    V y = select(lt(x, V::zero()), below, (h.s + h.s) + rest);
    return select(h.near, near.hi + (near.lo + (half_pi_lo - copysign(h.rest, x))), y);
}

// arctan(a / b), or pi - arctan(a / b) where `turned`, for a, b >= 0, not both 0, below 2^960.
NETLET_INLINE Vec<double> arctan_quotient(Vec<double> a, Vec<double> b, Vec<double>::Mask turned) {
    using V = Vec<double>;
    const V zero = V::zero(), quarter_pi = V::set1(0.7853981633974483), quarter_lo = V::set1(3.061616997868383e-17);
    const V::Mask steep = gt(a, b * V::set1(2.4142135623730951));
    const V::Mask middle = gt(a, b * V::set1(0.41421356237309503)) & !steep;
    Pair<V> less = two_sum(a, -b), more = two_sum(a, b);
    V top = select(steep, -b, select(middle, less.hi, a)), top_lo = select(middle, less.lo, zero);
    V bottom = select(steep, a, select(middle, more.hi, b)), bottom_lo = select(middle, more.lo, zero);
    V t = top / bottom;
    V t_lo = ((top_lo - product_minus(t, bottom, top)) - t * bottom_lo) / bottom;
    V z = t * t;
    V p = poly(z, -0.33333333333333327589, 0.19999999999997693585, -0.14285714285391079549, 0.11111111088369445325,
               -0.090909081514521233852, 0.076922829154130523136, -0.066662290751292022827, 0.058770445243033933205,
               -0.052185508812665094654, 0.04504145935556312942, -0.033488364591325545686, 0.015209299686509577336);
    V rest = fma(t * z, p, t_lo);
    // base = quarters pi/4; the product with 0 to 4 is exact in the low word, and in the high word but for 3.
    V quarters = select(steep, V::set1(2), select(middle, V::set1(1), zero));
    quarters = select(turned, V::set1(4) - quarters, quarters);
    t = select(turned, -t, t);
    rest = select(turned, -rest, rest);
    const V::Mask three = eq(quarters, V::set1(3));
    V base = select(three, V::set1(2.356194490192345), quarters * quarter_pi);
    V base_lo = select(three, V::set1(9.184850993605148e-17), quarters * quarter_lo);
    Pair<V> sum = fast_two_sum(base, t);
    return sum.hi + (sum.lo + (rest + base_lo));
}

// 0.9 ULP; float 0.501
NETLET_INLINE Vec<double> arctan(Vec<double> x) {
    using V = Vec<double>;
    V a = at_most(abs(x), V::set1(0x1p100));
    return copysign(arctan_quotient(a, V::set1(1), lt(a, V::zero())), x);
}

// The angle of the point (x, y), as C's atan2: zeros have signs, infinities count as equal. 0.9 ULP; float 0.501
NETLET_INLINE Vec<double> arctan2(Vec<double> y, Vec<double> x) {
    using V = Vec<double>;
    const V zero = V::zero(), one = V::set1(1), inf = infinity<V>();
    V a = abs(y), b = abs(x);
    const V::Mask a_inf = eq(a, inf), b_inf = eq(b, inf), none = eq(a, zero) & eq(b, zero);
    const V known_a = select(a_inf, one, zero), known_b = select(b_inf, one, select(none, one, zero));
    const V::Mask known = a_inf | b_inf | none;
    a = select(known, known_a, a);
    b = select(known, known_b, b);
    // Keeps products out of overflow, and their low words out of underflow.
    V largest = max(a, b), least = min(a, b);
    V scale = select(lt(least, V::set1(0x1p-900)) & lt(largest, V::set1(0x1p300)), V::set1(0x1p600), one);
    scale = select(gt(largest, V::set1(0x1p900)), V::set1(0x1p-100), scale);
    V r = arctan_quotient(a * scale, b * scale, lt(copysign(one, x), zero));
    return select(is_nan(x) | is_nan(y), x + y, copysign(r, y));
}

NETLET_FLOAT_VIA_DOUBLE(arcsin)
NETLET_FLOAT_VIA_DOUBLE(arccos)
NETLET_FLOAT_VIA_DOUBLE(arctan)
NETLET_FLOATS_VIA_DOUBLE(arctan2)

}  // namespace netlet::NETLET_ISA
