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

// The counter c becomes its four words.
template <class V>
NETLET_INLINE void philox_rounds(V (&c)[4], uint64_t seed) {
    const V m0 = V::set1((int32_t)0xD2511F53u), m1 = V::set1((int32_t)0xCD9E8D57u);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const V high0 = mulhi_u32(c[0], m0), low0 = c[0] * m0;
        const V high1 = mulhi_u32(c[2], m1), low1 = c[2] * m1;
        c[0] = high1 ^ c[1] ^ V::set1((int32_t)k0);
        c[2] = high0 ^ c[3] ^ V::set1((int32_t)k1);
        c[1] = low1;
        c[3] = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

// The words of the blocks `first`, first + 1, ... of a vector's lanes, which never straddle a carry.
template <class V>
NETLET_INLINE void philox_block(uint64_t seed, uint32_t stream, uint32_t step, uint64_t first, V (&words)[4]) {
    words[0] = V::set1((int32_t)(uint32_t)first) + V::iota();
    words[1] = V::set1((int32_t)(uint32_t)(first >> 32));
    words[2] = V::set1((int32_t)stream);
    words[3] = V::set1((int32_t)step);
    philox_rounds(words, seed);
}

// Calls `each(words, i)` with the words of elements i, i + 1, ... of a group, one vector at a time.
template <class Each>
NETLET_INLINE void philox_words(uint64_t seed, uint32_t stream, uint32_t step, uint64_t group, const Each& each) {
    using V = Vec<int32_t>;
    for (int64_t lane = 0; lane < 16; lane += V::width) {
        V words[4];
        philox_block(seed, stream, step, group * 16 + (uint64_t)lane, words);
        for (int64_t w = 0; w < 4; ++w) each(words[w], 16 * w + lane);
    }
}

// Uniform numbers in [0, 1) with 24 random bits, exact in float32 and float64 alike.
NETLET_INLINE Vec<float> uniform_of(Vec<int32_t> words) {
    return to_float(shr_logical<8>(words)) * Vec<float>::set1(1.0f / 16777216.0f);
}

// Those of the 64 elements of a group.
NETLET_INLINE void philox_uniform(uint64_t seed, uint32_t stream, uint32_t step, uint64_t group,
                                  float u[philox_group]) {
    philox_words(seed, stream, step, group,
                 [&](Vec<int32_t> words, int64_t i) NETLET_INLINE_LAMBDA { uniform_of(words).store(u + i); });
}

// The same with 53 random bits, taken from two words: one of group 2 g and one of group 2 g + 1.
NETLET_INLINE double uniform_of(int32_t high27, int32_t low26) {
    return ((double)high27 * 0x1p26 + (double)low26) * 0x1p-53;
}
NETLET_INLINE void philox_uniform(uint64_t seed, uint32_t stream, uint32_t step, uint64_t group,
                                  double u[philox_group]) {
    int32_t high[philox_group], low[philox_group];
    philox_words(seed, stream, step, 2 * group,
                 [&](Vec<int32_t> words, int64_t i) NETLET_INLINE_LAMBDA { shr_logical<5>(words).store(high + i); });
    philox_words(seed, stream, step, 2 * group + 1,
                 [&](Vec<int32_t> words, int64_t i) NETLET_INLINE_LAMBDA { shr_logical<6>(words).store(low + i); });
    for (int64_t i = 0; i < philox_group; ++i) u[i] = uniform_of(high[i], low[i]);
}

}  // namespace netlet::NETLET_ISA
