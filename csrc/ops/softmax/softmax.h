#pragma once
#include "ops/softmax/softmax_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// x of any rank >= 1, float32 or float64; axis counts from the end if negative. Gradient flows.
Tensor softmax(Tape& tape, const Tensor& x, int axis = -1);
Tensor log_softmax(Tape& tape, const Tensor& x, int axis = -1);
Tensor sparsemax(Tape& tape, const Tensor& x, int axis = -1);
Tensor logsumexp(Tape& tape, const Tensor& x, int axis = -1,
                 bool keepdims = false);  // without `axis`, or with size 1

}  // namespace netlet::ops
