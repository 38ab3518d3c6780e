#pragma once
#include <string>

#include "plan/tape.h"

namespace netlet::ops {

// x (N, H, W, C), transform (N, 8) or (1, 8): see affine_args.h. Gradient for x.
Tensor affine_transform(Tape& tape, const Tensor& x, const Tensor& transform, const std::string& interpolation,
                        const std::string& fill_mode, double fill_value);

// x (B, product of sizes, C) at coordinates (B, sizes.rank(), M), as (B, M, C): see sample_args.h. Gradients for x and,
// with linear interpolation, for the coordinates.
Tensor sample(Tape& tape, const Tensor& x, const Tensor& coordinates, const Shape& sizes, bool linear,
              const std::string& fill_mode, double fill_value);

// The projective maps (N, 8) that take points `from` (N, 4, 2) to points `to` (N, 4, 2): see homography_args.h.
Tensor homography(Tape& tape, const Tensor& from, const Tensor& to);

// x (N, H, W, C), flags (N,) bool: the images whose flag is set, mirrored left to right and/or top to bottom; any
// dtype.
Tensor flip_images(Tape& tape, const Tensor& x, const Tensor& flags, bool horizontal, bool vertical);

}  // namespace netlet::ops
