// Four adjacent numbers from shared memory, float32 at a multiple of 16 bytes.
#pragma once
#include "cuda/shared.h"

namespace netlet::cuda {

template <class T> __device__ inline void four(Shared<T> from, T (&to)[4]) {
    if constexpr (sizeof(T) == 4) {
        const float4 v = load4(from);
        to[0] = v.x, to[1] = v.y, to[2] = v.z, to[3] = v.w;
    } else {
#pragma unroll
        for (int i = 0; i < 4; ++i) to[i] = from[i];
    }
}

}  // namespace netlet::cuda
