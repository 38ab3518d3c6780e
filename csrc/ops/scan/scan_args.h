// Running sums and products along an axis: x, y (outer, n, inner).
//   sum:     y_i = x_0 + ... + x_i        backward: the running sum of dy from the end
//   product: y_i = x_0 * ... * x_i        backward: dx_i = (x_0 ... x_{i-1}) * s_i with s_i = dy_i + x_{i+1} s_{i+1},
//                                         so zeros need no special case
// Elements are added one after the other in float64 (float32 results are accurate to about an ulp of the sum of
// magnitudes); integers wrap around.
#pragma once
#include "base/types.h"

namespace netlet {

enum class ScanOp : int32_t { sum, product };

// Columns of one work unit.
constexpr int64_t scan_tile = 64;

// The type of running sums. Integers wrap around, which C++ defines for unsigned types only.
template <class T> struct Total {
    using type = double;
};
template <> struct Total<int32_t> {
    using type = uint32_t;
};
template <> struct Total<int64_t> {
    using type = uint64_t;
};

// A work unit is a tile of columns of one `outer`: unit = o * tiles + t.
template <class T>
struct ScanArgs {
    const T* x;
    T* y;
    int64_t n, inner;
    ScanOp op;
    bool from_end, accumulate;
};

// before (outer, n, inner) is scratch: the products of the preceding elements. Work units as above.
template <class T>
struct CumprodBackwardArgs {
    const T *x, *dy;
    T *before, *dx;
    int64_t n, inner;
    bool accumulate;
};

}  // namespace netlet
