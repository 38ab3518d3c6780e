// Operations that only move elements.
//
// move: y[index] = x[index] over a loop nest in which x and y have strides of their own. This kernel serves transpose,
// slice (strides may be negative), concatenate, broadcast (stride 0), pad and flip. move_add: the same with y = or +=
// scale * x, for gradients.
#pragma once
#include "base/strided.h"
#include "base/types.h"

namespace netlet {

constexpr int64_t move_tile = 32;

// A work unit is an element. If tile_axis >= 0 (a transposition: x is contiguous along that axis, y along the last), it
// is move_tile steps of that axis over all of the last axis, so that both are accessed by whole cache lines.
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

}  // namespace netlet
