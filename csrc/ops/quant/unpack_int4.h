#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// The int8 codes, -8 to 7, of bytes that hold two each along an axis: packed int8 or uint8 with ceil(size / 2) there,
// the result with `size`. A plan computes the codes of weights once. No gradient.
Tensor unpack_int4(Tape& tape, const Tensor& packed, int axis, int64_t size);

}  // namespace netlet::ops
