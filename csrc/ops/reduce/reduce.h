#pragma once
#include <optional>
#include <vector>

#include "ops/reduce/reduce_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Axes as in Python: negative ones count from the end, none given means all of them.
using Axes = std::optional<std::vector<int>>;

// Integers keep their dtype, bools are counted in int32. Gradients flow for floating types; that of max and min is
// split evenly between equal extremes, as in JAX.
Tensor sum(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims);
Tensor mean(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims);  // integers become float32
Tensor prod(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims);
Tensor max(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims);
Tensor min(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims);
Tensor any(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims);  // of x != 0; bool
Tensor all(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims);
// First position of the extreme value along `axis` (none: in the flattened tensor); int32.
Tensor argmax(Tape& tape, const Tensor& x, std::optional<int> axis, bool keepdims);
Tensor argmin(Tape& tape, const Tensor& x, std::optional<int> axis, bool keepdims);

// ---- for the backward passes of other ops; no gradient of their own -------------------------------------------------
// out (N,) = or += sum of x (..., N) over all axes but the last: the gradient of a bias.
void emit_column_sum(Tape& tape, const Tensor& x, const Grad& out);
// out = or += x / divisor, summed over the axes along which out's shape is broadcast to x's: the gradient of a
// broadcast operand.
void emit_sum_to(Tape& tape, const Tensor& x, const Grad& out, double divisor = 1);

}  // namespace netlet::ops
