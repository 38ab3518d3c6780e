// Attention, backward: two launches, so that no two blocks write one element and no atomic addition is needed. Both
// compute the scores of a tile again and from them the probabilities p and the slopes g (attention_args.h):
//   keys      a block has 64 keys of one head of k and runs over all queries of the heads that read it: dk, dv
//   queries   a block has 64 queries of one head and runs over its keys: dq and g, for a bias
// That is seven products of a tile in place of five, and no array of partial dq, of which the CPU has one for each
// chunk of keys (here there is one chunk). A block has up to 64 (128, float32) columns of the gradients; wider heads
// take more blocks.
#include "cuda/reduce.h"
#include "ops/attention/attention_tile_cuda.h"

namespace netlet::cuda {

namespace {

// Shared memory: two tiles of q, k, v or dout, the probabilities, the slopes, Delta and lse of the queries, a flag.
template <class T> struct BackMemory {
    int columns;
    static BackMemory of(const AttentionSizes& n, int of_results) {
        const int h = columns_at_a_time<T>(n.H), d = columns_at_a_time<T>(n.D), most = h > d ? h : d;
        return {most > of_results ? most : of_results};
    }
    NETLET_MEMBER_INLINE int tile_elements() const { return tile * (columns + 4); }
    NETLET_MEMBER_INLINE int elements() const { return 2 * tile_elements() + 2 * tile * score_pitch<T> + 2 * tile + 4; }
};

template <class T> struct BackTile {
    const AttentionGradArgs<T>& a;
    TileRows<T> x, y;
    Shared<T> p, slopes, delta, lse, flag;

    __device__ BackTile(const AttentionGradArgs<T>& args, const BackMemory<T>& memory) : a(args) {
        const Shared<T> shared = shared_array<T>(0, memory.elements());
        x = {shared, memory.columns + 4};
        y = {shared + memory.tile_elements(), memory.columns + 4};
        p = shared + 2 * memory.tile_elements();
        slopes = p + tile * score_pitch<T>;
        delta = slopes + tile * score_pitch<T>;
        lse = delta + tile;
        flag = lse + tile;
    }

    // Delta and lse of the queries. Returns whether one of them is a fully masked row. A warp takes a row at a time.
    __device__ bool load_rows(const HeadTile& at) const {
        const AttentionSizes& n = a.forward.n;
        const int lane = (int)threadIdx.x % warp;
        __syncthreads();
        if (threadIdx.x == 0) flag[0] = 0;
        __syncthreads();
        for (int i = (int)threadIdx.x / warp; i < at.queries; i += attention_threads / warp) {
            const int64_t row = query_offset<T>(n, at, n.D) + i * n.N * n.D;
            T sum = 0;
            for (int64_t j = lane; j < n.D; j += warp) sum += a.out[row + j] * a.dout[row + j];
            sum = reduce_warp(sum, Plus());
            if (lane != 0) continue;
            delta[i] = sum;
            const T of_row = a.lse[(at.b * n.N + at.n) * n.T + at.t + i];
            lse[i] = of_row;
            if (of_row == -(T)__builtin_inf()) flag[0] = 1;
        }
        __syncthreads();
        return flag[0] != 0;
    }

    // Writes drop(p) and scale g of a tile to shared memory, and g to dscores if `writes`.
    __device__ void probabilities(const HeadTile& at, bool writes) const {
        const AttentionArgs<T>& f = a.forward;
        const AttentionSizes& n = f.n;
        const int64_t queries = query_offset<T>(n, at, 1), keys = key_offset<T>(n, at, 1);
        const int column = (int)threadIdx.x % 16, first = (int)threadIdx.x / 16;
        T d[4][4];
        products_of_tile(f.q + queries * n.H, n.N * n.H, at.queries, f.k + keys * n.H, n.K * n.H, at.keys, n.H, x, y,
                         d);
        // q . k waits where p comes, which saves 16 registers during the second product.
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
            for (int j = 0; j < 4; ++j) p[(first + 16 * i) * score_pitch<T> + column + 16 * j] = d[i][j];
        products_of_tile(a.dout + queries * n.D, n.N * n.D, at.queries, f.v + keys * n.D, n.K * n.D, at.keys, n.D, x, y,
                         d);
        const T of_dead = f.average_dead ? T(1) / (T)n.S : T(0);
        const TileDropout<T> dropout(f, at);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const int key = column + 16 * j;
            T factor[4] = {1, 1, 1, 1};
            if (f.rate > 0) dropout.factors(f, key, factor);
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int row = first + 16 * i;
                T kept = 0, slope = 0;
                if (row < at.queries && key < at.keys) {
                    const bool dead = lse[row] == -(T)__builtin_inf();
                    const T of_key =
                        dead ? of_dead
                             : exp_of_negative(score_of(f, at, row, key, (T)p[row * score_pitch<T> + key]) - lse[row]);
                    kept = of_key * factor[i];
                    slope = dead ? T(0) : of_key * (d[i][j] * factor[i] - delta[row]);
                    if (writes) a.dscores[((at.b * n.N + at.n) * n.T + at.t + row) * n.S + at.s + key] = slope;
                }
                p[row * score_pitch<T> + key] = kept;
                slopes[row * score_pitch<T> + key] = slope * f.scale;
            }
        }
        __syncthreads();
    }
};

