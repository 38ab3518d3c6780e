// Pooling: y[n, o, c] = max or mean of x[n, p, c] over the window of output position o (Keras: ops.max_pool,
// average_pool).
//
// x (N, D, H, W, C), y (N, OD, OH, OW, C): three spatial axes always, of which 1-D and 2-D images have leading ones of
// extent 1. Along each, the window of o is the cells o * stride - before + (0 .. window); what of it lies outside the
// image does not exist: it is no maximum, and the mean is over the others.
//
// max: of several equal values the first in row-major order is it; a NaN beats every number, a later NaN an earlier one
// (PyTorch). Which cell it was, counted in the window in row-major order, is kept for backward in a byte, or in an int32
// where the window has more than 255 cells.
// Backward: dx[p] = sum of dy[o] over the windows o that took p as their maximum; average: of dy[o] / cells of o. Each
// dx is gathered and written once, whether windows overlap, touch, or leave gaps.
#pragma once
#include "base/types.h"

namespace netlet {

enum class PoolOp : int32_t { max, average };

// Channels up to which several pixels fit one vector of the widest kind: these images are cut into blocks of columns of
// at most pool_buffer elements.
constexpr int64_t pool_few_channels = 8, pool_buffer = 1024;

struct PoolShape {
    int64_t channels;
    int64_t size[3], out[3], window[3], stride[3], before[3];
    // The last axis is cut into `blocks` of `block` steps, each a unit of work: forward of OW, unit = ((n * OD + od) *
    // OH + oh) * blocks + b; backward of W with the padding before it (a multiple of the stride), unit = ((n * D + d) *
    // H + h) * blocks + b.
    int64_t block, blocks;
};

template <class T>
struct PoolArgs {
    const T* x;
    T* y;
    uint8_t* index;  // null where no gradient is wanted; one of the two for max, none for average
    int32_t* wide_index;
    PoolShape shape;
};

template <class T>
struct PoolBwdArgs {
    const T* dy;
    const uint8_t* index;
    const int32_t* wide_index;
    T* dx;
    PoolShape shape;
    bool accumulate;  // dx += instead of dx =
};

}  // namespace netlet
