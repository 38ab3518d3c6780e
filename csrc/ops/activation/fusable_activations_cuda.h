// The fusable activations and their derivatives on one element, for kernels that fuse them. The formulas are those of
// fusable_activations.h.
#pragma once
#include "cuda/launch.h"
#include "ops/activation/activation_args.h"

namespace netlet::cuda {

__device__ inline float sigmoid_of(float x) {  // e^-|x| cannot overflow
    const float e = expf(-fabsf(x));
    return (x < 0 ? e : 1.0f) / (1.0f + e);
}
__device__ inline double sigmoid_of(double x) {
    const double e = exp(-fabs(x));
    return (x < 0 ? e : 1.0) / (1.0 + e);
}
__device__ inline float tanh_of(float x) { return tanhf(x); }
__device__ inline double tanh_of(double x) { return tanh(x); }
__device__ inline float expm1_of(float x) { return expm1f(x); }
__device__ inline double expm1_of(double x) { return expm1(x); }
__device__ inline float exp_of(float x) { return expf(x); }
__device__ inline double exp_of(double x) { return exp(x); }

// Whether the activation takes so few instructions that an unrolled loop may contain it.
__device__ inline bool is_cheap(Activation act) { return act <= Activation::leaky_relu; }

template <class T> __device__ inline T activate_cheap(Activation act, T x, T alpha) {
    if (act == Activation::linear || x > 0) return x;
    if (act == Activation::leaky_relu) return x * alpha;
    return x != x ? x : T(0);
}

template <class T> __device__ inline T activate(Activation act, T x, T alpha) {
    switch (act) {
        case Activation::sigmoid: return sigmoid_of(x);
        case Activation::tanh: return tanh_of(x);
        case Activation::elu: return x > 0 ? x : alpha * expm1_of(x);
        case Activation::exponential: return exp_of(x);
        default: return activate_cheap(act, x, alpha);
    }
}

// dy f'(x), computed from y = f(x). Requires alpha >= 0, so that y has the sign of x.
template <class T> __device__ inline T activation_gradient_from_output(Activation act, T y, T dy, T alpha) {
    switch (act) {
        case Activation::relu: return y > 0 ? dy : T(0);
        case Activation::leaky_relu: return y > 0 ? dy : dy * alpha;
        case Activation::sigmoid: return dy * (y * (1 - y));
        case Activation::tanh: return dy * ((1 - y) * (1 + y));
        case Activation::elu: return y > 0 ? dy : dy * (y + alpha);
        case Activation::exponential: return dy * y;
        default: return dy;
    }
}

}  // namespace netlet::cuda
