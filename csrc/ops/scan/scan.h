#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// Running sums and products along an axis. Booleans and 8 bits count as int32.
Tensor cumsum(Tape& tape, const Tensor& x, int axis);
Tensor cumprod(Tape& tape, const Tensor& x, int axis);

}  // namespace netlet::ops
