#pragma once
#include <vector>

#include "plan/tape.h"

namespace netlet::ops {

Tensor transpose(Tape& tape, const Tensor& x,
                 const std::vector<int>& axes);  // y's axis i is x's axis axes[i]; none: reversed
Tensor broadcast_to(Tape& tape, const Tensor& x, const Shape& shape);
Tensor concatenate(Tape& tape, const std::vector<Tensor>& xs, int axis);
Tensor stack(Tape& tape, const std::vector<Tensor>& xs, int axis);
Tensor expand_dims(Tape& tape, const Tensor& x, int axis);
Tensor squeeze(Tape& tape, const Tensor& x, const std::vector<int>& axes);  // none: every axis of size 1
Tensor repeat(Tape& tape, const Tensor& x, int64_t count, int axis);        // each entry `count` times in a row
Tensor tile(Tape& tape, const Tensor& x, const std::vector<int64_t>& counts);
// `before[i]` and `after[i]` entries of `value` around axis i.
Tensor pad(Tape& tape, const Tensor& x, const std::vector<int64_t>& before, const std::vector<int64_t>& after,
           double value);
// x with the block that begins at `start` replaced by updates.
Tensor slice_update(Tape& tape, const Tensor& x, const std::vector<int64_t>& start, const Tensor& updates);
Tensor flip(Tape& tape, const Tensor& x, const std::vector<int>& axes);

// `size` entries of an axis from `start` on, `step` apart (step may be negative).
struct Span {
    int64_t start, step, size;
};
Tensor slice(Tape& tape, const Tensor& x, const std::vector<Span>& spans);
// Parts that end before each of `ends` along `axis`, and the rest.
std::vector<Tensor> split(Tape& tape, const Tensor& x, const std::vector<int64_t>& ends, int axis);

// ---- for the backward passes of other ops; no gradient of their own

// out = or += scale * x, x broadcast to out's shape.
void emit_broadcast(Tape& tape, const Tensor& x, double scale, const Grad& out);

}  // namespace netlet::ops
