#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// x with `axis` resampled: entry i of it is the sum of weights (m, taps) times the count[i] entries from first[i] on;
// first and count are int32 (m,). Values of all three are known, not recorded.
Tensor resample(Tape& tape, const Tensor& x, int axis, const Tensor& first, const Tensor& count, const Tensor& weights);

}  // namespace netlet::ops
