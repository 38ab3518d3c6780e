// Normalization made of other ops: for derivatives of derivatives.
#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// gamma and beta (C,), or null, as in norm.h.
Tensor row_norm_definition(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
                           bool centred);
// `samples` that have statistics of their own, of `groups` groups of channels each; a batch is one sample of C groups.
Tensor group_norm_definition(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, int64_t samples,
                             int64_t groups, double epsilon);
Tensor given_norm_definition(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mean,
                             const Tensor& variance, double epsilon);

}  // namespace netlet::ops
