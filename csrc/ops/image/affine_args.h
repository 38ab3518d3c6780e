// affine_transform: resamples images under a projective map of their coordinates (Keras: ops.image.affine_transform).
// x, y (N, H, W, C); transform (N, 8), or one for all images: a0 a1 a2 b0 b1 b2 c0 c1.
//
//   y[h, w] = x at row (b0 w + b1 h + b2) / k, column (a0 w + a1 h + a2) / k,   k = c0 w + c1 h + 1
//
// Between pixels: the nearest pixel (halves round away from 0), or the four around it, weighted linearly. Outside the
// image:
//
//   constant  k k k | a b c d | k k k      wrap     b c d | a b c d | a b c      nearest  a a a | a b c d | d d d
//   reflect   c b a | a b c d | d c b      mirror   d c b | a b c d | c b a
//
// The fill mode applies to each of the four taps by itself (grid-constant, grid-wrap in SciPy). Backward computes dx
// from dy with the same taps; the transform has no gradient.
#pragma once
#include "base/types.h"

namespace netlet {

enum class FillMode : uint8_t { constant, nearest, wrap, mirror, reflect };

template <class T>
struct AffineMap {
    const T* transform;
    int64_t step;  // offset from one image's transform to the next: 8, or 0
    int64_t H, W, C;
    bool bilinear;
    FillMode fill;
    T fill_value;
};

// A work unit is a row of y.
template <class T>
struct AffineArgs {
    const T* x;
    T* y;
    AffineMap<T> map;
};

// A work unit is an image: any pixel of dy may contribute to any pixel of dx.
template <class T>
struct AffineBwdArgs {
    const T* dy;
    T* dx;
    AffineMap<T> map;
    bool accumulate;  // dx += instead of dx =
};

}  // namespace netlet
