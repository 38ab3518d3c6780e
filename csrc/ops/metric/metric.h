#pragma once
#include "ops/metric/metric_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Adds (total, count) of `values` (N, ...) to state (2,) float64, see metric_args.h; a state (1,) gets the weighted
// sum. w: null, or the leading axes of values, then axes of 1. `count` multiplies both, for a scalar that is already
// the mean of `count` samples.
void accumulate_mean(Tape& tape, const Tensor& values, const Tensor& w, const Tensor& state, double count = 1);

// The accuracy of a batch into `state` in one record (large batches: two), or as values of shape (R...) in y_pred's
// dtype.
void accumulate_accuracy(Tape& tape, Accuracy kind, const Tensor& t, const Tensor& x, const Tensor& w,
                         const Tensor& state, double threshold = 0.5);
Tensor accuracy(Tape& tape, Accuracy kind, const Tensor& t, const Tensor& x, double threshold = 0.5);

Accuracy accuracy_kind(const std::string& name);  // "sparse", "categorical", "binary", "equal"

}  // namespace netlet::ops
