// affine_transform: images seen through a projective map of their coordinates (Keras: ops.image.affine_transform).
// x, y (N, H, W, C); transform (N, 8) or one for all: a0 a1 a2 b0 b1 b2 c0 c1.
//
//   y[h, w] = x at row (b0 w + b1 h + b2) / k, column (a0 w + a1 h + a2) / k,   k = c0 w + c1 h + 1
//
// Between pixels: the nearest (halves away from 0), or the four around it, weighed linearly. Outside of the image:
//
//   constant  k k k | a b c d | k k k      wrap     b c d | a b c d | a b c      nearest  a a a | a b c d | d d d
//   reflect   c b a | a b c d | d c b      mirror   d c b | a b c d | c b a
//
// Where a tap of the four is outside, so is its weight's share of the result (grid-constant, grid-wrap in SciPy).
// Backward: dx from dy, by the same taps; none for the transform.
#pragma once
#include "base/types.h"

namespace netlet {

enum class FillMode : uint8_t { constant, nearest, wrap, mirror, reflect };

template <class T>
struct AffineMap {
    const T* transform;
    int64_t step;  // from one image's to the next: 8, or 0
    int64_t H, W, C;
    bool bilinear;
    FillMode fill;
    T fill_value;
};

// A unit of work is a row of y.
template <class T>
struct AffineArgs {
    const T* x;
    T* y;
    AffineMap<T> map;
};

// A unit of work is an image: any pixel of dy may reach any of dx.
template <class T>
struct AffineBwdArgs {
    const T* dy;
    T* dx;
    AffineMap<T> map;
    bool accumulate;  // dx += instead of dx =
};

}  // namespace netlet
