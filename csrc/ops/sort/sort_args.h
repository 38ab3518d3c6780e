// Order along an axis: x (outer, n, inner); a line is the n entries of one (outer, inner).
//
// sort: the first k entries of each line in rising (or falling) order, y (outer, k, inner), and the positions that they
// had, index (outer, k, inner). With k = n that is sort and argsort, with falling order and k < n top_k. The order is
// stable: equal entries stay as they were, in falling order too. NaN counts as larger than everything, all NaNs as equal
// (NumPy's sort, JAX's top_k), and -0 equals 0.
// searchsorted: y (m,) = where each of x (m,) would be put into sorted (n,): before the entries that equal it, or
// (right) behind them.
// in_top_k: y (rows,) = fewer than k entries of the row are larger than that of its target.
#pragma once
#include "base/types.h"

namespace netlet {

// Lines up to this length are sorted by insertion, in place of passes over all digits of the numbers.
constexpr int64_t sort_short = 48;
// The largest k for which the k first entries are kept in order while a longer line passes by.
constexpr int64_t sort_partial_k = 32;

// A unit is a line. Lines that fit neither bound above need scratch: 2 n items of 16 bytes for each chunk of `grain`
// units.
template <class T>
struct SortArgs {
    const T* x;
    T* y;
    int32_t* index;
    void* scratch;
    int64_t n, k, inner, grain;
    bool falling;
};

// A unit is an element of x.
template <class T>
struct SearchSortedArgs {
    const T *sorted, *x;
    int32_t* y;
    int64_t n;
    bool right;
};

// A unit is a row. A target outside [0, n) is not among the first (TensorFlow's in_top_k); where the target's own entry
// is NaN it counts as -infinity, and no other NaN is larger than anything (Keras's).
template <class T>
struct InTopKArgs {
    const T* x;
    const void* target;
    uint8_t* y;
    int64_t n, k;
    DType target_dtype;
};

}  // namespace netlet
