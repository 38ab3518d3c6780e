#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// Adds a source to a recording: a batch of `shape` (rows first) gathered from the caller's array of type `from`.
Tensor feed(Tape& tape, const Shape& shape, DType from, DType to, const std::string& name);

}  // namespace netlet::ops
