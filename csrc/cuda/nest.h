// Loop nests (base/strided.h) in a thread of a GPU: the offsets of an element, from its index.
#pragma once
#include "base/strided.h"
#include "cuda/launch.h"

namespace netlet::cuda {

// Division by a number that does not change: a multiplication and a shift for dividends below 2^31 (Granlund and
// Montgomery, 1994), else the division of 64-bit integers, which takes about 100 instructions.
struct Divisor {
    int64_t by;
    uint32_t magic, shift;
};
inline Divisor divisor(int64_t by) {
    uint32_t shift = 0;
    while (shift < 31 && ((int64_t)1 << shift) < by) ++shift;
    const uint64_t magic = by < ((int64_t)1 << 31)
                               ? (((uint64_t)1 << 32) * (((uint64_t)1 << shift) - (uint64_t)by)) / (uint64_t)by + 1
                               : 0;
    return {by, (uint32_t)magic, shift};
}
// i / d; `small`: i and the divisor are below 2^31.
__device__ inline int64_t divide(int64_t i, const Divisor& d, bool small) {
    if (!small) return i / d.by;
    const uint32_t n = (uint32_t)i;
    return (int64_t)((__umulhi(n, d.magic) + n) >> d.shift);
}

template <int N> struct Nest {
    Divisor extent[strided_max_rank];
    int64_t stride[N][strided_max_rank];
    int32_t rank;
    bool small;  // fewer than 2^31 elements
};

template <int N> inline Nest<N> nest_of(const Strided<N>& s) {
    Nest<N> nest{};
    nest.rank = s.rank;
    int64_t elements = 1;
    for (int d = 0; d < s.rank; ++d) {
        nest.extent[d] = divisor(s.extent[d]);
        elements *= s.extent[d];
        for (int k = 0; k < N; ++k) nest.stride[k][d] = s.stride[k][d];
    }
    nest.small = elements < ((int64_t)1 << 31);
    return nest;
}

// at[k] = the offset of element i in operand k. Constant indices keep the nest out of local memory.
template <int N> __device__ inline void offsets_of(const Nest<N>& nest, int64_t i, int64_t (&at)[N]) {
#pragma unroll
    for (int k = 0; k < N; ++k) at[k] = 0;
#pragma unroll
    for (int d = strided_max_rank - 1; d >= 0; --d) {
        if (d >= nest.rank) continue;
        const int64_t rest = d > 0 ? divide(i, nest.extent[d], nest.small) : 0;
        const int64_t index = d > 0 ? i - rest * nest.extent[d].by : i;
        i = rest;
#pragma unroll
        for (int k = 0; k < N; ++k) at[k] += index * nest.stride[k][d];
    }
}

}  // namespace netlet::cuda
