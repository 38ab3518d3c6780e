// sample: arrays at given coordinates (Keras: ops.image.map_coordinates), the same coordinates for all channels.
// x (B, n_0 * ... * n_{R-1}, C), coordinates (B, R, M), y (B, M, C):
//
//   y[b, m] = x[b] at row coordinates[b, 0, m], column coordinates[b, 1, m], ...
//
// Between elements: the nearest one (halves round away from 0), or the 2^R around the place, weighted linearly. The fill
// modes are those of affine_args.h, applied to each element by itself.
//
// Backward computes dx from dy with the same elements and weights. The gradient of a coordinate, with linear
// interpolation, is the sum over channels of dy times the slope of x between the elements along that axis.
#pragma once
#include "base/types.h"
#include "ops/image/affine_args.h"

namespace netlet {

constexpr int sample_max_rank = 8;

template <class T>
struct SampleMap {
    const T* coordinates;
    int64_t M, C;
    int64_t elements;                                     // n_0 * ... * n_{R-1}
    int64_t n[sample_max_rank], stride[sample_max_rank];  // of x[b], in positions
    int32_t rank;
    bool linear;
    FillMode fill;
    T fill_value;
};

// A work unit is a place: b * M + m.
template <class T>
struct SampleArgs {
    const T* x;
    T* y;
    SampleMap<T> map;
};

// A work unit is an array of the batch: any dy[b, m] may contribute to any element of dx[b].
template <class T>
struct SampleBwdArgs {
    const T* dy;
    T* dx;
    SampleMap<T> map;
    bool accumulate;  // dx += instead of dx =
};

// A work unit is a place.
template <class T>
struct SampleCoordinatesBwdArgs {
    const T *x, *dy;
    T* dcoordinates;
    SampleMap<T> map;
    bool accumulate;  // dcoordinates += instead of dcoordinates =
};

}  // namespace netlet
