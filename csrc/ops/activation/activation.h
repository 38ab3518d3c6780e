#pragma once
#include <limits>
#include <string>

#include "ops/activation/activation_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// What activation_args.h calls alpha, beta and gamma.
struct ActivationParams {
    double alpha = 0, beta = 0, gamma = 0;
};

// y = f(x), float32 or float64, any shape. Gradient flows.
Tensor activation(Tape& tape, const Tensor& x, Activation act, const ActivationParams& params = {});

// "relu" -> Activation::relu; ValueError that lists the known ones.
Activation activation_by_name(const std::string& name);
const char* name_of(Activation act);

// dz = dy f'(z), or dz += as the Grad says, computed from y = f(z). For ops that fuse `act`, which must be fusable.
void activation_gradient(Tape& tape, Activation act, double alpha, const Tensor& y, const Tensor& dy, const Grad& dz);

// f'(x) as differentiable ops, from x and y = f(x).
Tensor activation_slope(Tape& tape, Activation act, const ActivationParams& params, const Tensor& x, const Tensor& y);

}  // namespace netlet::ops
