// lgamma = log|gamma|, digamma = lgamma', trigamma = digamma'. Float is computed in double.
//
//   x >= 8       asymptotic series in 1/x^2, with minimax coefficients
//   0 < x < 8    lgamma: x = m + z, |z| <= 1/2: lgamma(2 + z) = z P(z), and the recurrence lgamma(x + 1) = lgamma x +
//                log x as one logarithm of a product. digamma: P on [1, 2), and the recurrence as one
//                quotient. digamma x = (x - root) P(x - 3/2), so that its relative error is small near its root.
//   x < 0        reflection: lgamma x = log(pi / |x sin(pi x)|) - lgamma(-x), and its derivatives
//
// Coefficients: tools/minimax.py lgamma64, lgammatail64, digamma64, digammatail64, trigammatail64.
#pragma once
#include "simd/vmath_log.h"
#include "simd/vmath_trig.h"

namespace netlet::NETLET_ISA {

// The distance of a >= 0 to the nearest integer, with its sign; 0 for an infinity or NaN.
NETLET_INLINE Vec<double> from_integer(Vec<double> a) {
    using V = Vec<double>;
    return select(lt(a, infinity<V>()), a - round_even(a), V::zero());
}

// Infinite at 0 and the negative integers. x > 0: 5 ULP. x < 0: an absolute error of a few ULP of log(pi / |x sin(pi
// x)|), which near the roots there is far more than ULPs of the result. Float 0.501 for x > 0.
NETLET_INLINE Vec<double> lgamma(Vec<double> x) {
    using V = Vec<double>;
    const V one = V::set1(1), half = V::set1(0.5);
    V a = abs(x), c = at_most(a, V::set1(8)), m = round_even(c), z = c - m;
    V product = one;
    for (int j = 2; j <= 7; ++j) product = select(gt(m, V::set1(j)), product * (z + V::set1(j)), product);
    const V::Mask far = ge(a, V::set1(8)), below = lt(m, V::set1(1.5));
    V of = select(below, select(lt(m, half), fma(c, c, c), c), product);
    of = select(far, a, of);
    const V::Mask regular = gt(of, V::zero()) & lt(of, infinity<V>());
    V l = log_finite(select(regular, of, one), V::zero());
    V p = poly(z, 0.42278433509846713945, 0.32246703342411321673, -0.067352301053198137069, 0.02058080842778492477,
               -0.00738555102866839927, 0.002890510330713682085, -0.0011927539119909515625, 0.0005096695256872947541,
               -0.00022315475095214733182, 0.000099457495194609727474, -0.000044926348714669413971,
               0.000020507409014827887867, -9.4384749212154710562e-6, 4.3735033900604347466e-6,
               -2.0448560806479784185e-6, 9.610541163529121419e-7, -4.3049247423737733669e-7, 1.9667163595508939223e-7,
               -1.340068356465689078e-7, 6.9160757460697438743e-8);
    V near = fma(z, p, select(below, -l, l));
    V inverse = one / a, q = inverse * inverse;
    V tail = poly(q, 0.083333333333333332754, -0.0027777777777740992943, 0.00079365078983510274103,
                  -0.00059523660703422559406, 0.00084147286084890037175, -0.0018905406578525935045,
                  0.0050692645392472356033);
    V y = select(far, fma(a - half, l - one, fma(inverse, tail, V::set1(0.4189385332046727))), near);
    y = select(regular, y, of + infinity<V>());

    const V::Mask negative = lt(x, V::zero());
    if (any(negative)) {
        const V pi = V::set1(3.14159265358979323846);
        V r = from_integer(a), s = abs(sin(pi * r));
        V reflected = (V::set1(1.1447298858494002) - log(a * s)) - y;
        y = select(negative & gt(a, V::set1(0x1p-60)), select(eq(r, V::zero()), infinity<V>(), reflected), y);
    }
    return y;
}

// digamma x + 1/x = digamma(x + 1): the value on [1, 2) and the terms between, as top / bottom.
struct Recurrence {
    Vec<double> t, top, bottom;
};
NETLET_INLINE Recurrence to_unit_interval(Vec<double> x) {
    using V = Vec<double>;
    const V one = V::set1(1);
    V c = at_most(x, V::set1(8)), k = floor(c) - one;
    const V::Mask below = lt(c, one);
    V t = select(below, c + one, c - at_least(k, V::zero()));
    V top = select(below, -one, V::zero()), bottom = select(below, c, one);
    for (int j = 1; j <= 6; ++j) {
        V u = c - V::set1(j);
        const V::Mask use = ge(k, V::set1(j));
        top = select(use, fma(top, u, bottom), top);
        bottom = select(use, bottom * u, bottom);
    }
    return {t, top, bottom};
}

// -inf at 0, inf at -0, NaN at the negative integers. x > 0: 4 ULP. Float 0.51 for x > 0.
NETLET_INLINE Vec<double> digamma(Vec<double> x) {
    using V = Vec<double>;
    const V one = V::set1(1), root = V::set1(1.4616321449683622), root_lo = V::set1(9.549995429965697e-17);
    const V::Mask negative = lt(x, V::zero());
    V a = abs(x), b = select(negative, a + one, x);
    const Recurrence s = to_unit_interval(b);
    V v = s.t - V::set1(1.5);
    V p = poly(v, 0.95105587603183287932, -0.42362742128146049392, 0.24054248424078736727, -0.14840492305391834425,
               0.094988724452828658259, -0.061922133271581125205, 0.040760833944711265883, -0.026975796847933895383,
               0.017907248193248627453, -0.011908215074714460442, 0.0079270241189055440568, -0.0052800194197135033236,
               0.0035180794806948717489, -0.0023446333149928491592, 0.0015635724278844602526, -0.0010423767867068608428,
               0.00068995036636501040233, -0.00045944634348930858938, 0.00032687074004442105868,
               -0.00021931971988597168722, 0.000091625981350380489597, -0.000058829227628851913335,
               0.00012238837845953877241, -0.00008316042158238228382);
    V y = fma((s.t - root) - root_lo, p, s.top / s.bottom);
    V inverse = one / b, q = inverse * inverse;
    V tail =
        poly(q, 0.083333333333333333141, -0.0083333333333317338646, 0.0039682539660705892414, -0.0041666655285963617403,
             0.0075754648515257544152, -0.021051522212431969476, 0.080044785872265496625, -0.29981596027141683825);
    y = select(ge(b, V::set1(8)), log(b) - fma(q, tail, inverse * V::set1(0.5)), y);
    if (any(negative)) {
        const V pi = V::set1(3.14159265358979323846);
        V r = from_integer(a);
        V reflected = y + pi * (cos(pi * r) / sin(pi * r));
        y = select(negative, select(eq(r, V::zero()), nan<V>(), reflected), y);
    }
    return y;
}

// Infinite at 0 and the negative integers. x > 0: 6 ULP. Float 0.501 for x > 0. Here the recurrence goes up to 8, so that
// it adds positive numbers only.
NETLET_INLINE Vec<double> trigamma(Vec<double> x) {
    using V = Vec<double>;
    const V one = V::set1(1), eight = V::set1(8);
    const V::Mask negative = lt(x, V::zero());
    V a = abs(x), b = select(negative, a + one, x);
    V c = at_most(b, eight), k = eight - floor(c), top = V::zero(), bottom = one;
    for (int j = 0; j < 8; ++j) {
        V u = c + V::set1(j);
        u = u * u;
        const V::Mask use = gt(k, V::set1(j));
        top = select(use, fma(top, u, bottom), top);
        bottom = select(use, bottom * u, bottom);
    }
    V inverse = one / (b + k), q = inverse * inverse;
    V tail =
        poly(q, 0.16666666666666666339, -0.033333333333306064961, 0.023809523772240204381, -0.033333313863195457909,
             0.075752555839454528455, -0.25240332360293351314, 1.10976099316149713, -4.5826140447105645605);
    V y = (inverse + fma(q * inverse, tail, q * V::set1(0.5))) + top / bottom;
    if (any(negative)) {
        const V pi = V::set1(3.14159265358979323846);
        V s = pi / sin(pi * from_integer(a));
        y = select(negative, s * s - y, y);
    }
    return y;
}

NETLET_FLOAT_VIA_DOUBLE(lgamma)
NETLET_FLOAT_VIA_DOUBLE(digamma)
NETLET_FLOAT_VIA_DOUBLE(trigamma)

}  // namespace netlet::NETLET_ISA
