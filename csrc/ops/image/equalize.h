#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// Histogram equalization of images (N, H, W, C) with values from 0 to 255, each channel for itself; see
// equalize_args.h. No gradient.
Tensor equalize(Tape& tape, const Tensor& x, int64_t bins);

// Contrast limited adaptive histogram equalization on a grid of rows x columns tiles; clip_limit 0: no limit.
Tensor equalize_tiles(Tape& tape, const Tensor& x, double clip_limit, int64_t rows, int64_t columns);

}  // namespace netlet::ops
