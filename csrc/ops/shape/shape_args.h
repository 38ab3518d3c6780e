// Operations that only move elements.
//
// move: y[index] = x[index] over a loop nest in which both have strides of their own. That one kernel is transpose,
// slice (strides may be negative), concatenate, broadcast (stride 0), pad and flip. move_add: the same with
// y = or += scale * x, for gradients.
// gather: y (outer, k, inner) = x (outer, n, inner) at index (k,) along the middle axis; scatter_add is its gradient.
// one_hot: y (outer, n, inner) = 1 where index (outer, inner) names the middle position, else 0.
#pragma once
#include "base/strided.h"
#include "base/types.h"

namespace netlet {

constexpr int64_t move_tile = 32;

// A unit of work is an element; where tile_axis >= 0 (a transposition: x is contiguous along that axis, y along the
// last) a unit is move_tile steps of that axis, over all of the last axis, so that both are read and written by cache
// lines.
struct MoveArgs {
    const void* x;
    void* y;
    int64_t x_first, y_first;  // elements
    Strided<2> nest;           // operands x, y
    int32_t tile_axis;
    int32_t bytes;  // of an element
};

template <class T>
struct MoveAddArgs {
    const T* x;
    T* y;
    int64_t x_first, y_first;
    Strided<2> nest;
    T scale;
    bool accumulate;
};

// Negative indices count from the end. An index outside gives NaN (integers: 0). A unit is an (outer, k) pair.
struct GatherArgs {
    const void *x, *index;
    void* y;
    int64_t outer, n, k, inner;
    DType index_dtype, dtype;
};

// dx = or += dy at the rows that index names; an index outside is passed over. A unit is a row of n: each thread looks
// through all indices for its own rows, so rows that are named twice are added up in the order of the indices.
template <class T>
struct ScatterAddArgs {
    const T* dy;
    const void* index;
    T* dx;
    int64_t outer, n, k, inner;
    DType index_dtype;
    bool accumulate;
};

// A unit is an element of index.
template <class T>
struct OneHotArgs {
    const void* index;
    T* y;
    int64_t n, inner;
    DType index_dtype;
};

}  // namespace netlet
