// Dropout: y = x * keep / (1 - rate), keep = 0 or 1 at random (Srivastava et al., 2014; inverted scaling as in Keras).
// x, y (N,). Nothing is saved for backward: the mask is a pure function of (seed, stream, step, element), so backward
// draws it again: dx = dy * keep / (1 - rate). That is cheaper than the memory traffic of a stored mask.
#pragma once
#include "base/types.h"

namespace netlet {

template <class T>
struct DropoutArgs {
    const T* x;
    T* y;
    const int64_t* step;  // scalar cell, read at each run
    uint64_t seed;
    uint32_t stream;
    int64_t first;  // number of x's first element among those that are drawn: see plan/shard.h
    double rate;
    bool accumulate;  // y += instead of y =
};

}  // namespace netlet
