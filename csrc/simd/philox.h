// Philox4x32-10, the counter-based random generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
// as 1, 2, 3" (SC 2011). Random bits are a pure function of (seed, stream, step, element), so they are the same for any
// number of threads, in any order of evaluation, on any instruction set and on any device.
//
// The generator maps a counter (a block) to four words. Each lane computes one block, and elements are numbered so
// that no word has to change its lane: of the 64 elements of group g, element 16 w + l is word w of block 16 g + l.
#pragma once
#include "base/types.h"
#include "simd/each_vector.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

constexpr int64_t philox_group = 64;

// Calls `each(words, i)` with the words of elements i, i + 1, ... of a group, one vector at a time.
template <class Each>
NETLET_INLINE void philox_words(uint64_t seed, uint32_t stream, uint32_t step, uint64_t group, const Each& each) {
    using V = Vec<int32_t>;
    const V m0 = V::set1((int32_t)0xD2511F53u), m1 = V::set1((int32_t)0xCD9E8D57u);
    const uint64_t first = group * 16;
    for (int64_t lane = 0; lane < 16; lane += V::width) {
        V c0 = V::set1((int32_t)(uint32_t)(first + (uint64_t)lane)) + V::iota();  // 16 blocks never straddle a carry
        V c1 = V::set1((int32_t)(uint32_t)(first >> 32));
        V c2 = V::set1((int32_t)stream), c3 = V::set1((int32_t)step);
        uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
        for (int round = 0; round < 10; ++round) {
            const V high0 = mulhi_u32(c0, m0), low0 = c0 * m0;
            const V high1 = mulhi_u32(c2, m1), low1 = c2 * m1;
            c0 = high1 ^ c1 ^ V::set1((int32_t)k0);
            c2 = high0 ^ c3 ^ V::set1((int32_t)k1);
            c1 = low1;
            c3 = low0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        const V words[4] = {c0, c1, c2, c3};
        for (int64_t w = 0; w < 4; ++w) each(words[w], 16 * w + lane);
    }
}

// Uniform numbers in [0, 1) for the 64 elements of a group, with 24 random bits: exact in float32 and float64 alike.
NETLET_INLINE void philox_uniform(uint64_t seed, uint32_t stream, uint32_t step, uint64_t group,
                                  float u[philox_group]) {
    const Vec<float> scale = Vec<float>::set1(1.0f / 16777216.0f);
    philox_words(seed, stream, step, group, [&](Vec<int32_t> words, int64_t i) NETLET_INLINE_LAMBDA {
        (to_float(shr_logical<8>(words)) * scale).store(u + i);
    });
}

// The same with 53 random bits, taken from two words: one of group 2 g and one of group 2 g + 1.
NETLET_INLINE void philox_uniform(uint64_t seed, uint32_t stream, uint32_t step, uint64_t group,
                                  double u[philox_group]) {
    int32_t high[philox_group], low[philox_group];
    philox_words(seed, stream, step, 2 * group,
                 [&](Vec<int32_t> words, int64_t i) NETLET_INLINE_LAMBDA { shr_logical<5>(words).store(high + i); });
    philox_words(seed, stream, step, 2 * group + 1,
                 [&](Vec<int32_t> words, int64_t i) NETLET_INLINE_LAMBDA { shr_logical<6>(words).store(low + i); });
    for (int64_t i = 0; i < philox_group; ++i) u[i] = ((double)high[i] * 0x1p26 + (double)low[i]) * 0x1p-53;
}

}  // namespace netlet::NETLET_ISA
