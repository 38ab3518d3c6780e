// The last step of a convolution on a GPU: y = or += act(sum + bias) for a few neighbouring elements of a thread. `Args`
// has bias, accumulate, act and alpha.
#pragma once
#include "cuda/elements.h"
#include "ops/activation/fusable_activations_cuda.h"

namespace netlet::cuda {

// Writes the first `left` elements of v; their bias begins at index `channel`. `wide`: y and v are whole pieces. The
// bias is added to the sum, where the CPU's sum starts at the bias. An activation that is_cheap is applied.
template <class T, int N, class Args>
__device__ inline void write_sum(const Args& a, T* y, Piece<T, N> v, int left, int channel, bool wide) {
    const T* bias = a.accumulate ? y : a.bias ? static_cast<const T*>(a.bias) + channel : nullptr;
    if (bias) {
#pragma unroll
        for (int i = 0; i < N; ++i)
            if (i < left) v.at[i] += bias[i];
    }
    if (a.act != Activation::linear && is_cheap(a.act)) {
#pragma unroll
        for (int i = 0; i < N; ++i) v.at[i] = activate_cheap(a.act, v.at[i], (T)a.alpha);
    }
    if (wide) {
        store_piece(y, v);
    } else {
#pragma unroll
        for (int i = 0; i < N; ++i)
            if (i < left) y[i] = v.at[i];
    }
}

// The other activations take too many instructions for a loop over registers: they follow in memory.
template <class T, class Args>
__device__ inline void activate_written(const Args& a, T* y) {
    *y = activate(a.act, *y, (T)a.alpha);
}

}  // namespace netlet::cuda
