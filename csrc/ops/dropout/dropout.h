#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// Zeroes each element with probability `rate` in [0, 1) and scales the others by 1 / (1 - rate).
Tensor dropout(Tape& tape, const Tensor& x, double rate, uint64_t seed);

}  // namespace netlet::ops
