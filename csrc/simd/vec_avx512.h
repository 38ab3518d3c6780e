// AVX-512 F + BW + DQ + VL: 16 floats, 8 doubles, real mask registers. See vec.h for the interface.
#pragma once
#include "base/types.h"

NETLET_IMMINTRIN_BEGIN
#include <immintrin.h>
NETLET_IMMINTRIN_END

namespace netlet::NETLET_ISA {

template <class T> struct Vec;

template <class T> NETLET_INLINE T nan_of(T) { return (T)NETLET_NAN; }

#define NETLET_MASK(Mask, K)                                                                                           \
    struct Mask {                                                                                                      \
        K m;                                                                                                           \
    };                                                                                                                 \
    NETLET_INLINE Mask operator&(Mask a, Mask b) { return {(K)(a.m & b.m)}; }                                          \
    NETLET_INLINE Mask operator|(Mask a, Mask b) { return {(K)(a.m | b.m)}; }                                          \
    NETLET_INLINE Mask operator!(Mask a) { return {(K)~a.m}; }                                                         \
    NETLET_INLINE bool any(Mask a) { return a.m != 0; }
NETLET_MASK(Mask16, __mmask16)
NETLET_MASK(Mask8, __mmask8)
#undef NETLET_MASK

// The part shared by float, double and int32_t. S is the suffix of the typed intrinsics, Z of the untyped ones.
#define NETLET_AVX512_VEC(T, R, K, lanes, S, Z)                                                                        \
    template <> struct Vec<T> {                                                                                        \
        using Scalar = T;                                                                                              \
        using Mask = Mask##lanes;                                                                                      \
        static constexpr int width = lanes;                                                                            \
        R r;                                                                                                           \
        static NETLET_MEMBER_INLINE K first(int64_t n) { return (K)((1u << n) - 1u); }                                 \
        static NETLET_MEMBER_INLINE Vec zero() { return {_mm512_setzero_##Z()}; }                                      \
        static NETLET_MEMBER_INLINE Vec set1(T s) { return {_mm512_set1_##S(s)}; }                                     \
        static NETLET_MEMBER_INLINE Vec iota();                                                                        \
        static NETLET_MEMBER_INLINE Vec load(const T* p) { return {_mm512_loadu_##Z(p)}; }                             \
        static NETLET_MEMBER_INLINE Vec load_n(const T* p, int64_t n) {                                                \
            return {_mm512_maskz_loadu_##S(first(n), p)};                                                              \
        }                                                                                                              \
        NETLET_MEMBER_INLINE void store(T* p) const { _mm512_storeu_##Z(p, r); }                                       \
        NETLET_MEMBER_INLINE void store_n(T* p, int64_t n) const { _mm512_mask_storeu_##S(p, first(n), r); }           \
    };                                                                                                                 \
    NETLET_INLINE Vec<T> operator+(Vec<T> a, Vec<T> b) { return {_mm512_add_##S(a.r, b.r)}; }                          \
    NETLET_INLINE Vec<T> operator-(Vec<T> a, Vec<T> b) { return {_mm512_sub_##S(a.r, b.r)}; }                          \
    NETLET_INLINE Vec<T> select(Mask##lanes m, Vec<T> a, Vec<T> b) { return {_mm512_mask_blend_##S(m.m, b.r, a.r)}; }

// min and max: the instruction returns its second operand when either is NaN, so only a NaN in `a` needs care.
#define NETLET_AVX512_FLOAT(T, R, K, lanes, S)                                                                         \
    NETLET_AVX512_VEC(T, R, K, lanes, S, S)                                                                            \
    NETLET_INLINE Vec<T> operator*(Vec<T> a, Vec<T> b) { return {_mm512_mul_##S(a.r, b.r)}; }                          \
    NETLET_INLINE Vec<T> operator/(Vec<T> a, Vec<T> b) { return {_mm512_div_##S(a.r, b.r)}; }                          \
    NETLET_INLINE Vec<T> operator-(Vec<T> a) { return {_mm512_xor_##S(a.r, _mm512_set1_##S((T) - 0.0))}; }             \
    NETLET_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) { return {_mm512_fmadd_##S(a.r, b.r, c.r)}; }               \
    NETLET_INLINE Vec<T> fnma(Vec<T> a, Vec<T> b, Vec<T> c) { return {_mm512_fnmadd_##S(a.r, b.r, c.r)}; }             \
    NETLET_INLINE Mask##lanes lt(Vec<T> a, Vec<T> b) { return {_mm512_cmp_##S##_mask(a.r, b.r, _CMP_LT_OQ)}; }         \
    NETLET_INLINE Mask##lanes le(Vec<T> a, Vec<T> b) { return {_mm512_cmp_##S##_mask(a.r, b.r, _CMP_LE_OQ)}; }         \
    NETLET_INLINE Mask##lanes gt(Vec<T> a, Vec<T> b) { return {_mm512_cmp_##S##_mask(a.r, b.r, _CMP_GT_OQ)}; }         \
    NETLET_INLINE Mask##lanes ge(Vec<T> a, Vec<T> b) { return {_mm512_cmp_##S##_mask(a.r, b.r, _CMP_GE_OQ)}; }         \
    NETLET_INLINE Mask##lanes eq(Vec<T> a, Vec<T> b) { return {_mm512_cmp_##S##_mask(a.r, b.r, _CMP_EQ_OQ)}; }         \
    NETLET_INLINE Mask##lanes ne(Vec<T> a, Vec<T> b) { return {_mm512_cmp_##S##_mask(a.r, b.r, _CMP_NEQ_UQ)}; }        \
    NETLET_INLINE Mask##lanes is_nan(Vec<T> a) { return {_mm512_cmp_##S##_mask(a.r, a.r, _CMP_UNORD_Q)}; }             \
    NETLET_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {                                                                     \
        return {_mm512_mask_min_##S(a.r, _mm512_cmp_##S##_mask(a.r, a.r, _CMP_ORD_Q), a.r, b.r)};                      \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {                                                                     \
        return {_mm512_mask_max_##S(a.r, _mm512_cmp_##S##_mask(a.r, a.r, _CMP_ORD_Q), a.r, b.r)};                      \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> abs(Vec<T> a) { return {_mm512_andnot_##S(_mm512_set1_##S((T) - 0.0), a.r)}; }                \
    NETLET_INLINE Vec<T> copysign(Vec<T> a, Vec<T> sign) {                                                             \
        return {_mm512_or_##S(abs(a).r, _mm512_and_##S(_mm512_set1_##S((T) - 0.0), sign.r))};                          \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> sqrt(Vec<T> a) { return {_mm512_sqrt_##S(a.r)}; }                                             \
    NETLET_INLINE Vec<T> floor(Vec<T> a) {                                                                             \
        return {_mm512_roundscale_##S(a.r, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)};                                \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> round_even(Vec<T> a) {                                                                        \
        return {_mm512_roundscale_##S(a.r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};                            \
    }                                                                                                                  \
    NETLET_INLINE T reduce_add(Vec<T> a) { return _mm512_reduce_add_##S(a.r); }                                        \
    NETLET_INLINE T reduce_max(Vec<T> a) { return any(is_nan(a)) ? nan_of(T()) : _mm512_reduce_max_##S(a.r); }         \
    NETLET_INLINE T reduce_min(Vec<T> a) { return any(is_nan(a)) ? nan_of(T()) : _mm512_reduce_min_##S(a.r); }         \
    NETLET_INLINE Vec<T> pow2(Vec<T> n) { return {_mm512_scalef_##S(_mm512_set1_##S(1), n.r)}; }                       \
    NETLET_INLINE Vec<T> frexp(Vec<T> x, Vec<T>& e) {                                                                  \
        e.r = _mm512_add_##S(_mm512_getexp_##S(x.r), _mm512_set1_##S(1));                                              \
        return {_mm512_getmant_##S(x.r, _MM_MANT_NORM_p5_1, _MM_MANT_SIGN_zero)};                                      \
    }

NETLET_AVX512_FLOAT(float, __m512, __mmask16, 16, ps)
NETLET_AVX512_FLOAT(double, __m512d, __mmask8, 8, pd)
NETLET_AVX512_VEC(int32_t, __m512i, __mmask16, 16, epi32, si512)
#undef NETLET_AVX512_FLOAT
#undef NETLET_AVX512_VEC

NETLET_MEMBER_INLINE Vec<float> Vec<float>::iota() {
    return {_mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
}
NETLET_MEMBER_INLINE Vec<double> Vec<double>::iota() { return {_mm512_setr_pd(0, 1, 2, 3, 4, 5, 6, 7)}; }
NETLET_MEMBER_INLINE Vec<int32_t> Vec<int32_t>::iota() {
    return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
}

// ---- int32 --------------------------------------------------------------------------------------------------------
using VecI = Vec<int32_t>;
NETLET_INLINE VecI operator*(VecI a, VecI b) { return {_mm512_mullo_epi32(a.r, b.r)}; }
NETLET_INLINE VecI operator&(VecI a, VecI b) { return {_mm512_and_si512(a.r, b.r)}; }
NETLET_INLINE VecI operator|(VecI a, VecI b) { return {_mm512_or_si512(a.r, b.r)}; }
NETLET_INLINE VecI operator^(VecI a, VecI b) { return {_mm512_xor_si512(a.r, b.r)}; }
NETLET_INLINE VecI min(VecI a, VecI b) { return {_mm512_min_epi32(a.r, b.r)}; }
NETLET_INLINE VecI max(VecI a, VecI b) { return {_mm512_max_epi32(a.r, b.r)}; }
template <int bits> NETLET_INLINE VecI shl(VecI a) { return {_mm512_slli_epi32(a.r, bits)}; }
template <int bits> NETLET_INLINE VecI shr(VecI a) { return {_mm512_srai_epi32(a.r, bits)}; }
template <int bits> NETLET_INLINE VecI shr_logical(VecI a) { return {_mm512_srli_epi32(a.r, bits)}; }
NETLET_INLINE VecI mulhi_u32(VecI a, VecI b) {
    __m512i even = _mm512_mul_epu32(a.r, b.r);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a.r, 32), _mm512_srli_epi64(b.r, 32));
    return {_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd)};
}
NETLET_INLINE Mask16 lt(VecI a, VecI b) { return {_mm512_cmplt_epi32_mask(a.r, b.r)}; }
NETLET_INLINE Mask16 le(VecI a, VecI b) { return {_mm512_cmple_epi32_mask(a.r, b.r)}; }
NETLET_INLINE Mask16 gt(VecI a, VecI b) { return {_mm512_cmpgt_epi32_mask(a.r, b.r)}; }
NETLET_INLINE Mask16 ge(VecI a, VecI b) { return {_mm512_cmpge_epi32_mask(a.r, b.r)}; }
NETLET_INLINE Mask16 eq(VecI a, VecI b) { return {_mm512_cmpeq_epi32_mask(a.r, b.r)}; }
NETLET_INLINE Mask16 ne(VecI a, VecI b) { return {_mm512_cmpneq_epi32_mask(a.r, b.r)}; }
NETLET_INLINE int32_t reduce_add(VecI a) { return _mm512_reduce_add_epi32(a.r); }

NETLET_INLINE Vec<float> to_float(VecI a) { return {_mm512_cvtepi32_ps(a.r)}; }
NETLET_INLINE VecI to_int_round(Vec<float> a) { return {_mm512_cvtps_epi32(a.r)}; }
NETLET_INLINE VecI to_int_trunc(Vec<float> a) { return {_mm512_cvttps_epi32(a.r)}; }
NETLET_INLINE Vec<float> as_float(VecI a) { return {_mm512_castsi512_ps(a.r)}; }
NETLET_INLINE VecI as_int(Vec<float> a) { return {_mm512_castps_si512(a.r)}; }

#define NETLET_VEC_ASSIGN(T)                                                                                           \
    NETLET_INLINE Vec<T>& operator+=(Vec<T>& a, Vec<T> b) { return a = a + b; }                                        \
    NETLET_INLINE Vec<T>& operator-=(Vec<T>& a, Vec<T> b) { return a = a - b; }                                        \
    NETLET_INLINE Vec<T>& operator*=(Vec<T>& a, Vec<T> b) { return a = a * b; }
NETLET_VEC_ASSIGN(float)
NETLET_VEC_ASSIGN(double)
NETLET_VEC_ASSIGN(int32_t)
#undef NETLET_VEC_ASSIGN

}  // namespace netlet::NETLET_ISA
