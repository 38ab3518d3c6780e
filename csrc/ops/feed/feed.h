#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// Adds a source to a recording: a batch of `shape` (rows first) gathered from the caller's array of type `from`. The
// result has `rows` rows of the batch, from `first` on; -1: all rows after `first`.
Tensor feed(Tape& tape, const Shape& shape, DType from, DType to, const std::string& name, int64_t first = 0,
            int64_t rows = -1);

}  // namespace netlet::ops
