// Reductions over one axis: x (outer, n, inner) -> y (outer, inner). Sums over several axes that do not touch are
// several such steps.
//
//   sum             y = sum_n x / divisor
//   prod            y = product_n x
//   max, min        the extreme value; NaN propagates. any and all are max and min of bytes that are 0 or 1
//   argmax, argmin  the first position of the extreme value, or of the first NaN
//
// The order of the additions is a tree fixed by the shape (and by the vector width): blocks of a few rows or vectors,
// joined pairwise, so a float32 sum of n numbers errs like log(n) and not like n. A long axis is cut into `pieces` of
// `piece` entries, each a unit of work of its own with its own result, y (outer, pieces, inner); reducing that again
// over the pieces gives the answer.
#pragma once
#include "base/types.h"

namespace netlet {

enum class ReduceOp : int32_t { sum, prod, max, min };

// Columns that one unit of work covers where inner > 1: 4 KB of them, so that sums of a strip and the tree over it stay
// in the first-level caches; argmax and argmin, which keep positions beside, take fewer.
template <class T> constexpr int64_t reduce_tile = 4096 / (int64_t)sizeof(T);
constexpr int64_t argreduce_tile = 256;
// Rows that lie no further apart are read block by block, others strip by strip.
constexpr int64_t reduce_near = 32;
// No piece is longer, which bounds the tree's depth.
constexpr int64_t reduce_max_piece = 1 << 18;

// A unit of work is a piece of a row where inner == 1: unit = o * pieces + p;
// otherwise a piece of a tile of columns: unit = (o * pieces + p) * tiles + t.
template <class T>
struct ReduceArgs {
    const T* x;
    T* y;
    int64_t outer, n, inner;
    int64_t piece, pieces;
    T divisor;
    ReduceOp op;
    bool accumulate;  // y += instead of y =
};

// Units as above, with pieces = 1. op is max or min.
template <class T>
struct ArgReduceArgs {
    const T* x;
    int32_t* y;
    int64_t outer, n, inner;
    ReduceOp op;
};

// dx[i] = dy * (product of all x but x[i]), through products of what lies before and behind i, so zeros are no special
// case. before (outer, n, inner) is scratch. A unit is a line (o, j); lines of one o lie side by side.
template <class T>
struct ProdBackwardArgs {
    const T *x, *dy;
    T *before, *dx;
    int64_t outer, n, inner;
    bool accumulate;
};

}  // namespace netlet
