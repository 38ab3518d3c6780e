// What forward and backward attention share on a GPU: tiles of 64 queries and 64 keys in a block of 256 threads.
//
// Thread (x, y) of 16 by 16 has the scores of queries y, y + 16, y + 32, y + 48 and keys x, x + 16, ...: four queries
// 16 apart are what one block of Philox numbers covers, and 16 threads with the same queries are half a warp, so row
// maxima and sums are four shuffles. Products read both tiles from shared memory, 16 multiplications for each 8
// elements, whose row pitch (a multiple of 4 that is not one of 32) keeps 16-byte reads free of bank conflicts. float32
// products stay in float32: tensor cores would round the factors to TF32, far from the CPU's results.
#pragma once
#include "cuda/four.h"
#include "cuda/vec.h"
#include "ops/attention/attention_args.h"
#include "simd/philox.h"
#include "simd/vmath_gates.h"

namespace netlet::cuda {

constexpr int tile = 64, attention_threads = 256, of_thread = 4;
static_assert(tile == attention_queries);

// Blocks that share a multiprocessor: one loads while the other computes. A block of float64 needs its registers.
template <class T> constexpr int blocks_together = sizeof(T) == 4 ? 2 : 1;

template <class T> constexpr int score_pitch = tile + 4;

// Columns of q, k, v that shared memory holds at a time.
template <class T> constexpr int64_t most_columns = sizeof(T) == 4 ? 128 : 64;
template <class T> inline int columns_at_a_time(int64_t width) {
    return (int)(width < most_columns<T> ? (width + 3) / 4 * 4 : most_columns<T>);
}

// Blocks for all columns of a result, of which a block computes up to 64 * groups. At least one.
template <int groups> inline int64_t blocks_of_columns(int64_t width) {
    return width > 0 ? (width + groups * 64 - 1) / (groups * 64) : 1;
}

// A tile of the rows of one head in shared memory.
template <class T> struct TileRows {
    Shared<T> rows;
    int pitch;

    // Rows [0, count) of `from` and columns [first, first + columns), with 0 beyond `width` and beyond count. `columns`
    // is a multiple of 4. A warp copies whole rows.
    __device__ void load(const T* from, int64_t row_pitch, int count, int64_t first, int columns, int64_t width) const {
        const int lane = (int)threadIdx.x % warp, me = (int)threadIdx.x / warp;
        for (int i = me; i < tile; i += attention_threads / warp)
            for (int j = lane; j < columns; j += warp)
                rows[i * pitch + j] = i < count && first + j < width ? from[i * row_pitch + first + j] : T(0);
    }
};

// sum[i][j] += row y + 16 i of a . row x + 16 j of b, over `columns` columns.
template <class T>
__device__ inline void multiply_rows(const TileRows<T>& a, const TileRows<T>& b, int columns, T (&sum)[4][4]) {
    const int x = (int)threadIdx.x % 16, y = (int)threadIdx.x / 16;
#pragma unroll 1
    for (int h = 0; h < columns; h += 4) {
        T q[4][4];
#pragma unroll
        for (int j = 0; j < 4; ++j) four(b.rows + ((x + 16 * j) * b.pitch + h), q[j]);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            T p[4];
            four(a.rows + ((y + 16 * i) * a.pitch + h), p);
#pragma unroll
            for (int c = 0; c < 4; ++c)
#pragma unroll
                for (int j = 0; j < 4; ++j) sum[i][j] += p[c] * q[j][c];
        }
    }
}

// The columns of a result that a thread has: 4 x + 64 g + c for g < groups, c < 4.
template <int groups> __device__ inline int column_of(int c) { return (int)threadIdx.x % 16 * 4 + c / 4 * 64 + c % 4; }

// sum[i][c] += row y + 16 i of scores . column c of b, over the 64 rows of b.
template <class T, int groups>
__device__ inline void multiply_scores(Shared<T> scores, const TileRows<T>& b, T (&sum)[4][groups * 4]) {
    const int x = (int)threadIdx.x % 16, y = (int)threadIdx.x / 16;
#pragma unroll 1
    for (int k = 0; k < tile; k += 4) {
        T p[4][4];
#pragma unroll
        for (int i = 0; i < 4; ++i) four(scores + ((y + 16 * i) * score_pitch<T> + k), p[i]);
#pragma unroll
        for (int kk = 0; kk < 4; ++kk)
#pragma unroll
            for (int g = 0; g < groups; ++g) {
                T v[4];
                four(b.rows + ((k + kk) * b.pitch + g * 64 + x * 4), v);
#pragma unroll
                for (int i = 0; i < 4; ++i)
#pragma unroll
                    for (int c = 0; c < 4; ++c) sum[i][g * 4 + c] += p[i][kk] * v[c];
            }
    }
}

