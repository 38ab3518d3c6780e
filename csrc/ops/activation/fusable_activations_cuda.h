// The fusable activations (fusable_activations.h) on one element, for kernels of a GPU that fuse them.
#pragma once
#include "cuda/vec.h"
#include "ops/activation/fusable_activations.h"

namespace netlet::cuda {

// Whether the activation takes so few instructions that an unrolled loop may contain it.
__device__ inline bool is_cheap(Activation act) { return act <= Activation::leaky_relu; }

template <class T> __device__ inline T activate_cheap(Activation act, T x, T alpha) {
    if (act == Activation::linear || x > 0) return x;
    if (act == Activation::leaky_relu) return x * alpha;
    return x != x ? x : T(0);
}

template <class T> __device__ inline T activate(Activation act, T x, T alpha) {
    return gpu::activate(act, Vec<T>{x}, alpha).r;
}

// dy f'(x), computed from y = f(x).
template <class T> __device__ inline T activation_gradient(Activation act, T y, T dy, T alpha) {
    return gpu::activation_gradient_from_output(act, Vec<T>{y}, Vec<T>{dy}, alpha).r;
}

}  // namespace netlet::cuda
