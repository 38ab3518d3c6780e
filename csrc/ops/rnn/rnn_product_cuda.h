// The matrix product inside a time step, for a tile of rows and units, and how the tile is chosen.
//
// A warp multiplies `per_warp` rows by 32 columns of each of C blocks of columns; `split` warps share the same rows and
// divide K. Each of them reads its own rows of the weights, so that the weights go from the L2 cache to registers
// (32 neighbouring elements at a time, four k ahead) without a stop in shared memory; the state, which all lanes need,
// is in shared memory. Partial sums are then added in the order of K: the bits depend on the shapes alone.
//
// Time steps wait for each other, so the time of a step is what counts: the tile is the largest that still makes 128
// blocks, since a large tile reads the weights less often.
#pragma once
#include "cuda/four.h"
#include "cuda/vec.h"
#include "ops/rnn/rnn_gates.h"

namespace netlet::cuda {

constexpr int rnn_threads = 256, rnn_warps = rnn_threads / warp;
// Blocks that share a multiprocessor, so that one reads weights while the other multiplies.
template <class T> constexpr int rnn_blocks_together = sizeof(T) == 4 ? 2 : 1;

// `blocks`: the blocks of 32 units in a tile of backward. A tile of forward has one, with all its gates.
template <int per_warp_, int split_, int blocks_> struct RnnTile {
    static constexpr int per_warp = per_warp_, split = split_, rows = per_warp * (rnn_warps / split), blocks = blocks_;
};

template <class T, int C, class Tile> struct StepProduct {
    static constexpr int per_warp = Tile::per_warp, split = Tile::split, rows = Tile::rows;
    static constexpr int most = 16384 / ((int)sizeof(T) * rows), chunk = most < 512 ? most : 512;
    static constexpr int pitch = chunk + 4;
    static constexpr int partials = rnn_warps * per_warp * C * warp;
    static constexpr int elements = partials > rows* pitch ? partials : rows * pitch;
    static constexpr size_t bytes = elements * sizeof(T);
    static_assert(chunk % (4 * split) == 0);

    Shared<T> memory;
    __device__ StepProduct() : memory(shared_array<T>(0, elements)) {}

    // a (rows, K) . w (K, ...): a lane multiplies the columns that begin at w + column[c]. Every thread of the
    // block calls it. `rows_left`: the rows of `a` that exist.
    __device__ void run(const T* a, int64_t a_pitch, int64_t rows_left, int64_t K, const T* w, int64_t w_pitch,
                        const int32_t (&column)[C]) const {
        const int lane = (int)threadIdx.x % warp, me = (int)threadIdx.x / warp;
        const int part = me % split, first_row = me / split * per_warp;
        const int left = rows_left < rows ? (int)rows_left : rows;
        T sum[per_warp][C] = {};
        for (int64_t k0 = 0; k0 < K; k0 += chunk) {
            const int n = (int)(K - k0 < chunk ? K - k0 : chunk), share = (n + 4 * split - 1) / (4 * split) * 4;
            __syncthreads();
            for (int row = me; row < rows; row += rnn_warps)
                for (int k = lane; k < share * split; k += warp)
                    memory[row * pitch + k] = row < left && k < n ? a[row * a_pitch + k0 + k] : T(0);
            __syncthreads();
            const int begin = part * share, end = begin + share;
            T next[4][C];
            load(next, w + (k0 + begin) * w_pitch, w_pitch, column, n - begin);
            for (int k = begin; k < end; k += 4) {
                T now[4][C];
#pragma unroll
                for (int i = 0; i < 4; ++i)
#pragma unroll
                    for (int c = 0; c < C; ++c) now[i][c] = next[i][c];
                if (k + 4 < end) load(next, w + (k0 + k + 4) * w_pitch, w_pitch, column, n - k - 4);
#pragma unroll
                for (int r = 0; r < per_warp; ++r) {
                    T x[4];
                    four(memory + ((first_row + r) * pitch + k), x);
#pragma unroll
                    for (int i = 0; i < 4; ++i)
#pragma unroll
                        for (int c = 0; c < C; ++c) sum[r][c] += x[i] * now[i][c];
                }
            }
        }
        __syncthreads();
#pragma unroll
        for (int r = 0; r < per_warp; ++r)
#pragma unroll
            for (int c = 0; c < C; ++c) memory[((me * per_warp + r) * C + c) * warp + lane] = sum[r][c];
        __syncthreads();
    }

    // The result of a row of the tile at a lane of block c.
    __device__ T at(int row, int c, int lane) const {
        const int group = row / per_warp * split, r = row % per_warp;
        T total = 0;
#pragma unroll
        for (int p = 0; p < split; ++p) total += memory[(((group + p) * per_warp + r) * C + c) * warp + lane];
        return total;
    }

  private:
    static __device__ void load(T (&to)[4][C], const T* w, int64_t w_pitch, const int32_t (&column)[C], int left) {
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
            for (int c = 0; c < C; ++c) to[i][c] = i < left ? w[i * w_pitch + column[c]] : T(0);
    }
};

// Calls f(Tile, grid) for B rows and U units, `back` or forward.
template <class F> inline void with_tile(int64_t B, int64_t U, bool back, F f) {
    auto run = [&]<class Tile>(Tile tile, int64_t least) {
        const int64_t units = back ? warp * Tile::blocks : warp;
        const dim3 grid((unsigned)((B + Tile::rows - 1) / Tile::rows), (unsigned)((U + units - 1) / units));
        if ((int64_t)grid.x * grid.y < least) return false;
        f(tile, grid);
        return true;
    };
    constexpr int64_t enough = 128;
    if (!run(RnnTile<8, 2, 4>{}, enough) && !run(RnnTile<8, 8, 2>{}, enough)) run(RnnTile<4, 8, 1>{}, 0);
}

// The activations of a cell, with the choice at run time: it is the same for all threads.
struct RnnGates {
    Activation act, rec;
    bool standard;
    template <class V> __device__ V activation(V x) const {
        return standard ? gpu::gate_tanh(x) : gpu::any_activation(act, x);
    }
    template <class V> __device__ V gate(V x) const {
        return standard ? gpu::gate_sigmoid(x) : gpu::any_activation(rec, x);
    }
    template <class V> __device__ V activation_slope(V y, V dy) const { return gpu::any_slope(act, y, dy); }
    template <class V> __device__ V gate_slope(V y, V dy) const { return gpu::any_slope(rec, y, dy); }
};

}  // namespace netlet::cuda
