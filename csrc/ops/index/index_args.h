// Reading and writing entries by position.
//
// gather: y (outer, k, inner) = x (outer, n, inner) at index (k,) along the middle axis (take). scatter_add: its
// gradient, dx = or += dy at the rows that index names, added in the order of the index.
// one_hot: y (outer, n, inner) = 1 where index (outer, inner) names the middle position, else 0.
// gather_along: y (outer, k, inner) = x (outer, n, inner) at index (outer, k, inner) along the middle axis, one
// position per element (take_along_axis). scatter_along: its gradient, dx = or += the dy of all elements that name it,
// added in the order of the index.
// flat_rows: positions (k, depth) on the first `depth` axes of a tensor -> row numbers (k,); `rows` if out of range.
// scatter: y (n, inner) joined at row (k,) with updates (k, inner), in the order of the updates; row n is skipped.
// Positions below 0 count from the end, except in one_hot. For positions out of range, gather and gather_along return
// NaN (integers: 0); the others skip them. No kernel reads or writes out of bounds, whatever the positions are.
#pragma once
#include "base/types.h"

namespace netlet {

// One axis between `outer` and `inner` others: n entries, of which k are read or written.
struct AxisLayout {
    int64_t outer, n, k, inner;
};

// A work unit is an (outer, k) pair.
struct GatherArgs {
    const void *x, *index;
    void* y;
    AxisLayout layout;
    DType index_dtype, dtype;
};

// A work unit is a row of n, or, if `columns`, an element of inner. Each thread scans all positions and adds those that
// fall into its own units.
template <class T>
struct ScatterAddArgs {
    const T* dy;
    const void* index;
    T* dx;
    AxisLayout layout;
    DType index_dtype;
    bool accumulate, columns;
};

// Kernels for tables of which a step uses few rows. check_index: flag = 1 and found = {position, index, n} for the
// first index (k,) outside [0, n), else flag = 0. zero_rows: x (n, inner) = 0 in the rows whose byte in `rows` is set;
// a work unit is a row. mark_rows: rows (n,) = 1 where index names a row; the others become 0, or stay unchanged if
// `keep`. index null: all 1.
struct CheckIndexArgs {
    const void* index;
    int32_t* flag;
    int64_t* found;
    int64_t k, n;
    DType index_dtype;
};
template <class T>
struct ZeroRowsArgs {
    const uint8_t* rows;
    T* x;
    int64_t inner;
};
struct MarkRowsArgs {
    const void* index;
    uint8_t* rows;
    int64_t k, n;
    DType index_dtype;
    bool keep;
};

// A work unit is an element of index.
struct OneHotArgs {
    const void* index;
    void* y;
    int64_t n, inner;
    uint64_t one;   // the bits of 1 in y's type
    int32_t bytes;  // of an element of y
    DType index_dtype;
};

// A work unit is an element of y.
struct GatherAlongArgs {
    const void *x, *index;
    void* y;
    AxisLayout layout;
    DType index_dtype, dtype;
};

// A work unit is a line (outer, inner).
template <class T>
struct ScatterAlongArgs {
    const T* dy;
    const void* index;
    T* dx;
    AxisLayout layout;
    DType index_dtype;
    bool accumulate;
};

constexpr int32_t scatter_max_depth = 8;

// A work unit is a position.
struct FlatRowsArgs {
    const void* index;
    int64_t* row;
    int64_t extent[scatter_max_depth], rows;  // rows: the product of the sizes
    int32_t depth;
    DType index_dtype;
    bool from_end;  // whether positions below 0 count from the end, or are out of range
};

enum class ScatterOp : int32_t { set, add, multiply, max, min };

// A work unit is a row of y. Each thread scans all positions for its own rows.
template <class T>
struct ScatterArgs {
    const T* x;
    const int64_t* row;
    T* y;
    int64_t k, inner;
    ScatterOp op;
};

}  // namespace netlet