// sum[i][c] += column 4 y + i of scores . column c of b, over the 64 rows of both.
template <class T, int groups>
__device__ inline void multiply_scores_transposed(Shared<T> scores, const TileRows<T>& b, T (&sum)[4][groups * 4]) {
    const int x = (int)threadIdx.x % 16, y = (int)threadIdx.x / 16;
#pragma unroll 2
    for (int k = 0; k < tile; ++k) {
        T p[4];
        four(scores + (k * score_pitch<T> + y * 4), p);
#pragma unroll
        for (int g = 0; g < groups; ++g) {
            T v[4];
            four(b.rows + (k * b.pitch + g * 64 + x * 4), v);
#pragma unroll
            for (int i = 0; i < 4; ++i)
#pragma unroll
                for (int c = 0; c < 4; ++c) sum[i][g * 4 + c] += p[i] * v[c];
        }
    }
}

// e^x for x <= 0: the CPU's exp_of_negative (attention_block.h).
template <class T> __device__ inline T exp_of_negative(T x) {
    using V = Vec<T>;
    const T low = sizeof(T) == 4 ? (T)-87.3f : (T)-708.3;
    const gpu::GateExp<V> e = gpu::gate_exp(at_least(V{x}, V{low}));
    return x < low ? T(0) : fma(e.unit, e.p, e.unit).r;
}

// One head of q, and the tile that a block works on: queries from t on and keys from s on.
struct HeadTile {
    int64_t b, n, t, s;
    int queries, keys;
};

template <class T> __device__ inline int64_t query_offset(const AttentionSizes& n, const HeadTile& at, int64_t width) {
    return ((at.b * n.T + at.t) * n.N + at.n) * width;
}
template <class T> __device__ inline int64_t key_offset(const AttentionSizes& n, const HeadTile& at, int64_t width) {
    return ((at.b * n.S + at.s) * n.K + at.n / (n.N / n.K)) * width;
}
__device__ inline int at_most_tile(int64_t left) { return left < tile ? (int)left : tile; }

// The score of a query and a key of the tile, from q . k: scaled, with bias, or attention_forbidden.
template <class T> __device__ inline T score_of(const AttentionArgs<T>& a, const HeadTile& at, int i, int j,
                                                T product) {
    const T forbidden = (T)attention_forbidden;
    const int64_t t = at.t + i, s = at.s + j;
    if (a.causal && s > t) return forbidden;
    auto offset = [&](const int64_t (&stride)[4]) {
        return at.b * stride[0] + at.n * stride[1] + t * stride[2] + s * stride[3];
    };
    if (a.mask && !a.mask[offset(a.mask_stride)]) return forbidden;
    const T x = a.bias ? gpu::multiply_add(product, a.scale, a.bias[offset(a.bias_stride)]) : product * a.scale;
    return x < forbidden ? forbidden : x;
}

// q . k of a tile, in sum. `x` and `y` are overwritten. Every thread of the block calls it.
template <class T>
__device__ inline void products_of_tile(const T* from_x, int64_t pitch_x, int count_x, const T* from_y, int64_t pitch_y,
                                        int count_y, int64_t width, const TileRows<T>& x, const TileRows<T>& y,
                                        T (&sum)[4][4]) {
    const int columns = x.pitch - 4;
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j) sum[i][j] = 0;
    int64_t h = 0;
    do {  // runs once even if there are no columns, for its barriers
        const int count = (int)(width - h < columns ? (width - h + 3) / 4 * 4 : columns);
        __syncthreads();
        x.load(from_x, pitch_x, count_x, h, count, width);
        y.load(from_y, pitch_y, count_y, h, count, width);
        __syncthreads();
        multiply_rows(x, y, count, sum);
        h += columns;
    } while (h < width);
}

// The factors of dropout for this thread's four queries and key j of the tile: 0 or 1 / (1 - rate). The 64 queries of a
// tile are one Philox group, and word w of block l of a group belongs to query 16 w + l.
template <class T> struct TileDropout {
    T scale, rate;
    uint64_t first, pitch;

    __device__ TileDropout(const AttentionArgs<T>& a, const HeadTile& at)
        : scale(T(1) / (T(1) - T(a.rate))), rate((T)a.rate), first(0), pitch((uint64_t)((a.n.T + tile - 1) / tile)) {
        first = (uint64_t)(((a.first + at.b) * a.n.N + at.n) * a.n.S + at.s) * pitch + (uint64_t)(at.t / tile);
    }
    __device__ void factors(const AttentionArgs<T>& a, int j, T (&f)[4]) const {
        using I = Vec<int32_t>;
        const uint64_t block = (first + (uint64_t)j * pitch) * 16 + threadIdx.x / 16;
        I words[4] = {I{(int32_t)(uint32_t)block}, I{(int32_t)(uint32_t)(block >> 32)}, I{(int32_t)a.stream},
                      I{a.step ? (int32_t)*a.step : 0}};
        gpu::philox_rounds(words, a.seed);
#pragma unroll
        for (int i = 0; i < 4; ++i)
            f[i] = (T)((float)((uint32_t)words[i].r >> 8) * (1.0f / 16777216.0f)) >= rate ? scale : T(0);
    }
};

}  // namespace netlet::cuda
