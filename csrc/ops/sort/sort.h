#pragma once
#include <utility>

#include "plan/tape.h"

namespace netlet::ops {

// Numbers in rising order along an axis, NaN last; stable. Gradients flow to where each came from.
Tensor sort(Tape& tape, const Tensor& x, int axis);
Tensor argsort(Tape& tape, const Tensor& x, int axis);  // their positions; int32
// The k largest of the last axis in falling order, the first of equal ones first, and their positions (int32).
std::pair<Tensor, Tensor> top_k(Tape& tape, const Tensor& x, int64_t k);
// Whether fewer than k predictions (..., n) are larger than that of the target (...); bool.
Tensor in_top_k(Tape& tape, const Tensor& targets, const Tensor& predictions, int64_t k);
// Where each x would be put into `sorted` (n,) before (or, `right`, behind) those equal to it; int32.
Tensor searchsorted(Tape& tape, const Tensor& sorted, const Tensor& x, bool right);

}  // namespace netlet::ops
