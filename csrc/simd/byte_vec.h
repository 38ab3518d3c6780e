// A vector of 8-bit codes: ByteVec, with as many bytes as a register holds (scalar: 1).
//   load(p), load_n(p, n), store(p), store_n(p, n)   as those of Vec (vec.h), 0 <= n <= width
//   max_bytes<is_signed>(a, b)                       lane by lane, as int8 or uint8
#pragma once
#include <string.h>

#include "simd/vec.h"

namespace netlet::NETLET_ISA {

#if defined(NETLET_VEC_AVX512)
struct ByteVec {
    __m512i r;
    static constexpr int width = 64;
    static NETLET_MEMBER_INLINE __mmask64 first(int64_t n) { return n < 64 ? (1ull << n) - 1 : ~0ull; }
    static NETLET_MEMBER_INLINE ByteVec load(const uint8_t* p) { return {_mm512_loadu_si512(p)}; }
    static NETLET_MEMBER_INLINE ByteVec load_n(const uint8_t* p, int64_t n) {
        return {_mm512_maskz_loadu_epi8(first(n), p)};
    }
    NETLET_MEMBER_INLINE void store(uint8_t* p) const { _mm512_storeu_si512(p, r); }
    NETLET_MEMBER_INLINE void store_n(uint8_t* p, int64_t n) const { _mm512_mask_storeu_epi8(p, first(n), r); }
};
template <bool is_signed> NETLET_INLINE ByteVec max_bytes(ByteVec a, ByteVec b) {
    return {is_signed ? _mm512_max_epi8(a.r, b.r) : _mm512_max_epu8(a.r, b.r)};
}
#else
// Copies n < 2 * part bytes in pieces of constant size: memcpy of a constant size is an instruction, not a call.
template <int64_t part>
NETLET_INLINE void copy_part(uint8_t* to, const uint8_t* from, int64_t n) {
    const int64_t now = n & part;
    if (now) memcpy(to, from, part);
    if constexpr (part > 1) copy_part<part / 2>(to + now, from + now, n);
}
template <class V>
struct ByteVecTail {
    static NETLET_MEMBER_INLINE V load_n(const uint8_t* p, int64_t n) {
        uint8_t lanes[V::width] = {};
        copy_part<V::width>(lanes, p, n);
        return V::load(lanes);
    }
    NETLET_MEMBER_INLINE void store_n(uint8_t* p, int64_t n) const {
        uint8_t lanes[V::width];
        static_cast<const V*>(this)->store(lanes);
        copy_part<V::width>(p, lanes, n);
    }
};
#if defined(NETLET_VEC_AVX2)
struct ByteVec : ByteVecTail<ByteVec> {
    __m256i r;
    NETLET_MEMBER_INLINE ByteVec(__m256i v) : r(v) {}
    static constexpr int width = 32;
    static NETLET_MEMBER_INLINE ByteVec load(const uint8_t* p) { return _mm256_loadu_si256((const __m256i*)p); }
    NETLET_MEMBER_INLINE void store(uint8_t* p) const { _mm256_storeu_si256((__m256i*)p, r); }
};
template <bool is_signed> NETLET_INLINE ByteVec max_bytes(ByteVec a, ByteVec b) {
    return is_signed ? _mm256_max_epi8(a.r, b.r) : _mm256_max_epu8(a.r, b.r);
}
#elif defined(NETLET_VEC_NEON)
struct ByteVec : ByteVecTail<ByteVec> {
    uint8x16_t r;
    NETLET_MEMBER_INLINE ByteVec(uint8x16_t v) : r(v) {}
    static constexpr int width = 16;
    static NETLET_MEMBER_INLINE ByteVec load(const uint8_t* p) { return vld1q_u8(p); }
    NETLET_MEMBER_INLINE void store(uint8_t* p) const { vst1q_u8(p, r); }
};
template <bool is_signed> NETLET_INLINE ByteVec max_bytes(ByteVec a, ByteVec b) {
    if constexpr (is_signed)
        return vreinterpretq_u8_s8(vmaxq_s8(vreinterpretq_s8_u8(a.r), vreinterpretq_s8_u8(b.r)));
    else
        return vmaxq_u8(a.r, b.r);
}
#else
struct ByteVec : ByteVecTail<ByteVec> {
    uint8_t r;
    NETLET_MEMBER_INLINE ByteVec(uint8_t v) : r(v) {}
    static constexpr int width = 1;
    static NETLET_MEMBER_INLINE ByteVec load(const uint8_t* p) { return *p; }
    NETLET_MEMBER_INLINE void store(uint8_t* p) const { *p = r; }
};
template <bool is_signed> NETLET_INLINE ByteVec max_bytes(ByteVec a, ByteVec b) {
    return (is_signed ? (int8_t)a.r > (int8_t)b.r : a.r > b.r) ? a : b;
}
#endif
#endif

}  // namespace netlet::NETLET_ISA
