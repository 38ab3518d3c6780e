// Conversions between float and double vectors. Rarely used float functions compute in double: twice the vectors, but
// about 0.5 ULP.
#pragma once
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// Vec<float> has twice the lanes of Vec<double> (scalar: one each, and the upper half does not exist).
#if defined(NETLET_VEC_AVX512)
NETLET_INLINE Vec<double> widen_low(Vec<float> x) { return {_mm512_cvtps_pd(_mm512_castps512_ps256(x.r))}; }
NETLET_INLINE Vec<double> widen_high(Vec<float> x) { return {_mm512_cvtps_pd(_mm512_extractf32x8_ps(x.r, 1))}; }
NETLET_INLINE Vec<float> narrow(Vec<double> low, Vec<double> high) {
    return {_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low.r)), _mm512_cvtpd_ps(high.r), 1)};
}
#elif defined(NETLET_VEC_AVX2)
NETLET_INLINE Vec<double> widen_low(Vec<float> x) { return {_mm256_cvtps_pd(_mm256_castps256_ps128(x.r))}; }
NETLET_INLINE Vec<double> widen_high(Vec<float> x) { return {_mm256_cvtps_pd(_mm256_extractf128_ps(x.r, 1))}; }
NETLET_INLINE Vec<float> narrow(Vec<double> low, Vec<double> high) {
    return {_mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(low.r)), _mm256_cvtpd_ps(high.r), 1)};
}
#elif defined(NETLET_VEC_NEON)
NETLET_INLINE Vec<double> widen_low(Vec<float> x) { return {vcvt_f64_f32(vget_low_f32(x.r))}; }
NETLET_INLINE Vec<double> widen_high(Vec<float> x) { return {vcvt_high_f64_f32(x.r)}; }
NETLET_INLINE Vec<float> narrow(Vec<double> low, Vec<double> high) {
    return {vcvt_high_f32_f64(vcvt_f32_f64(low.r), high.r)};
}
#else
NETLET_INLINE Vec<double> widen_low(Vec<float> x) { return {(double)x.r}; }
NETLET_INLINE Vec<double> widen_high(Vec<float> x) { return {(double)x.r}; }
NETLET_INLINE Vec<float> narrow(Vec<double> low, Vec<double>) { return {(float)low.r}; }
#endif

// Defines f for Vec<float> by f for Vec<double>. On the scalar path the compiler removes the second call, which is
// unused.
#define NETLET_FLOAT_VIA_DOUBLE(f)                                                                                     \
    NETLET_INLINE Vec<float> f(Vec<float> x) { return narrow(f(widen_low(x)), f(widen_high(x))); }
// The same for f of two vectors.
#define NETLET_FLOATS_VIA_DOUBLE(f)                                                                                    \
    NETLET_INLINE Vec<float> f(Vec<float> x, Vec<float> y) {                                                           \
        return narrow(f(widen_low(x), widen_low(y)), f(widen_high(x), widen_high(y)));                                 \
    }

}  // namespace netlet::NETLET_ISA
