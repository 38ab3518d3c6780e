// Compiles a *_simd.cpp for the GPU, so that both devices have one formula. It works for kernels that read and write
// by each_vector alone and do the same for every vector. In the .cu file:
//
//     #include "cuda/simd_kernels.h"
//     #include "ops/optim/optim_simd.cpp"
#pragma once
#define NETLET_ISA cuda_simd
#define NETLET_VEC_CUDA_WIDE
#include "cuda/each_vector.h"
#include "cuda/launch.h"
#include "dispatch/kernel.h"

// A thread has four elements at least. Half of the threads that fit keep the memory busy, and each of them computes
// the step's constants from its cells first.
#undef NETLET_DEFINE_KERNEL
#define NETLET_DEFINE_KERNEL(name, Args)                                                                               \
    static __device__ void name##_body(const Args& a, Range r);                                                        \
    static __device__ void name##_thread(Args a, int64_t units) { name##_body(a, Range{0, units}); }                   \
    NETLET_CUDA_KERNEL(name, Args) {                                                                                   \
        const unsigned blocks = ::netlet::cuda::blocks_for(s, (units + 3) / 4), most = 4u * s.multiprocessors;         \
        ::netlet::cuda::launch<name##_thread>(s, blocks < most ? blocks : most, 0, a, units);                          \
    }                                                                                                                  \
    static __device__ void name##_body([[maybe_unused]] const Args& a, [[maybe_unused]] Range r)
