// erf and erfc.
//
//   |x| < 7/8           erf x = x + x P(x^2)
//   float,  |x| >= 7/8  erf x = 1 - exp(x Q(x)),  Q minimax of log(erfc x) / x     (the form is due to N. Juffa)
//   double, |x| >= 7/8  erf x = 1 - erfc x
//   x >= 0              erfc x = exp(-x^2) / (1 + 2x) * G(w),  w = (x - 4) / (x + 4)  (Shepherd & Laframboise, 1981)
//
// Coefficients: tools/minimax.py erf32, erftail32, erf64, erfc64.
#pragma once
#include "simd/vmath_exp.h"

namespace netlet::NETLET_ISA {

// P, so that erf x = x + x P(x^2)
NETLET_INLINE Vec<float> erf_p(Vec<float> x) {
    return poly(x * x, 0.128379166f, -0.376126319f, 0.112836882f, -0.0268598273f, 0.00520367548f, -0.000818702916f,
                8.60817017e-5f);
}
NETLET_INLINE Vec<double> erf_p(Vec<double> x) {
    return poly(x * x, 0.12837916709551257377, -0.37612638903183748178, 0.11283791670954884473,
                -0.026866170645077875148, 0.0052239776248284306696, -0.00085483269814255420875,
                0.00012055331132955819588, -0.000014925595772180905342, 1.6461008477802701324e-6,
                -1.6350396222864616262e-7, 1.4660328722742259544e-8, -1.1374955736070149599e-9,
                5.9606853385209710332e-11);
}

// erfc for x >= 0. In exp(-x^2) the relative rounding error of x^2 grows by the factor x^2, so it is passed to
// exp_parts.
NETLET_INLINE Vec<double> erfc_positive(Vec<double> x) {
    using V = Vec<double>;
    x = at_most(x, V::set1(28));
    V w = (x - V::set1(4)) / (x + V::set1(4));
    V g = poly(w, 1.2329951186255525089, -0.13962111684056251704, 0.015379652102620071933, 0.068097054254693112484,
               -0.10103906603632705055, 0.093732834998330996475, -0.066330365811605787942, 0.037167515537905714048,
               -0.016197734066252402712, 0.0050319699721615409074, -0.00075777322071279004085,
               -0.00019925664409745909781, 0.00015062133996671660049, -0.0000243994931529819321,
               -0.000011220986011236344662, 5.7107139387025058544e-6, 2.9180283889199049399e-7,
               -8.2761783477754287444e-7, 7.685851915695321323e-8, 1.1307072170347524039e-7, -1.9015233186621009348e-8,
               -1.6439103350279729807e-8, 1.6929905297739202519e-9, 2.0451464231095792356e-9, 2.718016848204060237e-10);
    Pair<V> square = two_product(x, x);
    ExpParts<V> p = exp_parts(-square.hi, -square.lo);
    V y = (V::set1(1) + (p.r + p.t)) * g / (V::set1(1) + (x + x));
    return y * Pow2<V>(p.n);
}

NETLET_INLINE Vec<float> erf_large(Vec<float> x) {
    using V = Vec<float>;
    x = at_most(x, V::set1(3.95f));
    // Q + 1 is smaller than Q, so that less of it is rounded away.
    V q = poly(x, -0.12862289f, -0.635256946f, -0.106059551f, 0.0236071646f, -0.00356825604f, 0.000304330752f,
               -9.36481683e-6f);
    // The exponent has a rounding error of 2^-23 or more; its first-order effect is added back.
    V exponent = fma(x, q, -x), lost = fma(x, q, -x - exponent);
    ExpParts<V> p = exp_parts(exponent);
    p.t += fma(lost, p.r, lost);
    return fnma(one_plus(p.r, p.t), pow2(p.n), V::set1(1));
}
NETLET_INLINE Vec<double> erf_large(Vec<double> x) { return Vec<double>::set1(1) - erfc_positive(x); }

// Float 0.83 ULP (over all inputs), double 1.1.
template <class V>
NETLET_INLINE V erf(V x) {
    V a = abs(x);
    return select(lt(a, constant<V>(0.875f, 0.875)), fma(x, erf_p(x), x), copysign(erf_large(a), x));
}

// Double 3 ULP; float, computed in double, 0.5.
NETLET_INLINE Vec<double> erfc(Vec<double> x) {
    using V = Vec<double>;
    const V half = V::set1(0.5);
    V a = abs(x), p = erf_p(x);
    V tail = erfc_positive(a);
    V y = select(lt(x, V::zero()), V::set1(2) - tail, tail);
    y = select(lt(a, V::set1(0.84)), half - fma(x, p, x - half), y);
    return select(lt(x, V::set1(0.25)) & lt(-x, V::set1(0.84)), V::set1(1) - fma(x, p, x), y);
}

#if defined(NETLET_VEC_SCALAR)
NETLET_FLOAT_VIA_DOUBLE(erf)
#endif
NETLET_FLOAT_VIA_DOUBLE(erfc)

}  // namespace netlet::NETLET_ISA
