// float32 and float64 products on a GPU. gemm_choice.cpp chooses the tile, and tells it by mb and nb.
#include "ops/gemm/gemm_skinny_cuda.h"
#include "ops/gemm/gemm_tf32_cuda.h"
#include "ops/gemm/gemm_tile_cuda.h"

namespace netlet::cuda {

namespace {

// 128 x 128: 8 x 16 elements per thread, 6 reads of shared memory for 128 multiply-adds; two blocks of 128 threads
// fill a multiprocessor's registers. 64 x 64 and 32 x 32: for products that have fewer blocks of 128 x 128 than the
// device has multiprocessors. Their warps share elements of c, which keeps more elements in each thread's registers.
template <class T, int size> struct TileFor;
template <> struct TileFor<float, 128> : GemmTile<float, 128, 128, 16, 64, 64, 1, 2> {};
template <> struct TileFor<float, 64> : GemmTile<float, 64, 64, 16, 64, 32, 2, 3> {};
template <> struct TileFor<float, 32> : GemmTile<float, 32, 32, 32, 32, 32, 4, 3> {};
template <> struct TileFor<double, 64> : GemmTile<double, 64, 64, 16, 32, 32, 1, 2> {};
template <> struct TileFor<double, 32> : GemmTile<double, 32, 32, 32, 32, 32, 4, 2> {};

template <class T>
void launch_gemm(const GemmArgs& g, int64_t units, Stream& s) {
    switch (g.mb) {
        case 1: return launch_gemm_skinny<T, 1>(g, units, s);
        case 2: return launch_gemm_skinny<T, 2>(g, units, s);
        case 3: return launch_gemm_skinny<T, 3>(g, units, s);
        case 4: return launch_gemm_skinny<T, 4>(g, units, s);
        case 32: return launch_gemm_tile<TileFor<T, 32>>(g, units, s);
        case 64: return launch_gemm_tile<TileFor<T, 64>>(g, units, s);
        default:
            if constexpr (sizeof(T) == 4) return launch_gemm_tile<TileFor<T, 128>>(g, units, s);
    }
}

// ---- slices of a split K ----

template <class T>
__device__ void sum_slices(GemmSlicesArgs g) {
    const T *slices = static_cast<const T*>(g.slices), *bias = static_cast<const T*>(g.bias);
    T* c = static_cast<T*>(g.c);
    const int64_t size = g.M * g.N;
    for (int64_t i = first_index(); i < size; i += all_threads()) {
        T sum = g.accumulate ? c[i] : bias ? bias[i % g.N] : T(0);
#pragma unroll 8
        for (int64_t s = 0; s < g.count; ++s) sum += slices[s * size + i];
        c[i] = activate(g.act, sum, (T)g.alpha);
    }
}

}  // namespace

NETLET_CUDA_KERNEL(gemm_direct_f32, GemmArgs) {
    a.tf32 ? launch_gemm_tf32(a, units, s) : launch_gemm<float>(a, units, s);
}
NETLET_CUDA_KERNEL(gemm_direct_f64, GemmArgs) { launch_gemm<double>(a, units, s); }
NETLET_CUDA_KERNEL(gemm_slice_k_f32, GemmArgs) { launch_gemm<float>(a, units, s); }
NETLET_CUDA_KERNEL(gemm_slice_k_f64, GemmArgs) { launch_gemm<double>(a, units, s); }
NETLET_CUDA_KERNEL(gemm_sum_slices_f32, GemmSlicesArgs) {
    launch<sum_slices<float>>(s, blocks_for(s, a.M * a.N), 0, a);
}
NETLET_CUDA_KERNEL(gemm_sum_slices_f64, GemmSlicesArgs) {
    launch<sum_slices<double>>(s, blocks_for(s, a.M * a.N), 0, a);
}

}  // namespace netlet::cuda
