// Gradients that can be differentiated again: for gradient penalties, physics-informed networks, Hessians.
//
// The step of an op provides them as a `HigherOrder` function (plan/backward.h): a formula of other ops, or
// `by_definition` if the op is a faster form of other ops. A step without one can be differentiated once, by its
// kernels; a second derivative raises a ValueError that names the op.
#pragma once
#include <functional>

#include "ops/elementwise/elementwise_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// As `gradients` (plan/backward.h), by ops whose own steps are recorded by the tape's listeners. `list` is unchanged.
Tensors higher_gradients(Tape& tape, const BackwardList& list, const Tensors& targets, const Tensors& seeds,
                         const Tensors& sources);

// The gradients of `definition`, which computes the op's outputs from its inputs by other ops. It runs when gradients
// are asked for, on the step's inputs, and is differentiated in place of the op.
using Definition = std::function<Tensors(Tape&, const Tensors& x)>;
HigherOrder by_definition(Definition definition);

// ---- for these formulas; gradients flow ----

// x summed over the axes along which `shape` is broadcast to x's.
Tensor sum_to(Tape& tape, const Tensor& x, const Shape& shape);
Tensor zeros_like(Tape& tape, const Tensor& x);
// scale x + shift
Tensor affine(Tape& tape, const Tensor& x, double scale, double shift = 0);
Tensor negative(Tape& tape, const Tensor& x);
// 1 where the comparison holds and 0 elsewhere, in a's type; no gradient.
Tensor indicator(Tape& tape, CompareOp op, const Tensor& a, const Tensor& b);
Tensor indicator(Tape& tape, CompareOp op, const Tensor& a, double b);

}  // namespace netlet::ops
