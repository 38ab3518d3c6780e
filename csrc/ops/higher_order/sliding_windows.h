#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// How a window moves over images (N, size..., C); unused axes have sizes, windows and strides of 1.
struct SlidingWindow {
    int64_t size[3], window[3], stride[3], dilation[3], before[3], out[3];
};

// One tensor (N, out..., C) for each cell of the window, in row-major order: the pixel under that cell at each output
// position, or `outside` where the cell is outside of the image. Gradient flows.
Tensors window_pixels(Tape& tape, const Tensor& x, const SlidingWindow& w, double outside);

}  // namespace netlet::ops
