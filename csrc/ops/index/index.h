#pragma once
#include "ops/index/index_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Positions count from the end below 0. Where their values are known already (not inside a recording) one that lies
// outside is a ValueError; in a plan it takes NaN (integers: 0) and gives nothing.

// Entries of `axis` by index (integers of any shape, which takes the place of the axis).
Tensor take(Tape& tape, const Tensor& x, const Tensor& index, int axis);
// Every index must lie in [0, n). Where its value is known already another is a ValueError; a plan stops at this record,
// which leaves {flat position, index, n} of the first such.
void check_index(Tape& tape, const Tensor& index, int64_t n);
// 1 at the position that index names along a new axis, 0 elsewhere; an index outside [0, classes) gives zeros only.
Tensor one_hot(Tape& tape, const Tensor& index, int64_t classes, int axis, DType dtype);

// Entries of x along `axis` at positions of the same rank; their other axes broadcast against each other.
Tensor take_along_axis(Tape& tape, const Tensor& x, const Tensor& positions, int axis);

// `into` with the rows that positions (..., depth) name on its first `depth` axes joined with updates (..., rest of
// into's shape), in their order. `negative`: whether positions below 0 count from the end. `op` names errors. Gradients
// flow to both; those of max and min are shared between equal ones, and updates that multiply have none.
Tensor scatter(Tape& tape, const char* op, ScatterOp how, const Tensor& into, const Tensor& positions,
               const Tensor& updates, bool negative = true);

// ---- what ops that work with positions share

Tensor as_index(Tape& tape, const char* op, const Tensor& positions);  // int32 or int64; TypeError for floats
AxisLayout axis_layout(const Shape& shape, int axis, int64_t k);
// y (outer, k, inner) = the rows of x (outer, n, inner) that index (k,) names, as numbers of `dtype`: that says what a
// position outside gives.
void emit_gather(Tape& tape, const Tensor& x, const Tensor& index, const Tensor& y, const AxisLayout& layout,
                 DType dtype);
// dx = or += dy (outer, k, inner) at index (outer, k, inner) of the middle axis.
void emit_scatter_along(Tape& tape, const Tensor& dy, const Tensor& index, const Grad& dx, const AxisLayout& layout);
// x (outer, k, inner) added up at index of the middle axis of a tensor of this shape, 0 elsewhere. Gradient flows.
Tensor scattered_along(Tape& tape, const Tensor& x, const Tensor& index, const Shape& shape, const AxisLayout& layout);
// Registers the gradient of y (outer, k, inner) = the entries of x that index (outer, k, inner) names along the middle axis.
void on_backward_of_gather_along(Tape& tape, const Tensor& x, const Tensor& y, const Tensor& index,
                                 const AxisLayout& layout);
// Says that the rows that index names, or all if it is null, differ from zero; `keep`: beside those that did.
void mark_rows(Tape& tape, const Rows& rows, const Tensor& index, bool keep = false);
int64_t index_value(const Tensor& positions, int64_t i);  // the value of flat element i, which must be known
// The first flat element that is known and lies outside of [-n, n) or, not `negative`, [0, n); -1: none.
int64_t first_outside(const Tensor& positions, int64_t n, bool negative = true);
// ValueError where a position that is known lies outside of [-n, n) or, not `negative`, [0, n).
void check_indices(const char* op, const Tensor& positions, int64_t n, int axis, bool negative = true);

}  // namespace netlet::ops
