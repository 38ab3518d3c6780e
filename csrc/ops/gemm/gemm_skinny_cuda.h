// Products with at most 4 rows on a GPU, bound by reading b once: b is read in memory order, 16 bytes at a time where
// its rows are aligned.
//
//     rows of b    a thread block computes nb = 32 columns. Its groups of lanes read one row of b each, 128 bytes, and
//                  the block adds the groups' sums at the end: 32 rows are under way however few the columns are.
//     transposed   a warp reads a row of b (a column of the product) and adds its lanes at the end: nb = 8 columns in a
//                  block of 8 warps, or nb = 1, where the warps share one long row.
#pragma once
#include "cuda/reduce.h"
#include "ops/gemm/gemm_blocks_cuda.h"

namespace netlet::cuda {

constexpr int skinny_threads = 256, skinny_warps = skinny_threads / warp;

template <class T, int V> __device__ inline void read_vector(T (&v)[V], const T* p) {
    if constexpr (V == 4) {
        const float4 x = *reinterpret_cast<const float4*>(p);
        v[0] = x.x, v[1] = x.y, v[2] = x.z, v[3] = x.w;
    } else {
        v[0] = *p;
    }
}

// The operands of a block's item; a slice of a split K is an item with its own terms.
template <class T>
struct SkinnyItem {
    const T *a, *b;
    T* c;
    int64_t K;
    __device__ SkinnyItem(const GemmArgs& g, int64_t item) {
        const int64_t k = g.kb ? item * g.kb : 0;
        int64_t offset_a, offset_b;
        gemm_offsets(g, item, offset_a, offset_b);
        a = static_cast<const T*>(g.a) + offset_a + k;
        b = static_cast<const T*>(g.b) + offset_b + k * (g.b_transposed ? 1 : g.ldb);
        c = static_cast<T*>(g.c) + item * g.M * g.ldc;
        K = g.kb && g.K - k > g.kb ? g.kb : g.K - k;
    }
};

template <class T>
__device__ inline void store_sum(const GemmArgs& g, T* c, int64_t i, int64_t j, T sum) {
    T* p = c + i * g.ldc + j;
    if (g.accumulate) sum += *p;
    if (g.bias) sum += static_cast<const T*>(g.bias)[j * g.bias_step];
    *p = activate(g.act, sum, (T)g.alpha);
}

// b is (K, N). V columns per lane.
template <class T, int M, int V>
__device__ void gemm_skinny_rows(GemmArgs g, unsigned column_blocks) {
    constexpr int columns = 32, across = columns / V, groups = skinny_threads / across;
    const int t = threadIdx.x, group = t / across, lane = t % warp;
    const SkinnyItem<T> item(g, blockIdx.x / column_blocks);
    const int64_t first = (int64_t)(blockIdx.x % column_blocks) * columns, j = first + t % across * V;
    const Shared<T> sums = shared_array<T>(0, skinny_warps * M * columns);  // of each warp

    T acc[M][V] = {};
    if (j < g.N) {
        const T *a = item.a + group, *b = item.b + group * g.ldb + j;
#pragma unroll 8
        for (int64_t k = group; k < item.K; k += groups, a += groups, b += groups * g.ldb) {
            T x[V];
            read_vector(x, b);
#pragma unroll
            for (int i = 0; i < M; ++i)
#pragma unroll
                for (int v = 0; v < V; ++v) acc[i][v] = fused_add(a[i * g.lda], x[v], acc[i][v]);
        }
    }
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
        for (int v = 0; v < V; ++v) {
            T sum = acc[i][v];
#pragma unroll
            for (int step = warp / 2; step >= across; step /= 2) sum += __shfl_xor_sync(all_lanes, sum, step);
            if (lane < across) sums[(t / warp * M + i) * columns + lane * V + v] = sum;
        }
    __syncthreads();
    if (t >= M * columns || first + t % columns >= g.N) return;
    T sum = sums[t];
    for (int w = 1; w < skinny_warps; ++w) sum += (T)sums[w * M * columns + t];
    store_sum(g, item.c, t / columns, first + t % columns, sum);
}

// b is (N, K). V terms per lane; `together`: the warps of a block share a column.
template <class T, int M, int V, bool together>
__device__ void gemm_skinny_dot(GemmArgs g, unsigned column_blocks) {
    constexpr int lanes = together ? skinny_threads : warp;
    const int t = threadIdx.x, lane = t % lanes;
    const SkinnyItem<T> item(g, blockIdx.x / column_blocks);
    const int64_t j = (int64_t)(blockIdx.x % column_blocks) * (skinny_threads / lanes) + t / lanes;
    T acc[M] = {};
    if (j < g.N) {
        const T* b = item.b + j * g.ldb;
#pragma unroll 4
        for (int64_t k = lane * V; k < item.K; k += lanes * V) {
            T y[V];
            read_vector(y, b + k);
#pragma unroll
            for (int i = 0; i < M; ++i) {
                T x[V];
                read_vector(x, item.a + i * g.lda + k);
#pragma unroll
                for (int v = 0; v < V; ++v) acc[i] = fused_add(x[v], y[v], acc[i]);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < M; ++i) {
        const T sum = together ? sum_block<skinny_threads>(acc[i]) : reduce_warp(acc[i], Plus());
        if (lane == 0 && j < g.N) store_sum(g, item.c, i, j, sum);
    }
}

template <class T, int M>
void launch_gemm_skinny(const GemmArgs& g, int64_t units, Stream& s) {
    constexpr int V = sizeof(T) == 4 ? 4 : 1;
    const unsigned blocks = (unsigned)((g.N + g.nb - 1) / g.nb);
    const GemmGrid grid = gemm_grid(g, M, (int)g.nb, sizeof(T), sizeof(T));
    auto run = [&]<auto body>(size_t bytes) {
        launch<body, skinny_threads>(s, dim3((unsigned)units), bytes, g, blocks);
    };
    constexpr size_t row_bytes = sizeof(T) * skinny_warps * M * 32, dot_bytes = sizeof(T) * skinny_warps;
    if (!g.b_transposed)
        return grid.vector_b ? run.template operator()<gemm_skinny_rows<T, M, V>>(row_bytes)
                             : run.template operator()<gemm_skinny_rows<T, M, 1>>(row_bytes);
    const bool vectors = grid.vector_a && grid.vector_b;
    if (g.nb == 1)
        return vectors ? run.template operator()<gemm_skinny_dot<T, M, V, true>>(dot_bytes)
                       : run.template operator()<gemm_skinny_dot<T, M, 1, true>>(dot_bytes);
    return vectors ? run.template operator()<gemm_skinny_dot<T, M, V, false>>(dot_bytes)
                   : run.template operator()<gemm_skinny_dot<T, M, 1, false>>(dot_bytes);
}

}  // namespace netlet::cuda
