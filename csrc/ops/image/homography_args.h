// homography: the projective map that takes four points to four others (Keras: ops.image.perspective_transform).
// from, to (N, 4, 2) as (x, y), y (N, 8): a0 a1 a2 b0 b1 b2 c0 c1 as affine_transform takes them, so that for each point
//
//   to = ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k),   (x, y) = from,   k = c0 x + c1 y + 1
//
// These are eight linear equations, solved in double by Gaussian elimination with pivoting. If they are singular, the
// map holds infinities or NaN. It has no gradient. A work unit is a map.
#pragma once
#include "base/types.h"

namespace netlet {

template <class T>
struct HomographyArgs {
    const T *from, *to;
    T* y;
};

}  // namespace netlet
