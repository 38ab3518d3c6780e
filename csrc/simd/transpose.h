// transpose(r) transposes the W x W block with the rows r[0..W) in registers.
#pragma once
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

#if defined(NETLET_VEC_AVX2)

NETLET_INLINE void transpose(Vec<float> (&r)[8]) {
    __m256 t[8], u[8];
    NETLET_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
        t[2 * i] = _mm256_unpacklo_ps(r[2 * i].r, r[2 * i + 1].r);
        t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i].r, r[2 * i + 1].r);
    }
    NETLET_UNROLL(2)
    for (int i = 0; i < 8; i += 4) {
        u[i + 0] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    NETLET_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
        r[i].r = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
        r[i + 4].r = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
    }
}
NETLET_INLINE void transpose(Vec<double> (&r)[4]) {
    __m256d a = _mm256_unpacklo_pd(r[0].r, r[1].r), b = _mm256_unpackhi_pd(r[0].r, r[1].r);
    __m256d c = _mm256_unpacklo_pd(r[2].r, r[3].r), d = _mm256_unpackhi_pd(r[2].r, r[3].r);
    r[0].r = _mm256_permute2f128_pd(a, c, 0x20);
    r[1].r = _mm256_permute2f128_pd(b, d, 0x20);
    r[2].r = _mm256_permute2f128_pd(a, c, 0x31);
    r[3].r = _mm256_permute2f128_pd(b, d, 0x31);
}

#else

// zip_low(a, b) = a0 b0 a1 b1 ..., zip_high the same of the upper halves. Zipping row i with row i + W/2, log2(W)
// times, transposes: each step moves one bit of the row number into the lane number.
#if defined(NETLET_VEC_AVX512)
NETLET_INLINE Vec<float> zip_low(Vec<float> a, Vec<float> b) {
    __m512i index = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return {_mm512_permutex2var_ps(a.r, index, b.r)};
}
NETLET_INLINE Vec<float> zip_high(Vec<float> a, Vec<float> b) {
    __m512i index = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return {_mm512_permutex2var_ps(a.r, index, b.r)};
}
NETLET_INLINE Vec<double> zip_low(Vec<double> a, Vec<double> b) {
    return {_mm512_permutex2var_pd(a.r, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), b.r)};
}
NETLET_INLINE Vec<double> zip_high(Vec<double> a, Vec<double> b) {
    return {_mm512_permutex2var_pd(a.r, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), b.r)};
}
#elif defined(NETLET_VEC_NEON)
NETLET_INLINE Vec<float> zip_low(Vec<float> a, Vec<float> b) { return {vzip1q_f32(a.r, b.r)}; }
NETLET_INLINE Vec<float> zip_high(Vec<float> a, Vec<float> b) { return {vzip2q_f32(a.r, b.r)}; }
NETLET_INLINE Vec<double> zip_low(Vec<double> a, Vec<double> b) { return {vzip1q_f64(a.r, b.r)}; }
NETLET_INLINE Vec<double> zip_high(Vec<double> a, Vec<double> b) { return {vzip2q_f64(a.r, b.r)}; }
#endif

template <class V> NETLET_INLINE void transpose(V (&)[1]) {}
template <class V, int W> NETLET_INLINE void transpose(V (&r)[W]) {
    NETLET_UNROLL(4)
    for (int step = 1; step < W; step *= 2) {
        V t[W];
        NETLET_UNROLL(8)
        for (int i = 0; i < W / 2; ++i) {
            t[2 * i] = zip_low(r[i], r[i + W / 2]);
            t[2 * i + 1] = zip_high(r[i], r[i + W / 2]);
        }
        NETLET_UNROLL(16)
        for (int i = 0; i < W; ++i) r[i] = t[i];
    }
}

#endif

}  // namespace netlet::NETLET_ISA
