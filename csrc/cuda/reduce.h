// Sums and maxima over a warp or a block, in a tree that depends on the number of threads of the block alone.
#pragma once
#include "cuda/shared.h"

namespace netlet::cuda {

struct Plus {
    template <class T> __device__ T operator()(T a, T b) const { return a + b; }
};
struct Larger {  // NaN wins, as in NumPy
    template <class T> __device__ T operator()(T a, T b) const { return a > b || a != a ? a : b; }
};
struct Smaller {
    template <class T> __device__ T operator()(T a, T b) const { return a < b || a != a ? a : b; }
};

// The result of all lanes, in every lane.
template <class Op, class T> __device__ inline T reduce_warp(T v, Op op) {
    for (int step = warp / 2; step > 0; step /= 2) v = op(v, __shfl_xor_sync(all_lanes, v, step));
    return v;
}

// The result of all threads of the block, in every thread. `scratch`: `Threads / 32` elements of shared memory that
// nobody uses before or after without a barrier in between. Every thread of the block calls it.
template <int Threads, class Op, class T>
__device__ inline T reduce_block(T v, Shared<T> scratch, Op op) {
    static_assert(Threads % warp == 0 && Threads <= warp * warp);
    constexpr int warps = Threads / warp;
    const int lane = (int)threadIdx.x % warp, mine = (int)threadIdx.x / warp;
    v = reduce_warp(v, op);
    if (warps == 1) return v;
    if (lane == 0) scratch[mine] = v;
    __syncthreads();
    T total = scratch[0];
    for (int w = 1; w < warps; ++w) total = op(total, (T)scratch[w]);
    __syncthreads();
    return total;
}

// The sum of a block, with the scratch at the beginning of its shared memory, of which it takes reduce_bytes<Threads>.
template <int Threads> constexpr size_t reduce_bytes = Threads / warp * sizeof(double);
template <int Threads, class T> __device__ inline T sum_block(T v) {
    return reduce_block<Threads>(v, shared_array<T>(0, Threads / warp), Plus());
}

// The type in which integers add and multiply: they wrap around, which C++ defines for unsigned types only.
template <class T> struct Wrapping {
    using type = T;
};
template <> struct Wrapping<int32_t> {
    using type = uint32_t;
};
template <> struct Wrapping<int64_t> {
    using type = uint64_t;
};

}  // namespace netlet::cuda
