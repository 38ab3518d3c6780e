// Packs bytes and bfloat16 numbers into 32-bit lanes, for matrix products in low precision.
#pragma once
#include <string.h>

#include "simd/transpose.h"

namespace netlet::NETLET_ISA {

using Words = Vec<int32_t>;

//   load_bytes(p, n)    the first n bytes, n <= 4 * width; missing bytes are 0 and nothing past p+n is read
//   widen_u8(x)         the first `width` bytes of x, one to a lane
//   widen_u16(x)        the first `width` pairs of bytes of x, one to a lane
#if defined(NETLET_VEC_AVX512)
NETLET_INLINE Words load_bytes(const void* p, int64_t n) {
    return {_mm512_maskz_loadu_epi8(n < 64 ? (1ull << n) - 1 : ~0ull, p)};
}
NETLET_INLINE Words widen_u8(Words x) { return {_mm512_cvtepu8_epi32(_mm512_castsi512_si128(x.r))}; }
NETLET_INLINE Words widen_u16(Words x) { return {_mm512_cvtepu16_epi32(_mm512_castsi512_si256(x.r))}; }
#elif defined(NETLET_VEC_AVX2)
NETLET_INLINE Words load_bytes(const void* p, int64_t n) {
    if (n == 32) return {_mm256_loadu_si256((const __m256i*)p)};
    if (n == 16) return {_mm256_castsi128_si256(_mm_loadu_si128((const __m128i*)p))};
    if (n == 8) return {_mm256_castsi128_si256(_mm_loadl_epi64((const __m128i*)p))};
    alignas(32) uint8_t bytes[32] = {};
    memcpy(bytes, p, (size_t)n);
    return {_mm256_load_si256((const __m256i*)bytes)};
}
NETLET_INLINE Words widen_u8(Words x) { return {_mm256_cvtepu8_epi32(_mm256_castsi256_si128(x.r))}; }
NETLET_INLINE Words widen_u16(Words x) { return {_mm256_cvtepu16_epi32(_mm256_castsi256_si128(x.r))}; }
#elif defined(NETLET_VEC_NEON)
NETLET_INLINE Words load_bytes(const void* p, int64_t n) {
    if (n == 16) return {vreinterpretq_s32_u8(vld1q_u8((const uint8_t*)p))};
    uint8_t bytes[16] = {};
    memcpy(bytes, p, (size_t)n);
    return {vreinterpretq_s32_u8(vld1q_u8(bytes))};
}
NETLET_INLINE Words widen_u16(Words x) {
    return {vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vreinterpretq_u16_s32(x.r))))};
}
NETLET_INLINE Words widen_u8(Words x) {
    return widen_u16({vreinterpretq_s32_u16(vmovl_u8(vget_low_u8(vreinterpretq_u8_s32(x.r))))});
}
#else
NETLET_INLINE Words load_bytes(const void* p, int64_t n) {
    uint8_t bytes[4] = {};
    memcpy(bytes, p, (size_t)n);
    return {(int32_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24)};
}
NETLET_INLINE Words widen_u8(Words x) { return {x.r & 0xff}; }
NETLET_INLINE Words widen_u16(Words x) { return {x.r & 0xffff}; }
#endif

// ---- packing: F (gemm_dot.h) defines how many numbers a lane holds and how lanes are loaded -------------------------
// A line is a row of a or a column of b. Lane w of a line holds its terms k from w * F::group on. dst holds
// ceil(K / F::group) rows of lanes. Terms and lines past the end are zeros. The lanes are XORed with `flip`.

// The terms of a line are contiguous: dst[w*ld_dst + i] = lane w of line i, whose term k is src[i*ld + k].
template <class F, class S>
NETLET_INLINE void pack_k_contiguous(int32_t* dst, int64_t ld_dst, const S* src, int64_t ld, int64_t lines, int64_t K,
                                     int32_t flip) {
    constexpr int W = Words::width;
    constexpr int64_t most = F::group * W;
    for (int64_t i0 = 0; i0 < lines; i0 += W) {
        const int64_t n = lines - i0 < W ? lines - i0 : W;
        for (int64_t k0 = 0; k0 < K; k0 += most) {
            const int64_t terms = K - k0 < most ? K - k0 : most;
            const int64_t rows = (terms + F::group - 1) / F::group;
            const S* s = src + i0 * ld + k0;
            int32_t* d = dst + k0 / F::group * ld_dst + i0;
            Vec<float> r[W];
            NETLET_UNROLL(16)
            for (int i = 0; i < W; ++i)
                r[i] = i < n ? as_float(F::along(s + i * ld, terms) ^ Words::set1(flip)) : Vec<float>::zero();
            transpose(r);
            NETLET_UNROLL(16)
            for (int w = 0; w < W; ++w)
                if (w < rows) as_int(r[w]).store(d + w * ld_dst);
        }
    }
}

// The terms of a line are ld apart: dst[w*ld_dst + j] = lane w of line j, whose term k is src[k*ld + j].
template <class F, class S>
NETLET_INLINE void pack_k_strided(int32_t* dst, int64_t ld_dst, const S* src, int64_t ld, int64_t lines, int64_t K,
                                  int32_t flip) {
    constexpr int W = Words::width;
    for (int64_t k = 0; k < K; k += F::group, dst += ld_dst, src += F::group * ld) {
        const int64_t terms = K - k < F::group ? K - k : F::group;
        for (int64_t j = 0; j < lines; j += W)
            (F::across(src + j, ld, terms, lines - j < W ? lines - j : W) ^ Words::set1(flip)).store(dst + j);
    }
}

}  // namespace netlet::NETLET_ISA
