// Pooling: y[n, o, c] = max or mean of x[n, p, c] over the window of output position o (Keras: ops.max_pool,
// average_pool).
//
// x (N, D, H, W, C), y (N, OD, OH, OW, C): always three spatial axes; 1-D and 2-D images have leading axes of size 1.
// Along each axis, the window of o is the cells o * stride - before + (0 .. window). Cells outside the image do not
// exist: they are never the maximum, and the mean is over the cells inside.
//
// max: of equal values the first in row-major order is the maximum; a NaN beats every number, a later NaN an earlier
// one (as in PyTorch). Forward saves the cell number of each maximum for backward, counted in row-major order within
// the window: in a byte, or in an int32 if the window has more than 255 cells.
//
// Backward, max: dx[p] = sum of dy[o] over the windows o whose maximum is p; average: sum of dy[o] / (cells of o inside
// the image) over the windows o that contain p. Each dx is gathered and written once, whether windows overlap, touch,
// or leave gaps.
#pragma once
#include "base/types.h"

namespace netlet {

enum class PoolOp : int32_t { max, average };

// With at most pool_few_channels channels, several pixels fit a vector of the widest kind. Such images are cut into
// blocks of columns of at most pool_buffer elements.
constexpr int64_t pool_few_channels = 8, pool_buffer = 1024;

struct PoolShape {
    int64_t channels;
    int64_t size[3], out[3], window[3], stride[3], before[3];
    // The last axis is cut into `blocks` blocks of `block` steps, each a work unit. Forward cuts OW: unit = ((n * OD +
    // od) * OH + oh) * blocks + b. Backward cuts W with the padding before it, and `block` is a multiple of the stride:
    // unit = ((n * D + d) * H + h) * blocks + b.
    int64_t block, blocks;
};

template <class T>
struct PoolArgs {
    const T* x;
    T* y;
    uint8_t* index;  // max with a gradient: index or wide_index is set; otherwise both are null
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

// Pooling of 8-bit codes, uint8 or int8, without a gradient: the largest code, or the mean rounded half to even.
struct QuantizedPoolArgs {
    const uint8_t* x;
    uint8_t* y;
    PoolShape shape;
    bool is_signed;
};

}  // namespace netlet
