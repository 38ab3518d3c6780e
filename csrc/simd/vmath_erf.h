// erf and erfc.
//
//   |x| <= 1          erf x = x + x P(x^2)
//   float,  |x| > 1   erf x = 1 - exp(x Q(x)),  Q minimax of log(erfc x) / x     (the form is due to N. Juffa)
//   double, |x| > 1   erf x = 1 - erfc x
//   x >= 0            erfc x = exp(-x^2) / (1 + 2x) * G(w),  w = (x - 4) / (x + 4)  (Shepherd & Laframboise, 1981)
//
// Coefficients: tools/minimax.py erf32, erftail32, erf64, erfc64.
#pragma once
#include "simd/vmath_exp.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE Vec<float> erf_small(Vec<float> x) {
    return fma(x, poly(x * x, 0.12837916591f, -0.37612627136f, 0.11283600178f, -0.026854444661f, 0.0051895354684f,
                       -0.00080208423847f, 7.8891230759e-5f), x);
}
NETLET_INLINE Vec<double> erf_small(Vec<double> x) {
    return fma(x, poly(x * x, 0.12837916709551257377, -0.37612638903183748178, 0.11283791670954884473,
                       -0.026866170645077875148, 0.0052239776248284306696, -0.00085483269814255420875,
                       0.00012055331132955819588, -0.000014925595772180905342, 1.6461008477802701324e-6,
                       -1.6350396222864616262e-7, 1.4660328722742259544e-8, -1.1374955736070149599e-9,
                       5.9606853385209710332e-11), x);
}

// erfc for x >= 0. The rounding error of x^2 would be multiplied by x^2: it is carried into exp.
NETLET_INLINE Vec<double> erfc_positive(Vec<double> x) {
    using V = Vec<double>;
    x = select(gt(x, V::set1(28)), V::set1(28), x);
    V w = (x - V::set1(4)) / (x + V::set1(4));
    V g = poly(w, 1.2329951186255525098, -0.13962111684056288648, 0.015379652102619764316, 0.068097054254736597744,
               -0.10103906603630115586, 0.093732834996823872525, -0.066330365812563966956, 0.037167515561852101265,
               -0.016197734048422868264, 0.0050319697635715971641, -0.00075777340487340477352,
               -0.00019925556127447288915, 0.00015062247161458636196, -0.000024402941467948559069,
               -0.000011225283123026789861, 5.7172951470007830282e-6, 3.0195647763862550754e-7,
               -8.3424024155411024832e-7, 6.2389090925626894137e-8, 1.14561163027656628e-7,
               -7.7789312319231709061e-9, -1.3386206536401203047e-8, -1.7175989599008319897e-9);
    Pair<V> square = two_product(x, x);
    ExpParts<V> p = exp_parts(-square.hi, -square.lo);
    V y = (V::set1(1) + (p.r + p.t)) * g / (V::set1(1) + (x + x));
    return scale_by_pow2(y, p.n);
}

NETLET_INLINE Vec<float> erf_large(Vec<float> x) {
    using V = Vec<float>;
    x = select(gt(x, V::set1(3.95f)), V::set1(3.95f), x);
    V q = poly(x, -1.1286409638f, -0.63518149828f, -0.10618761077f, 0.023720186217f, -0.0036229189677f,
               0.00031805976482f, -1.0763183738e-5f);
    return V::set1(1) - exp(x * q);
}
NETLET_INLINE Vec<double> erf_large(Vec<double> x) { return Vec<double>::set1(1) - erfc_positive(x); }

template <class V>
NETLET_INLINE V erf(V x) {
    V a = abs(x);
    return select(le(a, V::set1(1)), erf_small(x), copysign(erf_large(a), x));
}

NETLET_INLINE Vec<double> erfc(Vec<double> x) {
    using V = Vec<double>;
    V tail = erfc_positive(abs(x));
    // In the middle 1 - erf is exact enough and spares nothing; below 0 the result is 2 - tail.
    return select(lt(x, V::zero()), V::set1(2) - tail, tail);
}

#if defined(NETLET_VEC_SCALAR)
NETLET_FLOAT_VIA_DOUBLE(erf)
#endif
NETLET_FLOAT_VIA_DOUBLE(erfc)

}  // namespace netlet::NETLET_ISA
