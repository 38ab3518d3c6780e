#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// (q - zero) * scale of a matrix q (K, N) of int8 or uint8 codes, where `group` rows share the scales of a row of scale
// (ceil(K / group), N), float32; zero has q's dtype and scale's shape, or is null. The last group may have fewer rows,
// unless N is 1. A plan dequantizes weights once. No gradient.
Tensor dequantize_groups(Tape& tape, const Tensor& q, const Tensor& scale, const Tensor& zero, int64_t group);

}  // namespace netlet::ops
