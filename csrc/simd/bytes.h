// Loads and stores bytes, one byte for each 32-bit lane of a VecI.
//   load_i8(p), load_u8(p)        widened with or without sign extension
//   store_low_bytes(v, p)         the lowest byte of each lane; the others are dropped
//   load_i8_n, load_u8_n(p, n), store_low_bytes_n(v, p, n)   the first n of them
#pragma once
#include <string.h>

#include "simd/vec.h"

namespace netlet::NETLET_ISA {

#if defined(NETLET_VEC_AVX512)
NETLET_INLINE VecI load_i8(const uint8_t* p) { return {_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)p))}; }
NETLET_INLINE VecI load_u8(const uint8_t* p) { return {_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)p))}; }
NETLET_INLINE void store_low_bytes(VecI v, uint8_t* p) { _mm_storeu_si128((__m128i*)p, _mm512_cvtepi32_epi8(v.r)); }
#elif defined(NETLET_VEC_AVX2)
NETLET_INLINE VecI load_i8(const uint8_t* p) { return {_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i*)p))}; }
NETLET_INLINE VecI load_u8(const uint8_t* p) { return {_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p))}; }
NETLET_INLINE void store_low_bytes(VecI v, uint8_t* p) {
    const __m256i quads = _mm256_shuffle_epi8(v.r, _mm256_set1_epi32(0x0c080400));  // bytes 0, 4, 8, 12 of each half
    const __m128i both = _mm_unpacklo_epi32(_mm256_castsi256_si128(quads), _mm256_extracti128_si256(quads, 1));
    _mm_storel_epi64((__m128i*)p, both);
}
#elif defined(NETLET_VEC_NEON)
NETLET_INLINE VecI load_i8(const uint8_t* p) {
    int8_t lanes[8] = {};
    memcpy(lanes, p, 4);
    return {vmovl_s16(vget_low_s16(vmovl_s8(vld1_s8(lanes))))};
}
NETLET_INLINE VecI load_u8(const uint8_t* p) {
    uint8_t lanes[8] = {};
    memcpy(lanes, p, 4);
    return {vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vld1_u8(lanes)))))};
}
NETLET_INLINE void store_low_bytes(VecI v, uint8_t* p) {
    const uint16x4_t half = vmovn_u32(vreinterpretq_u32_s32(v.r));
    uint8_t lanes[8];
    vst1_u8(lanes, vmovn_u16(vcombine_u16(half, half)));
    memcpy(p, lanes, 4);
}
#else
NETLET_INLINE VecI load_i8(const uint8_t* p) { return {(int32_t)(int8_t)*p}; }
NETLET_INLINE VecI load_u8(const uint8_t* p) { return {(int32_t)*p}; }
NETLET_INLINE void store_low_bytes(VecI v, uint8_t* p) { *p = (uint8_t)v.r; }
#endif

// Copies n <= VecI::width bytes in pieces of constant size: memcpy of a constant size is an instruction, not a call.
template <int64_t part = VecI::width>
NETLET_INLINE void copy_bytes(uint8_t* to, const uint8_t* from, int64_t n) {
    const int64_t now = n & part;
    if (now) memcpy(to, from, part);
    if constexpr (part > 1) copy_bytes<part / 2>(to + now, from + now, n);
}
NETLET_INLINE VecI load_i8_n(const uint8_t* p, int64_t n) {
    uint8_t lanes[VecI::width] = {};
    copy_bytes(lanes, p, n);
    return load_i8(lanes);
}
NETLET_INLINE VecI load_u8_n(const uint8_t* p, int64_t n) {
    uint8_t lanes[VecI::width] = {};
    copy_bytes(lanes, p, n);
    return load_u8(lanes);
}
NETLET_INLINE void store_low_bytes_n(VecI v, uint8_t* p, int64_t n) {
    uint8_t lanes[VecI::width];
    store_low_bytes(v, lanes);
    copy_bytes(p, lanes, n);
}

}  // namespace netlet::NETLET_ISA
