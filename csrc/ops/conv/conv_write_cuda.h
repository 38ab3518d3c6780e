// The last step of a convolution on a GPU: y = or += act(sum + bias) for a few neighbouring elements of a thread.
#pragma once
#include "cuda/elements.h"
#include "cuda/vec.h"
#include "ops/activation/fusable_activations.h"

namespace netlet::cuda {

// Writes the first `count` elements of v; `a` has bias (which is read from index `channel` on), accumulate, act and
// alpha. `wide`: all elements at once. The sum comes first and the bias is added to it, where the CPU's sum starts at
// the bias.
template <class T, int N, class Args>
__device__ inline void write_activated(const Args& a, T* y, Piece<T, N> v, int count, int64_t channel, bool wide) {
    const T* bias = a.accumulate ? y : a.bias ? static_cast<const T*>(a.bias) + channel : nullptr;
    if (bias) {
#pragma unroll
        for (int i = 0; i < N; ++i)
            if (i < count) v.at[i] += bias[i];
    }
    if (a.act == Activation::relu) {
#pragma unroll
        for (int i = 0; i < N; ++i) v.at[i] = gpu::activate(Activation::relu, Vec<T>{v.at[i]}, T(0)).r;
    }
    if (wide) {
        store_piece(y, v);
    } else {
#pragma unroll
        for (int i = 0; i < N; ++i)
            if (i < count) y[i] = v.at[i];
    }
    if (a.act == Activation::linear || a.act == Activation::relu) return;
#pragma unroll 1
    for (int i = 0; i < count; ++i)  // from memory: the other activations are too long to be repeated for each register
        y[i] = gpu::activate(a.act, Vec<T>{y[i]}, (T)a.alpha).r;
}

}  // namespace netlet::cuda
