#pragma once
#include "ops/metric/confusion_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// float64 tensors (K, labels) or (K,) that the counts of a batch are added to; null: not needed.
struct ConfusionState {
    Tensor tp, fp, tn, fn;
};

// Adds the counts of a batch, see confusion_args.h. x, y (..., L); w: null, or the leading axes of x, then axes of 1;
// label_w: null or (L,); thresholds (K,) in rising order; order (K,) int32.
void accumulate_confusion(Tape& tape, const Tensor& y, const Tensor& x, const Tensor& w, const Tensor& label_w,
                          const Tensor& thresholds, const Tensor& order, const ConfusionState& state, Spacing spacing,
                          bool by_label);

// Adds pairs of classes to matrix (C, C) float64. labels, predictions: the same number of elements, any dtype;
// outside: null or (2,) float64; ignore: a label, or -1.
void accumulate_confusion_matrix(Tape& tape, const Tensor& labels, const Tensor& predictions, const Tensor& w,
                                 const Tensor& matrix, const Tensor& outside, int64_t ignore);

Spacing spacing_kind(const std::string& name);  // "any", "even", "even_beyond"

}  // namespace netlet::ops
