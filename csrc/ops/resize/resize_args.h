// Resampling along one axis: y[o, i, :] = sum over t < count[i] of w[i, t] * x[o, first[i] + t, :]
//
// x (outer, n, inner), y (outer, m, inner); w (m, taps): a banded matrix (m, n). Resizing an image is one such product
// along its height and one along its width; the weights alone define the interpolation. Backward is the same with the
// transposed matrix, which is banded as well.
#pragma once
#include "base/types.h"

namespace netlet {

// A work unit is a row (o, i) of y. A row without taps is 0.
template <class T>
struct ResampleArgs {
    const T *x, *w;
    const int32_t *first, *count;
    T* y;
    int64_t m, n, inner, taps;
    bool accumulate;  // y += instead of y =
};

}  // namespace netlet
