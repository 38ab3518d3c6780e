#pragma once
#include <optional>

#include "ops/loss/loss_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Losses of rows (see loss_args.h), weighted and reduced: Reduction::none gives one value a row, the shape of x without
// its last axis; the others a scalar. `w`, null or of as many elements as there are rows, gets no gradient.

struct PointwiseOptions {
    double delta = 1, epsilon = 1e-7, smoothing = 0;
};
// t has x's shape. Gradient flows into x, and into t for the losses of x - t.
Tensor loss_pointwise(Tape& tape, Pointwise kind, const Tensor& t, const Tensor& x, const Tensor& w,
                      Reduction reduction, const PointwiseOptions& options = {});

struct CrossentropyOptions {
    bool logits = false;
    double epsilon = 1e-7, smoothing = 0;
    std::optional<int64_t> ignore;  // sparse only
};
// t (..., C) of x's shape.
Tensor loss_crossentropy(Tape& tape, const Tensor& t, const Tensor& x, const Tensor& w, Reduction reduction,
                         const CrossentropyOptions& options = {});
// labels (...) or (..., 1), of any type, for x (..., C).
Tensor loss_sparse_crossentropy(Tape& tape, const Tensor& labels, const Tensor& x, const Tensor& w, Reduction reduction,
                                const CrossentropyOptions& options = {});

// Values weighted and reduced. w: v's leading axes (further axes of 1 allowed) or one number; mask: bool, v's shape.
Tensor loss_reduce(Tape& tape, const Tensor& v, const Tensor& w, const Tensor& mask, Reduction reduction);

// bool of `shape`: which labels are not `ignore`.
Tensor not_label(Tape& tape, const Tensor& labels, const Shape& shape, int64_t ignore);

Tensor hinge_labels(Tape& tape, const Tensor& t);  // no gradient
// int32 flag = 1 if the loss (one element of x's type, or null) is infinite or NaN, else 2 if anything in x is, else 0.
// `written`: which rows of x may differ from 0; the others are passed over.
void check_finite(Tape& tape, const Tensor& x, const Tensor& flag, const Tensor& loss = nullptr,
                  const Rows& written = nullptr);

Pointwise pointwise_kind(const std::string& name);  // "squared_error", ...
Reduction reduction_kind(const std::string& name);  // Keras's names

}  // namespace netlet::ops