// A row of a gradient: the thread's columns from `first` on.
template <class T, int groups>
__device__ inline void write_row(T* to, const T (&sum)[groups * 4], int64_t first, int64_t width, bool accumulate) {
#pragma unroll
    for (int c = 0; c < groups * 4; ++c) {
        const int64_t column = first + column_of<groups>(c);
        if (column < width) to[column] = accumulate ? to[column] + sum[c] : sum[c];
    }
}

template <class T, int groups> __device__ void back_keys(AttentionGradArgs<T> a, BackMemory<T> memory) {
    const AttentionArgs<T>& f = a.forward;
    const AttentionSizes& n = f.n;
    const BackTile<T> w(a, memory);
    const int64_t tiles = (n.S + tile - 1) / tile, unit = blockIdx.x, first = (int64_t)blockIdx.y * groups * 64;
    const int64_t head = unit / tiles % n.K, group = n.N / n.K;
    HeadTile at{unit / tiles / n.K, 0, 0, unit % tiles * tile, 0, 0};
    at.keys = at_most_tile(n.S - at.s);
    const bool average = f.average_dead && (f.mask || f.bias);
    T dk[4][groups * 4] = {}, dv[4][groups * 4] = {};
    for (int64_t i = 0; i < group; ++i) {
        at.n = head * group + i;
        for (at.t = 0; at.t < n.T; at.t += tile) {
            at.queries = at_most_tile(n.T - at.t);
            const bool unseen = f.causal && at.t + at.queries <= at.s;
            if (unseen && !average) continue;
            const bool dead = w.load_rows(at);
            if (unseen && !dead) continue;
            w.probabilities(at, false);
            const int64_t queries = query_offset<T>(n, at, 1);
            w.x.load(f.q + queries * n.H, n.N * n.H, at.queries, first, groups * 64, n.H);
            w.y.load(a.dout + queries * n.D, n.N * n.D, at.queries, first, groups * 64, n.D);
            __syncthreads();
            if (a.dk && first < n.H) multiply_scores_transposed<T, groups>(w.slopes, w.x, dk);
            if (a.dv && first < n.D) multiply_scores_transposed<T, groups>(w.p, w.y, dv);
        }
    }
    at.n = head * group;
    const int64_t keys = key_offset<T>(n, at, 1);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const int row = (int)threadIdx.x / 16 * 4 + i;
        if (row >= at.keys) continue;
        if (a.dk) write_row<T, groups>(a.dk + (keys + row * n.K) * n.H, dk[i], first, n.H, a.accumulate_k);
        if (a.dv) write_row<T, groups>(a.dv + (keys + row * n.K) * n.D, dv[i], first, n.D, a.accumulate_v);
    }
}

template <class T, int groups> __device__ void back_queries(AttentionGradArgs<T> a, BackMemory<T> memory) {
    const AttentionArgs<T>& f = a.forward;
    const AttentionSizes& n = f.n;
    const BackTile<T> w(a, memory);
    const int64_t tiles = (n.T + tile - 1) / tile, unit = blockIdx.x, first = (int64_t)blockIdx.y * groups * 64;
    HeadTile at{unit / tiles / n.N, unit / tiles % n.N, unit % tiles * tile, 0, 0, 0};
    at.queries = at_most_tile(n.T - at.t);
    w.load_rows(at);
    const int64_t seen = at.t + at.queries, end = f.causal && seen < n.S && !a.dscores ? seen : n.S;
    T dq[4][groups * 4] = {};
    for (; at.s < end; at.s += at.keys) {
        at.keys = at_most_tile(end - at.s);
        w.probabilities(at, a.dscores && blockIdx.y == 0);
        w.y.load(f.k + key_offset<T>(n, at, n.H), n.K * n.H, at.keys, first, groups * 64, n.H);
        __syncthreads();
        if (a.dq) multiply_scores<T, groups>(w.slopes, w.y, dq);
    }
    if (!a.dq) return;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const int row = (int)threadIdx.x / 16 + 16 * i;
        if (row < at.queries)
            write_row<T, groups>(a.dq + query_offset<T>(n, at, n.H) + row * n.N * n.H, dq[i], first, n.H,
                                 a.accumulate_q);
    }
}

template <class T, int groups> void back(const AttentionGradArgs<T>& a, Stream& s) {
    const AttentionSizes& n = a.forward.n;
    const BackMemory<T> memory = BackMemory<T>::of(n, groups * 64);
    const size_t bytes = (size_t)memory.elements() * sizeof(T);
    const int64_t of_q = blocks_of_columns<groups>(n.H), of_v = blocks_of_columns<groups>(n.D);
    if (a.dk || a.dv) {
        const dim3 grid((unsigned)(n.B * n.K * ((n.S + tile - 1) / tile)), (unsigned)(of_q > of_v ? of_q : of_v));
        launch<back_keys<T, groups>, attention_threads, groups == 1 ? blocks_together<T> : 1>(s, grid, bytes, a,
                                                                                              memory);
    }
    if (a.dq || a.dscores) {
        const dim3 grid((unsigned)(n.B * n.N * ((n.T + tile - 1) / tile)), (unsigned)of_q);
        launch<back_queries<T, groups>, attention_threads, blocks_together<T>>(s, grid, bytes, a, memory);
    }
}

}  // namespace

NETLET_CUDA_KERNEL(attention_bwd_f32, AttentionGradArgs<float>) {
    if (a.forward.n.D > 64 || a.forward.n.H > 64) return back<float, 2>(a, s);
    back<float, 1>(a, s);
}
NETLET_CUDA_KERNEL(attention_bwd_f64, AttentionGradArgs<double>) { back<double, 1>(a, s); }

}  // namespace netlet::cuda
