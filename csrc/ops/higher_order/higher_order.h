// Gradients that can be differentiated again: of gradient penalties, of physics-informed networks, of Hessians.
//
// Each op's step says how (`HigherOrder`, plan/backward.h): by a formula made of other ops, or by `by_definition`, where the
// op itself is a faster form of others. A step that says neither is differentiated once, by its kernels; a second time is
// a ValueError that names the op.
#pragma once
#include <functional>

#include "ops/elementwise/elementwise_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// As `gradients` (plan/backward.h), by ops whose steps go to whoever listens to the tape. The list keeps its steps.
Tensors higher_gradients(Tape& tape, const BackwardList& list, const Tensors& targets, const Tensors& seeds,
                         const Tensors& sources);

// The gradients of `definition`, which computes the op's outputs from its inputs by other ops. It runs on the step's inputs
// when gradients are asked for, and is differentiated in place of the op.
using Definition = std::function<Tensors(Tape&, const Tensors& x)>;
HigherOrder by_definition(Definition definition);

// ---- for formulas; gradients flow ----

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
