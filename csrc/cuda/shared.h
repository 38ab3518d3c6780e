// Shared memory of a block, and copies into it. The simulated GPU (csrc/cuda_sim) checks every access.
#pragma once
#include "cuda/launch.h"

#if defined(__CUDACC__)

namespace netlet::cuda {

// A pointer into shared memory: use only [], +, and the functions below. A type of its own in the simulated GPU.
template <class T> using Shared = T*;

// `count` elements that begin `byte` bytes into the block's shared memory; `byte` is a multiple of 16. Uninitialised.
// launch() must be given enough bytes.
template <class T> __device__ inline Shared<T> shared_array(int byte, [[maybe_unused]] int count) {
    extern __shared__ __align__(16) char shared_bytes[];
    return reinterpret_cast<T*>(shared_bytes + byte);
}

// 16 bytes at once, at a multiple of 16 bytes.
__device__ inline float4 load4(Shared<const float> p) { return *reinterpret_cast<const float4*>(p); }
__device__ inline void store4(Shared<float> p, float4 v) { *reinterpret_cast<float4*>(p) = v; }
template <class T> __device__ inline uint4 load16(Shared<const T> p) { return *reinterpret_cast<const uint4*>(p); }
template <class T> __device__ inline void store16(Shared<T> p, uint4 v) { *reinterpret_cast<uint4*>(p) = v; }
// 4 bytes of smaller elements at once, at a multiple of 4 bytes.
template <class T> __device__ inline void store_word(Shared<T> p, uint32_t v) { *reinterpret_cast<uint32_t*>(p) = v; }

// Starts the copy of 16 bytes from global memory (both at a multiple of 16 bytes). Without `valid` it writes zeros and
// reads nothing. The bytes are there after copy_async_wait and a barrier.
template <class T> __device__ inline void copy_async16(Shared<T> to, const T* from, bool valid = true) {
    const unsigned at = (unsigned)__cvta_generic_to_shared(to);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(at), "l"(from), "r"(valid ? 16 : 0));
}
// The same for 4 bytes at a multiple of 4.
template <class T> __device__ inline void copy_async4(Shared<T> to, const T* from, bool valid = true) {
    const unsigned at = (unsigned)__cvta_generic_to_shared(to);
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;\n" ::"r"(at), "l"(from), "r"(valid ? 4 : 0));
}
// The same for 8 bytes at a multiple of 8.
template <class T> __device__ inline void copy_async8(Shared<T> to, const T* from, bool valid = true) {
    const unsigned at = (unsigned)__cvta_generic_to_shared(to);
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;\n" ::"r"(at), "l"(from), "r"(valid ? 8 : 0));
}
// Ends a group of copies; waits until at most `Pending` of the latest groups are under way.
__device__ inline void copy_async_commit() { asm volatile("cp.async.commit_group;\n" ::); }
template <int Pending> __device__ inline void copy_async_wait() {
    asm volatile("cp.async.wait_group %0;\n" ::"n"(Pending) : "memory");
}

}  // namespace netlet::cuda

#else
#include "shared_sim.h"
#endif
