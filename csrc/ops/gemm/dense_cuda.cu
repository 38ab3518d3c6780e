// The elementwise half of a dense layer's backward pass on a GPU: dz = dy act'(z) and its column sums.
//
// A thread block has `columns` columns of a slice of rows. Its groups of lanes read neighbouring columns of one row
// each, 16 bytes at a time where rows are aligned, and the block adds the groups' sums in an order that depends on the
// shapes alone. Few columns get narrow blocks, so that more rows are under way.
#include "cuda/shared.h"
#include "ops/activation/fusable_activations_cuda.h"
#include "ops/gemm/gemm_args.h"

namespace netlet::cuda {

namespace {

constexpr int dense_threads = 256, dense_warps = dense_threads / warp;

template <class T, int V> struct alignas(sizeof(T) * V) Columns {
    T at[V];
};

template <class T, int V, int columns>
__device__ void dense_bwd(DenseGradArgs g, unsigned blocks_across) {
    using Vector = Columns<T, V>;
    constexpr int across = columns / V, groups = dense_threads / across;
    const int t = threadIdx.x, lane = t % warp;
    const int64_t slice = blockIdx.x / blocks_across, first = (int64_t)(blockIdx.x % blocks_across) * columns;
    const int64_t begin = slice * g.slice, end = g.M - begin < g.slice ? g.M : begin + g.slice;
    const int64_t column = first + t % across * V;
    const Shared<T> sums = shared_array<T>(0, dense_warps * columns);  // of each warp

    T sum[V] = {};
    if (column < g.N) {
#pragma unroll 4
        for (int64_t i = begin + t / across; i < end; i += groups) {
            const int64_t at = i * g.N + column;
            Vector d = *reinterpret_cast<const Vector*>(static_cast<const T*>(g.dy) + at);
            if (g.y) {
                const Vector y = *reinterpret_cast<const Vector*>(static_cast<const T*>(g.y) + at);
#pragma unroll
                for (int v = 0; v < V; ++v) d.at[v] = activation_gradient(g.act, y.at[v], d.at[v], (T)g.alpha);
                *reinterpret_cast<Vector*>(static_cast<T*>(g.dz) + at) = d;
            }
#pragma unroll
            for (int v = 0; v < V; ++v) sum[v] += d.at[v];
        }
    }
#pragma unroll
    for (int v = 0; v < V; ++v) {
#pragma unroll
        for (int step = warp / 2; step >= across; step /= 2) sum[v] += __shfl_xor_sync(all_lanes, sum[v], step);
        if (lane < across) sums[t / warp * columns + lane * V + v] = sum[v];
    }
    __syncthreads();
    if (t >= columns || first + t >= g.N) return;
    T total = sums[t];
    for (int w = 1; w < dense_warps; ++w) total += (T)sums[w * columns + t];
    T* db = static_cast<T*>(g.db) + slice * g.N + first + t;
    *db = g.accumulate ? *db + total : total;
}

template <class T>
void launch_dense_bwd(const DenseGradArgs& g, int64_t units, Stream& s) {
    constexpr int V = 16 / sizeof(T);
    const int64_t slices = units / ((g.N + gemm_panel_group - 1) / gemm_panel_group);
    auto aligned = [](const void* p) { return (uintptr_t)p % 16 == 0; };
    const bool vectors = g.N % V == 0 && aligned(g.dy) && aligned(g.y) && aligned(g.dz);
    auto run = [&]<auto body, int columns>() {
        const unsigned across = (unsigned)((g.N + columns - 1) / columns);
        launch<body, dense_threads>(s, dim3((unsigned)slices * across), sizeof(T) * dense_warps * columns, g, across);
    };
    if (g.N <= 16)
        vectors ? run.template operator()<dense_bwd<T, V, 8>, 8>() : run.template operator()<dense_bwd<T, 1, 8>, 8>();
    else
        vectors ? run.template operator()<dense_bwd<T, V, 32>, 32>()
                : run.template operator()<dense_bwd<T, 1, 32>, 32>();
}

}  // namespace

NETLET_CUDA_KERNEL(dense_bwd_f32, DenseGradArgs) { launch_dense_bwd<float>(a, units, s); }
NETLET_CUDA_KERNEL(dense_bwd_f64, DenseGradArgs) { launch_dense_bwd<double>(a, units, s); }

}  // namespace netlet::cuda
