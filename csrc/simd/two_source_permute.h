// Selects lanes from two vectors that are contiguous in memory. Pooling uses it to split and merge pixels of few
// channels.
//   const TwoSourcePermute<T> every_second([](int lane) { return 2 * lane; });   the element of a lane, < 2 * width
//   every_second(p)       {p[0], p[2], ...}; reads all of p[0 .. 2 * width)
#pragma once
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

template <class T> struct TwoSourcePermute;

#if defined(NETLET_VEC_AVX512)

template <> struct TwoSourcePermute<float> {
    __m512i from;
    template <class F> NETLET_MEMBER_INLINE explicit TwoSourcePermute(const F& element) {
        int32_t at[16];
        for (int i = 0; i < 16; ++i) at[i] = (int32_t)element(i);
        from = _mm512_loadu_si512(at);
    }
    NETLET_MEMBER_INLINE Vec<float> operator()(const float* p) const {
        return {_mm512_permutex2var_ps(_mm512_loadu_ps(p), from, _mm512_loadu_ps(p + 16))};
    }
};
template <> struct TwoSourcePermute<double> {
    __m512i from;
    template <class F> NETLET_MEMBER_INLINE explicit TwoSourcePermute(const F& element) {
        int64_t at[8];
        for (int i = 0; i < 8; ++i) at[i] = (int64_t)element(i);
        from = _mm512_loadu_si512(at);
    }
    NETLET_MEMBER_INLINE Vec<double> operator()(const double* p) const {
        return {_mm512_permutex2var_pd(_mm512_loadu_pd(p), from, _mm512_loadu_pd(p + 8))};
    }
};

#elif defined(NETLET_VEC_AVX2)

// Permutes 32-bit lanes across a vector, doubles as pairs of them; `second` selects the vector that a lane comes from.
template <> struct TwoSourcePermute<float> {
    __m256i from, second;
    template <class F> NETLET_MEMBER_INLINE explicit TwoSourcePermute(const F& element) {
        int32_t at[8], high[8];
        for (int i = 0; i < 8; ++i) {
            at[i] = (int32_t)(element(i) % 8);
            high[i] = element(i) < 8 ? 0 : -1;
        }
        from = _mm256_loadu_si256((const __m256i*)at);
        second = _mm256_loadu_si256((const __m256i*)high);
    }
    NETLET_MEMBER_INLINE Vec<float> operator()(const float* p) const {
        return {_mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_loadu_ps(p), from),
                                 _mm256_permutevar8x32_ps(_mm256_loadu_ps(p + 8), from), _mm256_castsi256_ps(second))};
    }
};
template <> struct TwoSourcePermute<double> {
    TwoSourcePermute<float> halves;
    template <class F>
    NETLET_MEMBER_INLINE explicit TwoSourcePermute(const F& element)
        : halves([&](int i) { return 2 * element(i / 2) + i % 2; }) {}
    NETLET_MEMBER_INLINE Vec<double> operator()(const double* p) const {
        return {_mm256_castps_pd(halves((const float*)p).r)};
    }
};

#elif defined(NETLET_VEC_NEON)

template <class T> struct TwoSourcePermute {
    uint8x16_t from;
    template <class F> NETLET_MEMBER_INLINE explicit TwoSourcePermute(const F& element) {
        uint8_t at[16];
        for (int i = 0; i < 16; ++i)
            at[i] = (uint8_t)((int)element(i / (int)sizeof(T)) * (int)sizeof(T) + i % (int)sizeof(T));
        from = vld1q_u8(at);
    }
    NETLET_MEMBER_INLINE Vec<T> operator()(const T* p) const {
        const uint8_t* bytes = (const uint8_t*)p;
        T lanes[Vec<T>::width];
        vst1q_u8((uint8_t*)lanes, vqtbl2q_u8({{vld1q_u8(bytes), vld1q_u8(bytes + 16)}}, from));
        return Vec<T>::load(lanes);
    }
};

#else

template <class T> struct TwoSourcePermute {
    int64_t from;
    template <class F> NETLET_MEMBER_INLINE explicit TwoSourcePermute(const F& element) : from((int64_t)element(0)) {}
    NETLET_MEMBER_INLINE Vec<T> operator()(const T* p) const { return {p[from]}; }
};

#endif

}  // namespace netlet::NETLET_ISA
