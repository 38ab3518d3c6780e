// Philox4x32-10, the counter-based random generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers:
// as easy as 1, 2, 3" (SC 2011). Random bits are a pure function of (seed, stream, step, block), so they are the
// same for any number of threads, in any order of evaluation, and on any device.
#pragma once
#include "base/types.h"

namespace netlet {

struct Philox4 {
    uint32_t v[4];
};

// Four random words. `block` counts groups of four elements, `step` the training step, `stream` the op.
NETLET_INLINE Philox4 philox(uint64_t seed, uint32_t stream, uint32_t step, uint64_t block) {
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = stream, c3 = step;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        const uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
}

// Uniform in [0, 1) with 24 random bits: exact in float32 and float64 alike.
NETLET_INLINE float philox_uniform(uint32_t word) { return (float)(word >> 8) * (1.0f / 16777216.0f); }

}  // namespace netlet
