#pragma once
#include <string>

#include "plan/tape.h"

namespace netlet::ops {

// What a distribution's two numbers are: [a, b) of the uniform one, mean a and standard deviation b of the others.
// `fresh`: other numbers at each call in a recording and at each of its runs; otherwise they follow from the seed alone.
Tensor random(Tape& tape, const std::string& distribution, const Shape& shape, DType dtype, double a, double b,
              uint64_t seed, bool fresh);

}  // namespace netlet::ops
