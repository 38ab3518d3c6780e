#pragma once
#include "ops/activation/activation_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// x (..., C), float32 or float64. gamma and beta (C,) of x's type, each may be null. Gradients flow to x, gamma, beta.

// Over the last axis of each row. Without `centred`, RMS normalization: nothing is subtracted.
Tensor layer_norm(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon, bool centred);

// y = act(normalized x). mean and variance (C,): those of this batch, for moving statistics; no gradient flows through
// them.
struct BatchNorm {
    Tensor y, mean, variance;
};
BatchNorm batch_norm(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
                     Activation act = Activation::linear);

// x (N, ..., C), rank >= 2: statistics of each sample's `groups` groups of neighbouring channels.
Tensor group_norm(Tape& tape, const Tensor& x, int64_t groups, const Tensor& gamma, const Tensor& beta, double epsilon);

// With given mean and variance (C,); gradient flows to them too.
Tensor given_norm(Tape& tape, const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& gamma,
                  const Tensor& beta, double epsilon);

// Folds given_norm into the product before it: the kernel (..., C) and bias (C,) of the one product that computes
// given_norm(x . kernel + bias, ...). bias may be null. No gradient. A plan caches the result until an operand is
// written.
struct Folded {
    Tensor kernel, bias;
};
Folded fold_norm(Tape& tape, const Tensor& kernel, const Tensor& bias, const Tensor& mean, const Tensor& variance,
                 const Tensor& gamma, const Tensor& beta, double epsilon);

// moving = moving * momentum + value * (1 - momentum), in place; in a recorded step at its end.
void moving_average(Tape& tape, const Tensor& value, const Tensor& moving, double momentum);

}  // namespace netlet::ops
