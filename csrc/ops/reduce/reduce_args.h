// Reductions over one axis: x (outer, n, inner) -> y (outer, inner). A reduction over several axes that are not
// adjacent takes several such steps.
//
//   sum             y = sum_n x / divisor
//   prod            y = product_n x
//   max, min        the extreme value; NaN propagates. any and all are max and min of bytes that are 0 or 1
//   argmax, argmin  the first position of the extreme value, or of the first NaN
//
// The shape and the vector width fix the order of the additions, a tree: blocks of a few rows or vectors are joined
// pairwise, so the error of a float32 sum of n numbers grows like log(n), not like n. A long axis is cut into `pieces`
// of `piece` entries. Each piece is a work unit with its own result, y (outer, pieces, inner); reducing y over the
// pieces gives the final result.
#pragma once
#include "base/types.h"

namespace netlet {

enum class ReduceOp : int32_t { sum, prod, max, min };

// Columns of one work unit if inner > 1: 4 KB of them, so that the sums of a strip and the tree above them stay in the
// L1 cache. argmax and argmin, which also track positions, take fewer.
template <class T> constexpr int64_t reduce_tile = 4096 / (int64_t)sizeof(T);
constexpr int64_t argreduce_tile = 256;
// Rows at most this many elements apart are read block by block, others strip by strip.
constexpr int64_t reduce_near = 32;
// The longest piece. It bounds the depth of the tree.
constexpr int64_t reduce_max_piece = 1 << 18;

// A work unit is a piece of a row if inner == 1: unit = o * pieces + p;
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

// Work units as above, with pieces = 1. op is max or min.
template <class T>
struct ArgReduceArgs {
    const T* x;
    int32_t* y;
    int64_t outer, n, inner;
    ReduceOp op;
};

// dx[i] = dy * (product of all x except x[i]), computed from the products of the elements before and after i, so zeros
// need no special case. before (outer, n, inner) is scratch. A work unit is a line (o, j); the lines of one o are
// adjacent.
template <class T>
struct ProdBackwardArgs {
    const T *x, *dy;
    T *before, *dx;
    int64_t outer, n, inner;
    bool accumulate;
};

}  // namespace netlet
