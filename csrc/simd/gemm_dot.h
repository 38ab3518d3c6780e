// Dot products of low-precision numbers. Each number format defines how many terms one 32-bit lane holds (`group`), how
// lanes are loaded, and the multiply-add of lanes.
//
//     along(p, n)              p[0..n) as consecutive lanes                                  (n <= group * width)
//     across(p, ld, t, n)      lane j holds p[j], p[ld + j], ... p[(t-1)*ld + j], for j < n  (t <= group, n <= width)
//     multiply_add(a, b, sum)  sum + a . b in each lane
#pragma once
#include "simd/low_precision_pack.h"

namespace netlet::NETLET_ISA {

// sum += a . b of bytes, in assembly: GCC 12 puts the result of an intrinsic in a separate register and then spills half
// of a large tile's sums to memory.
#if defined(NETLET_VEC_AVX512)
#define NETLET_DOT_BYTES(sum, a, b) NETLET_ASM_ACCUMULATE("vpdpbusd", _mm512_dpbusd_epi32, sum, a, b)
#else
#define NETLET_DOT_BYTES(sum, a, b) NETLET_ASM_ACCUMULATE("%{vex%} vpdpbusd", _mm256_dpbusd_avx_epi32, sum, a, b)
#endif

#if defined(NETLET_VEC_AVX512)
#define NETLET_MULTIPLY_PAIRS _mm512_madd_epi16
#else
#define NETLET_MULTIPLY_PAIRS _mm256_madd_epi16
#endif

// ---- int8 and uint8: exact; sums wrap modulo 2^32 -------------------------------------------------------------------
#if defined(NETLET_DOT_VNNI) || defined(NETLET_VEC_NEON)
// Four bytes per lane. The instructions need b signed and a of one signedness: unsigned on x86, signed on NEON. An `a`
// of the other signedness is packed with its top bits flipped (flip_of), which gives a + 128 or a - 128. The caller
// corrects the result by 128 times the column sums of b (flip_sum).
struct ByteLanes {
    using Lane = int32_t;
    using Sum = int32_t;
    static constexpr int group = 4;
#if defined(NETLET_VEC_NEON)
    static constexpr bool a_is_signed = true;
#else
    static constexpr bool a_is_signed = false;
#endif
    template <class S> static NETLET_MEMBER_INLINE Words along(const S* p, int64_t n) { return load_bytes(p, n); }
    template <class S> static NETLET_MEMBER_INLINE Words across(const S* p, int64_t ld, int64_t t, int64_t n) {
        Words x = widen_u8(load_bytes(p, n));
        if (t > 1) x = x | shl<8>(widen_u8(load_bytes(p + ld, n)));
        if (t > 2) x = x | shl<16>(widen_u8(load_bytes(p + 2 * ld, n)));
        if (t > 3) x = x | shl<24>(widen_u8(load_bytes(p + 3 * ld, n)));
        return x;
    }
    static NETLET_MEMBER_INLINE Words multiply_add(Words a, Words b, Words sum) {
#if defined(NETLET_DOT_VNNI)
        NETLET_DOT_BYTES(sum.r, a.r, b.r);
        return sum;
#elif defined(NETLET_DOT_NEON)
        return {vdotq_s32(sum.r, vreinterpretq_s8_s32(a.r), vreinterpretq_s8_s32(b.r))};
#else
        const int8x16_t x = vreinterpretq_s8_s32(a.r), y = vreinterpretq_s8_s32(b.r);
        // A product is at most 2^14 and the sum of two may be 2^15, which int16 cannot hold: pairs are added in int32.
        const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(x), vget_low_s8(y)));
        const int32x4_t high = vpaddlq_s16(vmull_high_s8(x, y));
        return {vaddq_s32(sum.r, vpaddq_s32(low, high))};
#endif
    }
    // sum plus or minus 128 times the sum of b's terms: the correction for the flip of a.
    static NETLET_MEMBER_INLINE Words flip_sum(Words b, Words sum) {
        const Words ones = multiply_add(Words::set1(0x01010101), b, Words::zero());
        return a_is_signed ? sum + shl<7>(ones) : sum - shl<7>(ones);
    }
};
template <class S> constexpr int32_t flip_of = ((S)-1 < 0) == ByteLanes::a_is_signed ? 0 : (int32_t)0x80808080;
#else
// Two numbers per lane, widened to int16 during packing: the sum of two products always fits int32. (The instruction
// that multiplies bytes, vpmaddubsw, saturates at int16 and is never used.)
struct ByteLanes {
    using Lane = int32_t;
    using Sum = int32_t;
    static constexpr int group = 2;
    template <class S> static NETLET_MEMBER_INLINE Words low_half(Words x) {
        if constexpr ((S)-1 < 0)
            return shr<24>(shl<24>(x)) & Words::set1(0xffff);
        else
            return x & Words::set1(0xff);
    }
    template <class S> static NETLET_MEMBER_INLINE Words high_half(Words x) {  // widens bits 8 to 15
        if constexpr ((S)-1 < 0)
            return shl<16>(shr<24>(shl<16>(x)));
        else
            return shl<8>(x & Words::set1(0xff00));
    }
    template <class S> static NETLET_MEMBER_INLINE Words along(const S* p, int64_t n) {
        const Words x = widen_u16(load_bytes(p, n));
        return low_half<S>(x) | high_half<S>(x);
    }
    template <class S> static NETLET_MEMBER_INLINE Words across(const S* p, int64_t ld, int64_t t, int64_t n) {
        const Words x = low_half<S>(widen_u8(load_bytes(p, n)));
        return t == 1 ? x : x | high_half<S>(shl<8>(widen_u8(load_bytes(p + ld, n))));
    }
    static NETLET_MEMBER_INLINE Words multiply_add(Words a, Words b, Words sum) {
#if defined(NETLET_VEC_AVX512) || defined(NETLET_VEC_AVX2)
        Words pair;
        NETLET_ASM_BINARY("vpmaddwd", NETLET_MULTIPLY_PAIRS, pair.r, a.r, b.r);
        return sum + pair;
#else
        return sum + shr<16>(shl<16>(a)) * shr<16>(shl<16>(b)) + shr<16>(a) * shr<16>(b);
#endif
    }
    static NETLET_MEMBER_INLINE Words flip_sum(Words, Words sum) { return sum; }
};
template <class S> constexpr int32_t flip_of = 0;
#endif

