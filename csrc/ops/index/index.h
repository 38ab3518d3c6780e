#pragma once
#include "ops/index/index_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Positions count from the end below 0. Where their values are known already (not inside a recording) one that lies
// outside is a ValueError; in a plan it takes NaN (integers: 0) and gives nothing.

// Entries of x along `axis` at positions of the same rank; their other axes broadcast against each other.
Tensor take_along_axis(Tape& tape, const Tensor& x, const Tensor& positions, int axis);

// `into` with the rows that positions (..., depth) name on its first `depth` axes joined with updates (..., rest of
// into's shape), in their order. `negative`: whether positions below 0 count from the end. `op` names errors. Gradients
// flow to both; those of max and min are shared between equal ones, and updates that multiply have none.
Tensor scatter(Tape& tape, const char* op, ScatterOp how, const Tensor& into, const Tensor& positions,
               const Tensor& updates, bool negative = true);

// ---- what ops that work with positions share
Tensor as_index(Tape& tape, const char* op, const Tensor& positions);  // int32 or int64; TypeError for floats
Lines lines_of(const Shape& shape, int axis, int64_t k);
// dx = or += dy (outer, k, inner) at index (outer, k, inner) of the middle axis.
void emit_scatter_along(Tape& tape, const Tensor& dy, const Tensor& index, const Grad& dx, const Lines& lines);
// ValueError where a position that is known lies outside of [-n, n) or, not `negative`, [0, n).
void check_positions(const char* op, const Tensor& positions, int64_t n, int axis, bool negative = true);

}  // namespace netlet::ops
