// float32 and bfloat16 numbers as lanes of Bf16Lanes (gemm_dot.h): float32 is rounded to nearest even during packing.
// As in the products, subnormal float32 numbers count as zeros. Every instruction set gives the same bits, but for NaN.
//
//     bf16_run(low, high)      the numbers of `low`, then those of `high`, two to a lane
//     bf16_pairs(even, odd)    lane j holds even[j] in its lower half and odd[j] in its upper half
//     store_bf16(v, p, n)      the first n numbers, at p
#pragma once
#include "simd/gemm_dot.h"
#include "simd/half.h"

namespace netlet::NETLET_ISA {

#if defined(NETLET_DOT_BF16)
NETLET_INLINE Words bf16_run(Vec<float> low, Vec<float> high) {
    Words x;
    NETLET_ASM_BINARY("vcvtne2ps2bf16", _mm512_cvtne2ps_pbh, x.r, high.r, low.r);
    return x;
}
NETLET_INLINE Words bf16_pairs(Vec<float> even, Vec<float> odd) {
    alignas(64) static constexpr uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    return {_mm512_permutexvar_epi16(_mm512_load_si512(order), bf16_run(even, odd).r)};
}
NETLET_INLINE void store_bf16(Vec<float> v, BFloat16* p) {
    __m256i x;
    NETLET_ASM_UNARY("vcvtneps2bf16", _mm512_cvtneps_pbh, x, v.r);
    _mm256_storeu_si256((__m256i*)p, x);
}
#else
// The upper half of each lane holds the rounded number.
NETLET_INLINE Words bf16_upper(Vec<float> v) {
    const Words bits = as_int(v), magnitude = bits & Words::set1(0x7fffffff);
    const Words sign = bits & Words::set1((int32_t)0x80000000), odd = shr_logical<16>(bits) & Words::set1(1);
    const Words rounded = bits + Words::set1(0x7fff) + odd;
    const Words finite = select(lt(magnitude, Words::set1(0x00800000)), sign, rounded);
    return select(gt(magnitude, Words::set1(0x7f800000)), sign | Words::set1(0x7fc00000), finite);
}
NETLET_INLINE void store_bf16(Vec<float> v, BFloat16* p) { store_u16(shr_logical<16>(bf16_upper(v)), &p->bits); }
NETLET_INLINE Words bf16_run(Vec<float> low, Vec<float> high) {
    constexpr int W = Words::width;
    BFloat16 numbers[2 * W];
    store_bf16(low, numbers);
    store_bf16(high, numbers + W);
    return load_bytes(numbers, 4 * W);
}
NETLET_INLINE Words bf16_pairs(Vec<float> even, Vec<float> odd) {
    return shr_logical<16>(bf16_upper(even)) | (bf16_upper(odd) & Words::set1((int32_t)0xffff0000));
}
#endif
NETLET_INLINE void store_bf16(Vec<float> v, BFloat16* p, int64_t n) {
    constexpr int64_t W = Vec<float>::width;
    if (n >= W) return store_bf16(v, p);
    BFloat16 numbers[W];
    store_bf16(v, numbers);
    memcpy(p, numbers, (size_t)n * sizeof *p);
}

// Bf16Lanes whose operands are float32 or bfloat16 in memory.
struct MixedLanes : Bf16Lanes {
    using Bf16Lanes::across;
    using Bf16Lanes::along;
    static NETLET_MEMBER_INLINE Words along(const float* p, int64_t n) {
        constexpr int64_t W = Words::width;
        if (n == 2 * W) return bf16_run(Vec<float>::load(p), Vec<float>::load(p + W));
        return n <= W ? bf16_run(Vec<float>::load_n(p, n), Vec<float>::zero())
                      : bf16_run(Vec<float>::load(p), Vec<float>::load_n(p + W, n - W));
    }
    static NETLET_MEMBER_INLINE Words across(const float* p, int64_t ld, int64_t t, int64_t n) {
        if (n == Words::width)
            return bf16_pairs(Vec<float>::load(p), t == 1 ? Vec<float>::zero() : Vec<float>::load(p + ld));
        return bf16_pairs(Vec<float>::load_n(p, n), t == 1 ? Vec<float>::zero() : Vec<float>::load_n(p + ld, n));
    }
};

}  // namespace netlet::NETLET_ISA
