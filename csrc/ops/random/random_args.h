// Random numbers y (N,), without gradient, from u, uniform in [0, 1) by Philox (simd/philox.h).
//
//   uniform:           y = offset + scale u, at most `top`: rounding up must not reach the open end of the interval
//   normal:            y = offset + scale Phi^-1(u)
//   truncated_normal:  the same with u restricted to values within two standard deviations
//
// An element is a pure function of (seed, stream, step, index), so it is the same for any number of threads. Uniform
// numbers have the same bits on every instruction set; u has 24 random bits in float32, 53 in float64.
#pragma once
#include "base/types.h"

namespace netlet {

enum class Distribution : uint8_t { uniform, normal, truncated_normal };

// A work unit is a group of philox_group elements; the first and the last one may lie in y in part.
template <class T>
struct RandomArgs {
    T* y;
    const int64_t* step;  // scalar cell, read at each run
    uint64_t seed;
    uint32_t stream;
    Distribution distribution;
    int64_t n;
    int64_t first;  // number of y's first element among those that are drawn: see plan/shard.h
    T offset, scale, top;
};

}  // namespace netlet
