// AVX2 + FMA: 8 floats, 4 doubles, masks are whole vectors. See vec.h for the interface.
#pragma once
#include <immintrin.h>

#include "base/types.h"

namespace netlet::NETLET_ISA {

template <class T> struct Vec;

// A mask holds all ones or all zeros in each lane; one type for 32-bit lanes, one for 64-bit lanes.
#define NETLET_MASK(Mask, R, S)                                                                                        \
    struct Mask {                                                                                                      \
        R m;                                                                                                           \
    };                                                                                                                 \
    NETLET_INLINE Mask operator&(Mask a, Mask b) { return {_mm256_and_##S(a.m, b.m)}; }                                \
    NETLET_INLINE Mask operator|(Mask a, Mask b) { return {_mm256_or_##S(a.m, b.m)}; }                                 \
    NETLET_INLINE Mask operator!(Mask a) {                                                                             \
        return {_mm256_xor_##S(a.m, _mm256_castsi256_##S(_mm256_set1_epi32(-1)))};                                     \
    }                                                                                                                  \
    NETLET_INLINE bool any(Mask a) { return _mm256_movemask_##S(a.m) != 0; }
NETLET_MASK(Mask32, __m256, ps)
NETLET_MASK(Mask64, __m256d, pd)
#undef NETLET_MASK

NETLET_INLINE __m256i first_lanes(float, int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
NETLET_INLINE __m256i first_lanes(double, int64_t n) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}

// Partial stores write halves, quarters, ...: vmaskmov stores are microcoded on AMD before Zen 5 and cost tens of
// cycles.
NETLET_INLINE void store_first(float* p, __m256 r, int64_t n) {
    if (n >= 8) return _mm256_storeu_ps(p, r);
    __m128 part = _mm256_castps256_ps128(r);
    if (n & 4) {
        _mm_storeu_ps(p, part);
        p += 4;
        part = _mm256_extractf128_ps(r, 1);
    }
    if (n & 2) {
        _mm_storel_pi((__m64*)p, part);
        p += 2;
        part = _mm_movehl_ps(part, part);
    }
    if (n & 1) _mm_store_ss(p, part);
}
NETLET_INLINE void store_first(double* p, __m256d r, int64_t n) {
    if (n >= 4) return _mm256_storeu_pd(p, r);
    __m128d part = _mm256_castpd256_pd128(r);
    if (n & 2) {
        _mm_storeu_pd(p, part);
        p += 2;
        part = _mm256_extractf128_pd(r, 1);
    }
    if (n & 1) _mm_store_sd(p, part);
}

// Halves, quarters, ...: the order of the additions is part of the result.
NETLET_INLINE float reduce_sum(__m256 r) {
    __m128 h = _mm_add_ps(_mm256_castps256_ps128(r), _mm256_extractf128_ps(r, 1));
    h = _mm_add_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
NETLET_INLINE double reduce_sum(__m256d r) {
    __m128d h = _mm_add_pd(_mm256_castpd256_pd128(r), _mm256_extractf128_pd(r, 1));
    return _mm_cvtsd_f64(_mm_add_sd(h, _mm_unpackhi_pd(h, h)));
}
#define NETLET_REDUCE(op)                                                                                              \
    NETLET_INLINE float reduce_##op(__m256 r) {                                                                        \
        __m128 h = _mm_##op##_ps(_mm256_castps256_ps128(r), _mm256_extractf128_ps(r, 1));                              \
        h = _mm_##op##_ps(h, _mm_movehl_ps(h, h));                                                                     \
        return _mm_cvtss_f32(_mm_##op##_ss(h, _mm_movehdup_ps(h)));                                                    \
    }                                                                                                                  \
    NETLET_INLINE double reduce_##op(__m256d r) {                                                                      \
        __m128d h = _mm_##op##_pd(_mm256_castpd256_pd128(r), _mm256_extractf128_pd(r, 1));                             \
        return _mm_cvtsd_f64(_mm_##op##_sd(h, _mm_unpackhi_pd(h, h)));                                                 \
    }
NETLET_REDUCE(max)
NETLET_REDUCE(min)
#undef NETLET_REDUCE

// min and max: the instruction returns its second operand when either is NaN, so only a NaN in `a` needs care.
#define NETLET_AVX2_FLOAT(T, R, lanes, S, Mask_)                                                                       \
    template <> struct Vec<T> {                                                                                        \
        using Scalar = T;                                                                                              \
        using Mask = Mask_;                                                                                            \
        static constexpr int width = lanes;                                                                            \
        R r;                                                                                                           \
        static NETLET_MEMBER_INLINE Vec zero() { return {_mm256_setzero_##S()}; }                                      \
        static NETLET_MEMBER_INLINE Vec set1(T s) { return {_mm256_set1_##S(s)}; }                                     \
        static NETLET_MEMBER_INLINE Vec iota();                                                                        \
        static NETLET_MEMBER_INLINE Vec load(const T* p) { return {_mm256_loadu_##S(p)}; }                             \
        static NETLET_MEMBER_INLINE Vec load_n(const T* p, int64_t n) {                                                \
            return {_mm256_maskload_##S(p, first_lanes(T(), n))};                                                      \
        }                                                                                                              \
        NETLET_MEMBER_INLINE void store(T* p) const { _mm256_storeu_##S(p, r); }                                       \
        NETLET_MEMBER_INLINE void store_n(T* p, int64_t n) const { store_first(p, r, n); }                             \
    };                                                                                                                 \
    NETLET_INLINE Vec<T> operator+(Vec<T> a, Vec<T> b) { return {_mm256_add_##S(a.r, b.r)}; }                          \
    NETLET_INLINE Vec<T> operator-(Vec<T> a, Vec<T> b) { return {_mm256_sub_##S(a.r, b.r)}; }                          \
    NETLET_INLINE Vec<T> operator*(Vec<T> a, Vec<T> b) { return {_mm256_mul_##S(a.r, b.r)}; }                          \
    NETLET_INLINE Vec<T> operator/(Vec<T> a, Vec<T> b) { return {_mm256_div_##S(a.r, b.r)}; }                          \
    NETLET_INLINE Vec<T> operator-(Vec<T> a) { return {_mm256_xor_##S(a.r, _mm256_set1_##S((T) - 0.0))}; }             \
    NETLET_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) { return {_mm256_fmadd_##S(a.r, b.r, c.r)}; }               \
    NETLET_INLINE Vec<T> fnma(Vec<T> a, Vec<T> b, Vec<T> c) { return {_mm256_fnmadd_##S(a.r, b.r, c.r)}; }             \
    NETLET_INLINE Mask_ lt(Vec<T> a, Vec<T> b) { return {_mm256_cmp_##S(a.r, b.r, _CMP_LT_OQ)}; }                      \
    NETLET_INLINE Mask_ le(Vec<T> a, Vec<T> b) { return {_mm256_cmp_##S(a.r, b.r, _CMP_LE_OQ)}; }                      \
    NETLET_INLINE Mask_ gt(Vec<T> a, Vec<T> b) { return {_mm256_cmp_##S(a.r, b.r, _CMP_GT_OQ)}; }                      \
    NETLET_INLINE Mask_ ge(Vec<T> a, Vec<T> b) { return {_mm256_cmp_##S(a.r, b.r, _CMP_GE_OQ)}; }                      \
    NETLET_INLINE Mask_ eq(Vec<T> a, Vec<T> b) { return {_mm256_cmp_##S(a.r, b.r, _CMP_EQ_OQ)}; }                      \
    NETLET_INLINE Mask_ ne(Vec<T> a, Vec<T> b) { return {_mm256_cmp_##S(a.r, b.r, _CMP_NEQ_UQ)}; }                     \
    NETLET_INLINE Mask_ is_nan(Vec<T> a) { return {_mm256_cmp_##S(a.r, a.r, _CMP_UNORD_Q)}; }                          \
    NETLET_INLINE Vec<T> select(Mask_ m, Vec<T> a, Vec<T> b) { return {_mm256_blendv_##S(b.r, a.r, m.m)}; }            \
    NETLET_INLINE Vec<T> min(Vec<T> a, Vec<T> b) { return select(is_nan(a), a, {_mm256_min_##S(a.r, b.r)}); }          \
    NETLET_INLINE Vec<T> max(Vec<T> a, Vec<T> b) { return select(is_nan(a), a, {_mm256_max_##S(a.r, b.r)}); }          \
    NETLET_INLINE Vec<T> abs(Vec<T> a) { return {_mm256_andnot_##S(_mm256_set1_##S((T) - 0.0), a.r)}; }                \
    NETLET_INLINE Vec<T> copysign(Vec<T> a, Vec<T> sign) {                                                             \
        return {_mm256_or_##S(abs(a).r, _mm256_and_##S(_mm256_set1_##S((T) - 0.0), sign.r))};                          \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> sqrt(Vec<T> a) { return {_mm256_sqrt_##S(a.r)}; }                                             \
    NETLET_INLINE Vec<T> floor(Vec<T> a) {                                                                             \
        return {_mm256_round_##S(a.r, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)};                                     \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> round_even(Vec<T> a) {                                                                        \
        return {_mm256_round_##S(a.r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};                                 \
    }                                                                                                                  \
    NETLET_INLINE T reduce_add(Vec<T> a) { return reduce_sum(a.r); }                                                   \
    NETLET_INLINE T reduce_max(Vec<T> a) { return any(is_nan(a)) ? (T)NETLET_NAN : reduce_max(a.r); }                  \
    NETLET_INLINE T reduce_min(Vec<T> a) { return any(is_nan(a)) ? (T)NETLET_NAN : reduce_min(a.r); }

NETLET_AVX2_FLOAT(float, __m256, 8, ps, Mask32)
NETLET_AVX2_FLOAT(double, __m256d, 4, pd, Mask64)
#undef NETLET_AVX2_FLOAT

NETLET_MEMBER_INLINE Vec<float> Vec<float>::iota() { return {_mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7)}; }
NETLET_MEMBER_INLINE Vec<double> Vec<double>::iota() { return {_mm256_setr_pd(0, 1, 2, 3)}; }

// ---- int32 --------------------------------------------------------------------------------------------------------
template <> struct Vec<int32_t> {
    using Scalar = int32_t;
    using Mask = Mask32;
    static constexpr int width = 8;
    __m256i r;
    static NETLET_MEMBER_INLINE Vec zero() { return {_mm256_setzero_si256()}; }
    static NETLET_MEMBER_INLINE Vec set1(int32_t s) { return {_mm256_set1_epi32(s)}; }
    static NETLET_MEMBER_INLINE Vec iota() { return {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)}; }
    static NETLET_MEMBER_INLINE Vec load(const int32_t* p) { return {_mm256_loadu_si256((const __m256i*)p)}; }
    static NETLET_MEMBER_INLINE Vec load_n(const int32_t* p, int64_t n) {
        return {_mm256_maskload_epi32(p, first_lanes(0.0f, n))};
    }
    NETLET_MEMBER_INLINE void store(int32_t* p) const { _mm256_storeu_si256((__m256i*)p, r); }
    NETLET_MEMBER_INLINE void store_n(int32_t* p, int64_t n) const {
        _mm256_maskstore_epi32(p, first_lanes(0.0f, n), r);
    }
};
using VecI = Vec<int32_t>;
NETLET_INLINE VecI operator+(VecI a, VecI b) { return {_mm256_add_epi32(a.r, b.r)}; }
NETLET_INLINE VecI operator-(VecI a, VecI b) { return {_mm256_sub_epi32(a.r, b.r)}; }
NETLET_INLINE VecI operator*(VecI a, VecI b) { return {_mm256_mullo_epi32(a.r, b.r)}; }
NETLET_INLINE VecI operator&(VecI a, VecI b) { return {_mm256_and_si256(a.r, b.r)}; }
NETLET_INLINE VecI operator|(VecI a, VecI b) { return {_mm256_or_si256(a.r, b.r)}; }
NETLET_INLINE VecI operator^(VecI a, VecI b) { return {_mm256_xor_si256(a.r, b.r)}; }
NETLET_INLINE VecI min(VecI a, VecI b) { return {_mm256_min_epi32(a.r, b.r)}; }
NETLET_INLINE VecI max(VecI a, VecI b) { return {_mm256_max_epi32(a.r, b.r)}; }
template <int bits> NETLET_INLINE VecI shl(VecI a) { return {_mm256_slli_epi32(a.r, bits)}; }
template <int bits> NETLET_INLINE VecI shr(VecI a) { return {_mm256_srai_epi32(a.r, bits)}; }
template <int bits> NETLET_INLINE VecI shr_logical(VecI a) { return {_mm256_srli_epi32(a.r, bits)}; }
NETLET_INLINE VecI mulhi_u32(VecI a, VecI b) {
    __m256i even = _mm256_mul_epu32(a.r, b.r);
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a.r, 32), _mm256_srli_epi64(b.r, 32));
    return {_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa)};
}
NETLET_INLINE Mask32 gt(VecI a, VecI b) { return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(a.r, b.r))}; }
NETLET_INLINE Mask32 lt(VecI a, VecI b) { return gt(b, a); }
NETLET_INLINE Mask32 le(VecI a, VecI b) { return !gt(a, b); }
NETLET_INLINE Mask32 ge(VecI a, VecI b) { return !gt(b, a); }
NETLET_INLINE Mask32 eq(VecI a, VecI b) { return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.r, b.r))}; }
NETLET_INLINE Mask32 ne(VecI a, VecI b) { return !eq(a, b); }
NETLET_INLINE VecI select(Mask32 m, VecI a, VecI b) { return {_mm256_blendv_epi8(b.r, a.r, _mm256_castps_si256(m.m))}; }
NETLET_INLINE int32_t reduce_add(VecI a) {
    __m128i h = _mm_add_epi32(_mm256_castsi256_si128(a.r), _mm256_extracti128_si256(a.r, 1));
    h = _mm_add_epi32(h, _mm_unpackhi_epi64(h, h));
    return _mm_cvtsi128_si32(_mm_add_epi32(h, _mm_shuffle_epi32(h, 1)));
}

NETLET_INLINE Vec<float> to_float(VecI a) { return {_mm256_cvtepi32_ps(a.r)}; }
NETLET_INLINE VecI to_int_round(Vec<float> a) { return {_mm256_cvtps_epi32(a.r)}; }
NETLET_INLINE VecI to_int_trunc(Vec<float> a) { return {_mm256_cvttps_epi32(a.r)}; }
NETLET_INLINE Vec<float> as_float(VecI a) { return {_mm256_castsi256_ps(a.r)}; }
NETLET_INLINE VecI as_int(Vec<float> a) { return {_mm256_castps_si256(a.r)}; }

// ---- exponents ----------------------------------------------------------------------------------------------------
// AVX2 has no conversion between double and int64. Adding an integer to 2^52 puts it in the low mantissa bits instead.
NETLET_INLINE Vec<float> pow2(Vec<float> n) { return as_float(shl<23>(to_int_round(n) + VecI::set1(127))); }
NETLET_INLINE Vec<double> pow2(Vec<double> n) {
    __m256d biased = _mm256_add_pd(n.r, _mm256_set1_pd(0x1p52 + 1023));
    return {_mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(biased), 52))};
}
NETLET_INLINE Vec<float> frexp(Vec<float> x, Vec<float>& e) {
    VecI bits = as_int(x);
    e = to_float(shr<23>(bits) - VecI::set1(126));
    return as_float((bits & VecI::set1(0x007fffff)) | VecI::set1(0x3f000000));
}
NETLET_INLINE Vec<double> frexp(Vec<double> x, Vec<double>& e) {
    __m256i bits = _mm256_castpd_si256(x.r);
    __m256i biased = _mm256_or_si256(_mm256_srli_epi64(bits, 52), _mm256_castpd_si256(_mm256_set1_pd(0x1p52)));
    e.r = _mm256_sub_pd(_mm256_castsi256_pd(biased), _mm256_set1_pd(0x1p52 + 1022));
    __m256i mantissa = _mm256_and_si256(bits, _mm256_set1_epi64x(0x000fffffffffffff));
    return {_mm256_castsi256_pd(_mm256_or_si256(mantissa, _mm256_castpd_si256(_mm256_set1_pd(0.5))))};
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