// ---- bfloat16 -------------------------------------------------------------------------------------------------------
// Two numbers per lane. Every instruction set computes the same bits as vdpbf16ps of AVX512-BF16: sum + a1 b1, then
// + a0 b0, each a fused multiply-add rounded to nearest even. Subnormal inputs and results are replaced by zeros.
struct Bf16Lanes {
    using Lane = int32_t;
    using Sum = float;
    static constexpr int group = 2;
    template <class S> static NETLET_MEMBER_INLINE Words along(const S* p, int64_t n) { return load_bytes(p, 2 * n); }
    template <class S> static NETLET_MEMBER_INLINE Words across(const S* p, int64_t ld, int64_t t, int64_t n) {
        const Words x = widen_u16(load_bytes(p, 2 * n));
        return t == 1 ? x : x | shl<16>(widen_u16(load_bytes(p + ld, 2 * n)));
    }
    static NETLET_MEMBER_INLINE Vec<float> multiply_add(Words a, Words b, Vec<float> sum) {
#if defined(NETLET_DOT_BF16)
        NETLET_ASM_ACCUMULATE("vdpbf16ps", dot_bf16, sum.r, a.r, b.r);
        return sum;
#else
        const Words upper = Words::set1((int32_t)0xffff0000);
        sum = term(as_float(a & upper), as_float(b & upper), sum);
        return term(as_float(shl<16>(a)), as_float(shl<16>(b)), sum);
#endif
    }

  private:
#if defined(NETLET_DOT_BF16) && defined(NETLET_MSVC)
    static NETLET_MEMBER_INLINE __m512 dot_bf16(__m512 sum, __m512i a, __m512i b) {
        return _mm512_dpbf16_ps(sum, NETLET_BIT_CAST(__m512bh, a), NETLET_BIT_CAST(__m512bh, b));
    }
#endif
    static NETLET_MEMBER_INLINE bool below(double x, double limit) { return -limit < x && x < limit; }

    // A fused multiply-add that flushes subnormals. On vectors the processor's flush mode does it (FlushSubnormals).
    static NETLET_MEMBER_INLINE Vec<float> term(Vec<float> a, Vec<float> b, Vec<float> sum) {
#if defined(NETLET_VEC_AVX512) || defined(NETLET_VEC_AVX2) || defined(NETLET_VEC_NEON)
        return fma(a, b, sum);
#else
        // The product is exact in double. The sum is rounded to double and then to float, with the same result as if it
        // were rounded to float once.
        const double x = below(a.r, 0x1p-126) ? a.r * 0.0f : a.r;
        const double y = below(b.r, 0x1p-126) ? b.r * 0.0f : b.r;
        const double s = below(sum.r, 0x1p-126) ? sum.r * 0.0f : sum.r;
        const double r = x * y + s;
        // A result is flushed if it is below 2^-126 after rounding to 24 bits with an unlimited exponent range.
        return {(float)(below(r, 0x1p-126 - 0x1p-151) ? r * 0.0 : r)};
#endif
    }
};

// During its lifetime subnormal inputs and results are replaced by zeros, and rounding is to nearest. On AArch64 a
// result that would round up to 2^-126 is flushed too: the only case in which instruction sets may differ.
#if defined(NETLET_DOT_BF16) || !(defined(NETLET_VEC_AVX512) || defined(NETLET_VEC_AVX2) || defined(NETLET_VEC_NEON))
struct FlushSubnormals {
    NETLET_MEMBER_INLINE FlushSubnormals() {}
};
#elif defined(NETLET_VEC_NEON)
struct FlushSubnormals {
    uint64_t before;
    NETLET_MEMBER_INLINE FlushSubnormals() {
        NETLET_READ_FPCR(before);
        NETLET_WRITE_FPCR((uint64_t)1 << 24);
    }
    NETLET_MEMBER_INLINE ~FlushSubnormals() { NETLET_WRITE_FPCR(before); }
};
#else
struct FlushSubnormals {
    unsigned before = _mm_getcsr();
    NETLET_MEMBER_INLINE FlushSubnormals() { _mm_setcsr(0x9fc0); }  // flush inputs and results, no traps, to nearest
    NETLET_MEMBER_INLINE ~FlushSubnormals() { _mm_setcsr(before); }
};
#endif

}  // namespace netlet::NETLET_ISA
