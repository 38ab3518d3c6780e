// AArch64 Advanced SIMD: 4 floats, 2 doubles, masks are whole vectors. See vec.h for the interface.
#pragma once
#include <arm_neon.h>

#include "base/types.h"

namespace netlet::NETLET_ISA {

template <class T> struct Vec;

struct Mask32 {
    uint32x4_t m;
};
NETLET_INLINE Mask32 operator&(Mask32 a, Mask32 b) { return {vandq_u32(a.m, b.m)}; }
NETLET_INLINE Mask32 operator|(Mask32 a, Mask32 b) { return {vorrq_u32(a.m, b.m)}; }
NETLET_INLINE Mask32 operator!(Mask32 a) { return {vmvnq_u32(a.m)}; }
NETLET_INLINE bool any(Mask32 a) { return vmaxvq_u32(a.m) != 0; }

struct Mask64 {
    uint64x2_t m;
};
NETLET_INLINE Mask64 operator&(Mask64 a, Mask64 b) { return {vandq_u64(a.m, b.m)}; }
NETLET_INLINE Mask64 operator|(Mask64 a, Mask64 b) { return {vorrq_u64(a.m, b.m)}; }
NETLET_INLINE Mask64 operator!(Mask64 a) { return {veorq_u64(a.m, vdupq_n_u64(~(uint64_t)0))}; }
NETLET_INLINE bool any(Mask64 a) { return (vgetq_lane_u64(a.m, 0) | vgetq_lane_u64(a.m, 1)) != 0; }

// NEON has no masked loads and stores: a tail is moved in pieces of 2 lanes and 1 lane.
#define NETLET_NEON_PARTIAL(T, R, S)                                                                                   \
    NETLET_INLINE R load_first(const T* p, int64_t n) {                                                                \
        R v = vdupq_n_##S(0);                                                                                          \
        if (n >= 4) return vld1q_##S(p);                                                                               \
        if (n >= 2) v = vcombine_##S(vld1_##S(p), vget_high_##S(v));                                                   \
        if (n == 3) v = vld1q_lane_##S(p + 2, v, 2);                                                                   \
        if (n == 1) v = vld1q_lane_##S(p, v, 0);                                                                       \
        return v;                                                                                                      \
    }                                                                                                                  \
    NETLET_INLINE void store_first(T* p, R v, int64_t n) {                                                             \
        if (n >= 4) return vst1q_##S(p, v);                                                                            \
        if (n >= 2) vst1_##S(p, vget_low_##S(v));                                                                      \
        if (n == 3) vst1q_lane_##S(p + 2, v, 2);                                                                       \
        if (n == 1) vst1q_lane_##S(p, v, 0);                                                                           \
    }
NETLET_NEON_PARTIAL(float, float32x4_t, f32)
NETLET_NEON_PARTIAL(int32_t, int32x4_t, s32)
#undef NETLET_NEON_PARTIAL
NETLET_INLINE float64x2_t load_first(const double* p, int64_t n) {
    if (n >= 2) return vld1q_f64(p);
    return n == 1 ? vld1q_lane_f64(p, vdupq_n_f64(0), 0) : vdupq_n_f64(0);
}
NETLET_INLINE void store_first(double* p, float64x2_t v, int64_t n) {
    if (n >= 2) return vst1q_f64(p, v);
    if (n == 1) vst1q_lane_f64(p, v, 0);
}

// Halves, then quarters: the order of the additions is part of the result.
NETLET_INLINE float reduce_sum(float32x4_t v) {
    float32x2_t h = vadd_f32(vget_low_f32(v), vget_high_f32(v));
    return vget_lane_f32(h, 0) + vget_lane_f32(h, 1);
}
NETLET_INLINE double reduce_sum(float64x2_t v) { return vgetq_lane_f64(v, 0) + vgetq_lane_f64(v, 1); }

#define NETLET_NEON_VEC(T, R, lanes, S, Mask_)                                                                         \
    template <> struct Vec<T> {                                                                                        \
        using Scalar = T;                                                                                              \
        using Mask = Mask_;                                                                                            \
        static constexpr int width = lanes;                                                                            \
        R r;                                                                                                           \
        static NETLET_MEMBER_INLINE Vec zero() { return {vdupq_n_##S(0)}; }                                            \
        static NETLET_MEMBER_INLINE Vec set1(T s) { return {vdupq_n_##S(s)}; }                                         \
        static NETLET_MEMBER_INLINE Vec iota() {                                                                       \
            const T lane[4] = {0, 1, 2, 3};                                                                            \
            return {vld1q_##S(lane)};                                                                                  \
        }                                                                                                              \
        static NETLET_MEMBER_INLINE Vec load(const T* p) { return {vld1q_##S(p)}; }                                    \
        static NETLET_MEMBER_INLINE Vec load_n(const T* p, int64_t n) { return {load_first(p, n)}; }                   \
        NETLET_MEMBER_INLINE void store(T* p) const { vst1q_##S(p, r); }                                               \
        NETLET_MEMBER_INLINE void store_n(T* p, int64_t n) const { store_first(p, r, n); }                             \
    };                                                                                                                 \
    NETLET_INLINE Vec<T> operator+(Vec<T> a, Vec<T> b) { return {vaddq_##S(a.r, b.r)}; }                               \
    NETLET_INLINE Vec<T> operator-(Vec<T> a, Vec<T> b) { return {vsubq_##S(a.r, b.r)}; }                               \
    NETLET_INLINE Mask_ lt(Vec<T> a, Vec<T> b) { return {vcltq_##S(a.r, b.r)}; }                                       \
    NETLET_INLINE Mask_ le(Vec<T> a, Vec<T> b) { return {vcleq_##S(a.r, b.r)}; }                                       \
    NETLET_INLINE Mask_ gt(Vec<T> a, Vec<T> b) { return {vcgtq_##S(a.r, b.r)}; }                                       \
    NETLET_INLINE Mask_ ge(Vec<T> a, Vec<T> b) { return {vcgeq_##S(a.r, b.r)}; }                                       \
    NETLET_INLINE Mask_ eq(Vec<T> a, Vec<T> b) { return {vceqq_##S(a.r, b.r)}; }                                       \
    NETLET_INLINE Mask_ ne(Vec<T> a, Vec<T> b) { return !eq(a, b); }                                                   \
    NETLET_INLINE Vec<T> select(Mask_ m, Vec<T> a, Vec<T> b) { return {vbslq_##S(m.m, a.r, b.r)}; }                    \
    NETLET_INLINE Vec<T> min(Vec<T> a, Vec<T> b) { return {vminq_##S(a.r, b.r)}; }                                     \
    NETLET_INLINE Vec<T> max(Vec<T> a, Vec<T> b) { return {vmaxq_##S(a.r, b.r)}; }

#define NETLET_NEON_FLOAT(T, R, lanes, S, Mask_, U)                                                                    \
    NETLET_NEON_VEC(T, R, lanes, S, Mask_)                                                                             \
    NETLET_INLINE Vec<T> operator*(Vec<T> a, Vec<T> b) { return {vmulq_##S(a.r, b.r)}; }                               \
    NETLET_INLINE Vec<T> operator/(Vec<T> a, Vec<T> b) { return {vdivq_##S(a.r, b.r)}; }                               \
    NETLET_INLINE Vec<T> operator-(Vec<T> a) { return {vnegq_##S(a.r)}; }                                              \
    NETLET_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) { return {vfmaq_##S(c.r, a.r, b.r)}; }                      \
    NETLET_INLINE Vec<T> fnma(Vec<T> a, Vec<T> b, Vec<T> c) { return {vfmsq_##S(c.r, a.r, b.r)}; }                     \
    NETLET_INLINE Mask_ is_nan(Vec<T> a) { return !eq(a, a); }                                                         \
    NETLET_INLINE Vec<T> abs(Vec<T> a) { return {vabsq_##S(a.r)}; }                                                    \
    NETLET_INLINE Vec<T> copysign(Vec<T> a, Vec<T> sign) {                                                             \
        return {vbslq_##S(vreinterpretq_##U##_##S(vdupq_n_##S((T) - 0.0)), sign.r, a.r)};                              \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> sqrt(Vec<T> a) { return {vsqrtq_##S(a.r)}; }                                                  \
    NETLET_INLINE Vec<T> floor(Vec<T> a) { return {vrndmq_##S(a.r)}; }                                                 \
    NETLET_INLINE Vec<T> round_even(Vec<T> a) { return {vrndnq_##S(a.r)}; }                                            \
    NETLET_INLINE T reduce_add(Vec<T> a) { return reduce_sum(a.r); }                                                   \
    NETLET_INLINE T reduce_max(Vec<T> a) { return vmaxvq_##S(a.r); }                                                   \
    NETLET_INLINE T reduce_min(Vec<T> a) { return vminvq_##S(a.r); }

NETLET_NEON_FLOAT(float, float32x4_t, 4, f32, Mask32, u32)
NETLET_NEON_FLOAT(double, float64x2_t, 2, f64, Mask64, u64)
NETLET_NEON_VEC(int32_t, int32x4_t, 4, s32, Mask32)
#undef NETLET_NEON_FLOAT
#undef NETLET_NEON_VEC

// ---- int32 --------------------------------------------------------------------------------------------------------
using VecI = Vec<int32_t>;
NETLET_INLINE VecI operator*(VecI a, VecI b) { return {vmulq_s32(a.r, b.r)}; }
NETLET_INLINE VecI operator&(VecI a, VecI b) { return {vandq_s32(a.r, b.r)}; }
NETLET_INLINE VecI operator|(VecI a, VecI b) { return {vorrq_s32(a.r, b.r)}; }
NETLET_INLINE VecI operator^(VecI a, VecI b) { return {veorq_s32(a.r, b.r)}; }
template <int bits> NETLET_INLINE VecI shl(VecI a) { return {vshlq_n_s32(a.r, bits)}; }
template <int bits> NETLET_INLINE VecI shr(VecI a) { return {vshrq_n_s32(a.r, bits)}; }
template <int bits> NETLET_INLINE VecI shr_logical(VecI a) {
    return {vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a.r), bits))};
}
NETLET_INLINE VecI mulhi_u32(VecI a, VecI b) {
    uint32x4_t x = vreinterpretq_u32_s32(a.r), y = vreinterpretq_u32_s32(b.r);
    uint32x4_t low = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(x), vget_low_u32(y)));
    uint32x4_t high = vreinterpretq_u32_u64(vmull_high_u32(x, y));
    return {vreinterpretq_s32_u32(vuzp2q_u32(low, high))};
}
NETLET_INLINE int32_t reduce_add(VecI a) { return vaddvq_s32(a.r); }

NETLET_INLINE Vec<float> to_float(VecI a) { return {vcvtq_f32_s32(a.r)}; }
NETLET_INLINE VecI to_int_round(Vec<float> a) { return {vcvtnq_s32_f32(a.r)}; }
NETLET_INLINE VecI to_int_trunc(Vec<float> a) { return {vcvtq_s32_f32(a.r)}; }
NETLET_INLINE Vec<float> as_float(VecI a) { return {vreinterpretq_f32_s32(a.r)}; }
NETLET_INLINE VecI as_int(Vec<float> a) { return {vreinterpretq_s32_f32(a.r)}; }

// ---- exponents ----------------------------------------------------------------------------------------------------
NETLET_INLINE Vec<float> pow2(Vec<float> n) { return as_float(shl<23>(to_int_round(n) + VecI::set1(127))); }
NETLET_INLINE Vec<double> pow2(Vec<double> n) {
    int64x2_t biased = vaddq_s64(vcvtnq_s64_f64(n.r), vdupq_n_s64(1023));
    return {vreinterpretq_f64_s64(vshlq_n_s64(biased, 52))};
}
NETLET_INLINE Vec<float> frexp(Vec<float> x, Vec<float>& e) {
    VecI bits = as_int(x);
    e = to_float(shr<23>(bits) - VecI::set1(126));
    return as_float((bits & VecI::set1(0x007fffff)) | VecI::set1(0x3f000000));
}
NETLET_INLINE Vec<double> frexp(Vec<double> x, Vec<double>& e) {
    int64x2_t bits = vreinterpretq_s64_f64(x.r);
    e.r = vcvtq_f64_s64(vsubq_s64(vshrq_n_s64(bits, 52), vdupq_n_s64(1022)));
    int64x2_t mantissa = vandq_s64(bits, vdupq_n_s64(0x000fffffffffffff));
    return {vreinterpretq_f64_s64(vorrq_s64(mantissa, vdupq_n_s64(0x3fe0000000000000)))};
}

#define NETLET_VEC_ASSIGN(T)                                                                                           \
    NETLET_INLINE Vec<T>& operator+=(Vec<T>& a, Vec<T> b) { return a = a + b; }                                        \
    NETLET_INLINE Vec<T>& operator-=(Vec<T>& a, Vec<T> b) { return a = a - b; }                                        \
    NETLET_INLINE Vec<T>& operator*=(Vec<T>& a, Vec<T> b) { return a = a * b; }
NETLET_VEC_ASSIGN(float)
NETLET_VEC_ASSIGN(double)
NETLET_VEC_ASSIGN(int32_t)
#undef NETLET_VEC_ASSIGN

}  // namespace netlet::NETLET_ISA
