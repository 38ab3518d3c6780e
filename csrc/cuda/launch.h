// How a kernel of a GPU is defined and launched. Each `<op>_cuda.cu` is compiled twice: by nvcc, and by the C++
// compiler for the simulated GPU, with csrc/cuda_sim in front of the include path.
//
//     template <class T> __device__ void relu(ReluArgs<T> a, int64_t n) {        // runs in every thread
//         for (int64_t i = first_index(); i < n; i += all_threads()) a.y[i] = a.x[i] > 0 ? a.x[i] : 0;
//     }
//     NETLET_CUDA_KERNEL(relu_fwd_f32, ReluArgs<float>) {                        // runs on the host: `a`, `units`, `s`
//         launch<relu<float>>(s, blocks_for(s, units), 0, a, units);
//     }
//
// A launcher may launch several kernels, which run in order. Its sizes depend on the arguments alone where the CPU
// promises the same bits for any number of threads.
#pragma once
#include <cuda_runtime.h>

#include "base/launcher.h"
#include "cuda/table.h"

namespace netlet::cuda {

constexpr int warp = 32;
constexpr unsigned all_lanes = 0xffffffffu;

// For loops over elements: the first index of this thread, and the number of threads of the grid.
__device__ inline int64_t first_index() { return (int64_t)blockIdx.x * blockDim.x + threadIdx.x; }
__device__ inline int64_t all_threads() { return (int64_t)gridDim.x * blockDim.x; }

// Blocks for such a loop over n elements: enough to fill the device, no more than there is work for.
inline unsigned blocks_for(const Stream& s, int64_t n, int threads = 256) {
    const int64_t needed = (n + threads - 1) / threads, most = (int64_t)s.multiprocessors * (2048 / threads);
    return (unsigned)(needed < 1 ? 1 : needed < most ? needed : most);
}

#if defined(__CUDACC__)

// The entry of every kernel: leaves at once if a gate is closed.
template <auto Body, int Threads, int Blocks, class... Args>
__global__ void __launch_bounds__(Threads, Blocks) entry(Gate gate, Args... args) {
    for (const int32_t* closed : gate.closed)
        if (closed && *closed) return;
    Body(args...);
}

// Runs Body(args...) in each thread of grid.x * grid.y * grid.z blocks of `Threads` threads, with `shared_bytes` of
// shared memory (cuda/shared.h). The compiler keeps registers few enough for `Blocks` blocks on a multiprocessor.
template <auto Body, int Threads = 256, int Blocks = 1, class... Args>
void launch(const Stream& s, dim3 grid, size_t shared_bytes, const Args&... args) {
    if (shared_bytes > 48 * 1024)  // a kernel must ask for more than the default
        cudaFuncSetAttribute(entry<Body, Threads, Blocks, Args...>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             (int)shared_bytes);
    entry<Body, Threads, Blocks, Args...>
        <<<grid, Threads, shared_bytes, static_cast<cudaStream_t>(s.raw)>>>(s.gate, args...);
}

#endif

}  // namespace netlet::cuda

#if !defined(__CUDACC__)
#include "launch_sim.h"  // the same `launch` for the simulated GPU
#endif

// Defines the launcher of a kernel of kernels.def. Args must be those that the list names.
#define NETLET_CUDA_KERNEL(name, Args)                                                                                 \
    static void name##_launch(const Args& a, int64_t units, Stream& s);                                                \
    static const ::netlet::cuda::Registered name##_registered(                                                         \
        ::netlet::KernelIndex::name, [](const void* args, int64_t units, ::netlet::Stream& s) {                        \
            static_assert(::netlet::cuda::takes<::netlet::KernelIndex::name, Args>, "see kernels.def");                \
            name##_launch(*static_cast<const Args*>(args), units, s);                                                  \
        });                                                                                                            \
    static void name##_launch([[maybe_unused]] const Args& a, [[maybe_unused]] int64_t units,                          \
                              [[maybe_unused]] Stream& s)
