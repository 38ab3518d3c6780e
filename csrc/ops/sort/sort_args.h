// Order along an axis: x (outer, n, inner); a line is the n entries of one (outer, inner).
//
// sort: the first k entries of each line in ascending (or descending, `falling`) order, y (outer, k, inner), and their
// positions in x, index (outer, k, inner). k = n is sort and argsort; descending with k < n is top_k. The order is
// stable: equal entries keep their order, also if descending. NaN is larger than every number, all NaNs are equal
// (NumPy's sort, JAX's top_k), and -0 equals 0.
// searchsorted: y (m,) = the position at which each of x (m,) would be inserted into sorted (n,): before the entries
// that equal it, or, if `right`, after them.
// in_top_k: y (rows,) = whether fewer than k entries of the row are larger than that of its target.
#pragma once
#include "base/types.h"

namespace netlet {

// Lines up to this length are sorted by insertion, longer ones by radix sort.
constexpr int64_t sort_short = 48;
// The largest k for which the first k entries are selected by insertion during one pass over the line.
constexpr int64_t sort_partial_k = 32;
// Lines up to this length are sorted by one block of a GPU; longer ones need scratch: n items, rounded up to a power of
// two, for each line.
constexpr int64_t sort_gpu_tile = 1024;

// A work unit is a line. Lines that meet neither bound above need scratch: 2 n items of 16 bytes for each chunk of
// `grain` units.
template <class T>
struct SortArgs {
    const T* x;
    T* y;
    int32_t* index;
    void* scratch;
    int64_t n, k, inner, grain;
    bool falling;
};

// A work unit is an element of x.
template <class T>
struct SearchSortedArgs {
    const T *sorted, *x;
    int32_t* y;
    int64_t n;
    bool right;
};

// A work unit is a row. A target outside [0, n) gives false (TensorFlow's in_top_k). If the target's own entry is NaN
// it counts as -infinity, and no other NaN counts as larger (Keras).
template <class T>
struct InTopKArgs {
    const T* x;
    const void* target;
    uint8_t* y;
    int64_t n, k;
    DType target_dtype;
};

}  // namespace netlet
