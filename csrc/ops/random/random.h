#pragma once
#include <string>

#include "plan/tape.h"

namespace netlet::ops {

// Uniform in [a, b), or (truncated) normal with mean a and standard deviation b. `fresh`: new numbers at each call in a
// recording and at each of its runs; otherwise they depend on the seed alone.
Tensor random(Tape& tape, const std::string& distribution, const Shape& shape, DType dtype, double a, double b,
              uint64_t seed, bool fresh);

}  // namespace netlet::ops
