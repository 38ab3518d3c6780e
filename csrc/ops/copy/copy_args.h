// Copies: y = x (identity), y = value (fill), y += x (accumulate), y = (type) x (cast). All (N,).
#pragma once
#include "base/types.h"

namespace netlet {

template <class T>
struct FillArgs {
    T* y;
    T value;
};

template <class T>
struct AccumulateArgs {
    const T* x;
    T* y;
    bool accumulate;  // false: y = x
};

// Any type to any type. Float to integer truncates, as in C and NumPy; to bool is `!= 0`.
struct CastArgs {
    const void* x;
    void* y;
    DType from, to;
};

// y += 1: the step count.
struct IncrementArgs {
    int64_t* y;
};

}  // namespace netlet
