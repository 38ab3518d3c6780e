#pragma once
#include "ops/index/index_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Negative indices count from the end. If the values are known (outside of a recording), an index out of bounds raises
// a ValueError; in a plan it reads NaN (integers: 0), and a write to it is dropped.

// Entries of `axis` by index; the shape of index takes the place of the axis.
Tensor take(Tape& tape, const Tensor& x, const Tensor& index, int axis);
// Checks that every index is in [0, n). If the values are known, another one raises a ValueError; a plan stops at this
// record, which has written {flat position, index, n} of the first one.
void check_index(Tape& tape, const Tensor& index, int64_t n);
// 1 at the position that index names along a new axis, 0 elsewhere; an index outside [0, classes) gives zeros only.
Tensor one_hot(Tape& tape, const Tensor& index, int64_t classes, int axis, DType dtype);

// Entries of x along `axis` at positions of the same rank; their other axes broadcast against each other.
Tensor take_along_axis(Tape& tape, const Tensor& x, const Tensor& positions, int axis);

// `into`, with its rows at positions (..., depth) on the first `depth` axes combined with updates (..., rest of into's
// shape) in their order. `negative`: whether negative positions count from the end. `op`: the name in errors. Gradients
// flow to both; equal maxima (minima) share theirs, and updates that multiply have none.
Tensor scatter(Tape& tape, const char* op, ScatterOp how, const Tensor& into, const Tensor& positions,
               const Tensor& updates, bool negative = true);

// ---- shared by ops that take indices

Tensor as_index(Tape& tape, const char* op, const Tensor& positions);  // int32 or int64; TypeError for floats
AxisLayout axis_layout(const Shape& shape, int axis, int64_t k);
// y (outer, k, inner) = the rows of x (outer, n, inner) that index (k,) names. An index out of bounds reads NaN or 0 of
// `dtype`, which has the size of x's.
void emit_gather(Tape& tape, const Tensor& x, const Tensor& index, const Tensor& y, const AxisLayout& layout,
                 DType dtype);
// dx = or += dy (outer, k, inner) at index (outer, k, inner) of the middle axis.
void emit_scatter_along(Tape& tape, const Tensor& dy, const Tensor& index, const Grad& dx, const AxisLayout& layout);
// x (outer, k, inner) added up at index of the middle axis of a tensor of this shape, 0 elsewhere. Gradient flows.
Tensor scattered_along(Tape& tape, const Tensor& x, const Tensor& index, const Shape& shape, const AxisLayout& layout);
// Registers the gradient of y = the entries of x at index (outer, k, inner) along the middle axis.
void on_backward_of_gather_along(Tape& tape, const Tensor& x, const Tensor& y, const Tensor& index,
                                 const AxisLayout& layout);
// Marks the rows that index names, or all if it is null, as nonzero; `keep`: beside those that are marked already.
void mark_rows(Tape& tape, const Rows& rows, const Tensor& index, bool keep = false);
int64_t index_value(const Tensor& positions, int64_t i);  // the value of flat element i, which must be known
// The position of the first element outside of [-n, n), or [0, n) if not `negative`; -1: none, or values not known.
int64_t first_outside(const Tensor& positions, int64_t n, bool negative = true);
// ValueError if there is one.
void check_indices(const char* op, const Tensor& positions, int64_t n, int axis, bool negative = true);

}  // namespace netlet::ops
