// Attention, forward: streaming softmax (see attention_fwd_simd.cpp) over tiles of 64 keys. A block has 64 queries of
// one head and up to 128 columns of v; wider values take more blocks, which compute the scores again. Shared memory: q,
// then k or v, and the probabilities; 51 KB for heads of 64 float32. Two blocks share a multiprocessor (by
// their registers), so that one computes while the other loads.
#include "ops/attention/attention_tile_cuda.h"

namespace netlet::cuda {

namespace {

template <class T> struct ForwardMemory {
    int columns, pitch;  // of a tile of q, k or v
    static ForwardMemory of(const AttentionSizes& n, int value_columns) {
        const int h = columns_at_a_time<T>(n.H), columns = h > value_columns ? h : value_columns;
        return {h, columns + 4};
    }
    size_t bytes() const { return (tile * (columns + 4) + tile * pitch + tile * score_pitch<T> + 4) * sizeof(T); }
};

template <class T, int groups> __device__ void attend(AttentionArgs<T> a, ForwardMemory<T> memory) {
    using V = Vec<T>;
    const AttentionSizes& n = a.n;
    const int x = (int)threadIdx.x % 16, y = (int)threadIdx.x / 16, q_pitch = memory.columns + 4;
    const int all = tile * q_pitch + tile * memory.pitch + tile * score_pitch<T> + 4;
    const Shared<T> shared = shared_array<T>(0, all);
    const TileRows<T> q{shared, q_pitch}, k{shared + tile * q_pitch, q_pitch}, v{shared + tile * q_pitch, memory.pitch};
    const Shared<T> p = shared + (tile * q_pitch + tile * memory.pitch), flag = p + tile * score_pitch<T>;
    const int64_t tiles = (n.T + tile - 1) / tile, unit = blockIdx.x, first_column = (int64_t)blockIdx.y * groups * 64;

    HeadTile at{unit / tiles / n.N, unit / tiles % n.N, unit % tiles * tile, 0, 0, 0};
    at.queries = at_most_tile(n.T - at.t);
    T top[4], total[4] = {}, out[4][groups * 4] = {};
#pragma unroll
    for (int i = 0; i < 4; ++i) top[i] = (T)attention_forbidden;
    const int64_t seen = at.t + at.queries;
    int64_t end = a.causal && seen < n.S ? seen : n.S;
    for (; at.s < end; at.s += at.keys) {
        at.keys = at_most_tile(end - at.s);
        T score[4][4];
        products_of_tile(a.q + query_offset<T>(n, at, n.H), n.N * n.H, at.queries, a.k + key_offset<T>(n, at, n.H),
                         n.K * n.H, at.keys, n.H, q, k, score);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int row = y + 16 * i;
            T best = top[i];
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                const int key = x + 16 * j;
                if (key < at.keys && row < at.queries) score[i][j] = score_of(a, at, row, key, score[i][j]);
                if (key < at.keys && score[i][j] > best) best = score[i][j];
            }
#pragma unroll
            for (int step = 8; step > 0; step /= 2) {
                const T other = __shfl_xor_sync(all_lanes, best, step);
                best = other > best ? other : best;
            }
            const T shrink = exp_of_negative(top[i] - best);
            top[i] = best;
            T sum = 0;
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                score[i][j] = x + 16 * j < at.keys ? exp_of_negative(score[i][j] - best) : T(0);
                sum += score[i][j];
            }
#pragma unroll
            for (int step = 8; step > 0; step /= 2) sum += __shfl_xor_sync(all_lanes, sum, step);
            total[i] = total[i] * shrink + sum;
#pragma unroll
            for (int c = 0; c < groups * 4; ++c) out[i][c] *= shrink;
        }
        if (a.rate > 0) {
            const TileDropout<T> dropout(a, at);
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                T f[4];
                dropout.factors(a, x + 16 * j, f);
#pragma unroll
                for (int i = 0; i < 4; ++i) score[i][j] *= f[i];
            }
        }
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
            for (int j = 0; j < 4; ++j) p[(y + 16 * i) * score_pitch<T> + x + 16 * j] = score[i][j];
        __syncthreads();  // all threads have read k
        v.load(a.v + key_offset<T>(n, at, n.D), n.K * n.D, at.keys, first_column, groups * 64, n.D);
        if (threadIdx.x == 0) flag[0] = 0;
        __syncthreads();
        multiply_scores<T, groups>(p, v, out);
        // With average_dead, a fully masked row averages all keys, also those that `causal` hides.
        if (at.s + at.keys < end || end == n.S || !a.average_dead || !(a.mask || a.bias)) continue;
        for (int i = 0; i < 4; ++i)
            if (y + 16 * i < at.queries && top[i] == (T)attention_forbidden) flag[0] = 1;
        __syncthreads();
        if (flag[0] != 0) end = n.S;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const int row = y + 16 * i;
        if (row >= at.queries) continue;
        const bool dead = top[i] == (T)attention_forbidden;
        const T factor = n.S == 0 || (dead && !a.average_dead) ? T(0) : T(1) / total[i];
        T* to = a.out + query_offset<T>(n, at, n.D) + row * n.N * n.D + first_column;
#pragma unroll
        for (int c = 0; c < groups * 4; ++c)
            if (const int column = column_of<groups>(c); first_column + column < n.D) to[column] = out[i][c] * factor;
        if (a.lse && x == 0 && blockIdx.y == 0)
            a.lse[(at.b * n.N + at.n) * n.T + at.t + row] = dead ? -(T)__builtin_inf() : top[i] + log(V{total[i]}).r;
    }
}

template <class T, int groups> void run(const AttentionArgs<T>& a, Stream& s) {
    const ForwardMemory<T> memory = ForwardMemory<T>::of(a.n, groups * 64);
    const dim3 grid((unsigned)(a.n.B * a.n.N * ((a.n.T + tile - 1) / tile)),
                    (unsigned)blocks_of_columns<groups>(a.n.D));
    launch<attend<T, groups>, attention_threads, blocks_together<T>>(s, grid, memory.bytes(), a, memory);
}

}  // namespace

NETLET_CUDA_KERNEL(attention_fwd_f32, AttentionArgs<float>) {
    if (a.n.D > 64) return run<float, 2>(a, s);
    run<float, 1>(a, s);
}
NETLET_CUDA_KERNEL(attention_fwd_f64, AttentionArgs<double>) { run<double, 1>(a, s); }

}  // namespace netlet::cuda
