// Normalizations as compositions of other ops, for higher-order gradients.
#pragma once
#include "plan/tape.h"

namespace netlet::ops {

// gamma and beta (C,), or null, as in norm.h.
Tensor row_norm_definition(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
                           bool centred);
// Each of `samples` samples has statistics for each of `groups` groups of channels; batch_norm is one sample, C groups.
Tensor group_norm_definition(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, int64_t samples,
                             int64_t groups, double epsilon);
Tensor given_norm_definition(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mean,
                             const Tensor& variance, double epsilon);

}  // namespace netlet::ops
