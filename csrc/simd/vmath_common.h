// Shared by the vector functions: polynomials, scaling by powers of two, and sums and products with their rounding
// error.
#pragma once
#include <math.h>

#include "simd/vec.h"

#if !defined(NETLET_VEC_AVX512) && !defined(NETLET_VEC_AVX2) && !defined(NETLET_VEC_NEON) && !defined(NETLET_VEC_THREAD)
#define NETLET_VEC_SCALAR
#endif

namespace netlet::NETLET_ISA {

// c0 + c1 x + c2 x^2 + ...: Horner's rule. Loops over vectors keep several of these chains in flight, so the latency
// of one chain, which Estrin's scheme would shorten, does not matter.
template <class V>
NETLET_INLINE V poly(V, typename V::Scalar c0) {
    return V::set1(c0);
}
template <class V, class... Rest>
NETLET_INLINE V poly(V x, typename V::Scalar c0, Rest... rest) {
    return fma(poly(x, (typename V::Scalar)rest...), x, V::set1(c0));
}

// The unevaluated sum hi + lo, |lo| <= ulp(hi): about twice the digits of V.
template <class V>
struct Pair {
    V hi, lo;
};

// a + b exactly, if |a| >= |b| or a = 0 (Dekker, 1971).
template <class V>
NETLET_INLINE Pair<V> fast_two_sum(V a, V b) {
    V s = a + b;
    return {s, b - (s - a)};
}
// a + b exactly (Knuth).
template <class V>
NETLET_INLINE Pair<V> two_sum(V a, V b) {
    V s = a + b, t = s - a;
    return {s, (a - (s - t)) + (b - t)};
}

// a * b - p for p near the product; exact if p is the rounded product. One fused operation where the ISA has one; the
// scalar path splits the factors (Veltkamp and Dekker), which is valid for |a|, |b| < 2^996.
template <class V>
NETLET_INLINE V product_minus(V a, V b, V p) {
#if !defined(NETLET_VEC_SCALAR)
    return fma(a, b, -p);
#else
    const V split = V::set1((typename V::Scalar)(sizeof(typename V::Scalar) == 8 ? 0x1p27 + 1 : 0x1p12 + 1));
    V ta = split * a, ah = ta - (ta - a), al = a - ah;
    V tb = split * b, bh = tb - (tb - b), bl = b - bh;
    return (((ah * bh - p) + ah * bl) + al * bh) + al * bl;
#endif
}
template <class V>
NETLET_INLINE Pair<V> two_product(V a, V b) {
    V p = a * b;
    return {p, product_minus(a, b, p)};
}

// at_most and at_least replace x by the bound where x is beyond it; NaN stays NaN. The x86 instructions return their
// second operand when either is NaN: x is the second operand, so NaN needs no check.
#if defined(NETLET_VEC_AVX512)
NETLET_INLINE Vec<float> at_most(Vec<float> x, Vec<float> high) { return {_mm512_min_ps(high.r, x.r)}; }
NETLET_INLINE Vec<double> at_most(Vec<double> x, Vec<double> high) { return {_mm512_min_pd(high.r, x.r)}; }
NETLET_INLINE Vec<float> at_least(Vec<float> x, Vec<float> low) { return {_mm512_max_ps(low.r, x.r)}; }
NETLET_INLINE Vec<double> at_least(Vec<double> x, Vec<double> low) { return {_mm512_max_pd(low.r, x.r)}; }
#elif defined(NETLET_VEC_AVX2)
NETLET_INLINE Vec<float> at_most(Vec<float> x, Vec<float> high) { return {_mm256_min_ps(high.r, x.r)}; }
NETLET_INLINE Vec<double> at_most(Vec<double> x, Vec<double> high) { return {_mm256_min_pd(high.r, x.r)}; }
NETLET_INLINE Vec<float> at_least(Vec<float> x, Vec<float> low) { return {_mm256_max_ps(low.r, x.r)}; }
NETLET_INLINE Vec<double> at_least(Vec<double> x, Vec<double> low) { return {_mm256_max_pd(low.r, x.r)}; }
#else
template <class V>
NETLET_INLINE V at_most(V x, V high) {
    return select(gt(x, high), high, x);
}
template <class V>
NETLET_INLINE V at_least(V x, V low) {
    return select(lt(x, low), low, x);
}
#endif
template <class V>
NETLET_INLINE V clip(V x, V low, V high) {
    return at_least(at_most(x, high), low);
}

// x * 2^n for integral n, |n| <= 2000 (float: 250). Overflows to infinity; a subnormal result is rounded once,
// because the first of the two factors is exact. AVX-512 has an instruction for it.
template <class V>
struct Pow2 {
#if defined(NETLET_VEC_AVX512)
    V n;
    NETLET_MEMBER_INLINE explicit Pow2(V exponent) : n(exponent) {}
#else
    V half, rest;
    NETLET_MEMBER_INLINE explicit Pow2(V n) {
        V k = floor(n * V::set1((typename V::Scalar)0.5));
        half = pow2(k);
        rest = pow2(n - k);
    }
#endif
};
#if defined(NETLET_VEC_AVX512)
NETLET_INLINE Vec<float> operator*(Vec<float> x, Pow2<Vec<float>> p) { return {_mm512_scalef_ps(x.r, p.n.r)}; }
NETLET_INLINE Vec<double> operator*(Vec<double> x, Pow2<Vec<double>> p) { return {_mm512_scalef_pd(x.r, p.n.r)}; }
#else
template <class V>
NETLET_INLINE V operator*(V x, Pow2<V> p) {
    return x * p.half * p.rest;
}
#endif

template <class V>
NETLET_INLINE V infinity() {
    return V::set1((typename V::Scalar)NETLET_INFINITY);
}
template <class V>
NETLET_INLINE V nan() {
    return V::set1((typename V::Scalar)NETLET_NAN);
}

// Constants that differ between the two types, chosen at compile time.
template <class V>
NETLET_INLINE V constant(float single, double twice) {
    return V::set1(sizeof(typename V::Scalar) == 4 ? (typename V::Scalar)single : (typename V::Scalar)twice);
}

}  // namespace netlet::NETLET_ISA
