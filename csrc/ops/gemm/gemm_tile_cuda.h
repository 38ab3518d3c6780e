// The tile of float32 and float64 products on a GPU, with ordinary multiply-adds.
//
//     A thread block computes BM x BN elements of c. It copies BK terms of a and b at a time into shared memory, as
//     [k][row] and [k][column], with asynchronous copies that run `Stages - 1` steps ahead. Each warp computes WM x WN
//     of them, each lane blocks of 4 x 4 whose operands are two vectors: 8 lanes down, 4 lanes across. With Slices > 1
//     several warps compute the same elements, each from its own terms of a step; the sums are added in order at the
//     end.
//
// Copies of 4 bytes serve what is not contiguous along the tile's side, or not aligned: they transpose on the way, cost
// no registers, and are few beside the multiply-adds. So one kernel serves all layouts. (Warp tiles and the mapping of
// lanes: kernel 10 of siboehm/SGEMM_CUDA. Element-wise asynchronous copies: CUTLASS's multistage SIMT kernels.)
#pragma once
#include "cuda/shared.h"
#include "ops/gemm/gemm_blocks_cuda.h"

namespace netlet::cuda {

template <class T_, int BM_, int BN_, int BK_, int WM_, int WN_, int Slices_, int Stages_>
struct GemmTile {
    using T = T_;
    static constexpr int BM = BM_, BN = BN_, BK = BK_, WM = WM_, WN = WN_, slices = Slices_, stages = Stages_;
    static constexpr int lanes_down = 8, lanes_across = 4;
    static constexpr int groups_down = WM / (4 * lanes_down), groups_across = WN / (4 * lanes_across);
    static constexpr int TM = 4 * groups_down, TN = 4 * groups_across;  // elements of one thread
    static constexpr int warps = BM / WM * (BN / WN), threads = warps * slices * warp;
    static constexpr int pitch_a = BM + 4, pitch_b = BN + 4;  // padded: transposing copies reach all banks
    static constexpr int stage = BK * (pitch_a + pitch_b);    // in elements
    static constexpr int exchange = (slices - 1) * BM * BN;   // the sums of other slices
    static constexpr int elements = stages * stage > exchange ? stages * stage : exchange;
    static constexpr size_t bytes = elements * sizeof(T);
    // Blocks whose registers fit a multiprocessor.
    static constexpr int resident = sizeof(T) == 8 || TM * TN > 64 ? 2 : TM * TN == 64 ? 3 : 4;
    static_assert(WM % 32 == 0 && WN % 16 == 0 && BK % (8 * slices) == 0);
};

__device__ inline void copy_element(Shared<float> to, const float* from, bool valid) { copy_async4(to, from, valid); }
__device__ inline void copy_element(Shared<double> to, const double* from, bool valid) { copy_async8(to, from, valid); }

// The part of one operand that a step needs: BK terms of R rows (columns of b count as rows). Element (row, k) is at
// from[k * ld + row] if `along`, else at from[row * ld + k]; it is copied to [k][row].
template <class T, int R, int BK, int threads>
struct TileOperand {
    static constexpr int pitch = R + 4, V = 16 / (int)sizeof(T);
    const T *base, *from;  // this thread's first element, of the item and of the next step
    int64_t ld;
    bool along, vectors;
    int rows;    // of the item that are in the tile
    int row, k;  // this thread's first element in the tile

    __device__ TileOperand(const T* tile, int64_t ld, bool along, bool vectors, int64_t rows_left)
        : ld(ld), along(along), vectors(vectors), rows(rows_left < R ? (int)rows_left : R) {
        const int t = threadIdx.x;
        const int width = vectors ? R / V : R;
        row = along ? t % width * (R / width) : t / 8;  // not along: 8 terms of 4 rows in a warp, which are whole
        k = along ? t / width : t % 8;                  // sectors of 32 bytes and reach all banks
        base = from = tile + (along ? k * ld + row : row * ld + k);
    }
    // Copies `terms` terms (at most BK), and zeros beyond the last term and row; moves on by BK terms.
    __device__ void copy(Shared<T> to, int64_t terms) {
        const bool whole = rows == R && terms >= BK;
        to = to + (k * pitch + row);
        whole ? copy_elements<true>(to, BK) : copy_elements<false>(to, terms < BK ? (int)terms : BK);
        from += along ? BK * ld : BK;
    }

  private:
    template <bool whole> __device__ void copy_elements(Shared<T> to, int terms) {
        auto valid = [&](int r, int i) { return whole || (row + r < rows && k + i < terms); };
        const T* p = from;
        if (along && vectors) {
            constexpr int step = threads / (R / V);
#pragma unroll
            for (int i = 0; i < BK; i += step, p += step * ld) copy_async16(to + i * pitch, p, valid(0, i));
        } else if (along) {
            constexpr int step = threads / R;
#pragma unroll
            for (int i = 0; i < BK; i += step, p += step * ld) copy_element(to + i * pitch, p, valid(0, i));
        } else {
            constexpr int step = threads / 8;
#pragma unroll
            for (int r = 0; r < R; r += step, p += step * ld)
#pragma unroll
                for (int i = 0; i < BK; i += 8) copy_element(to + (i * pitch + r), p + i, valid(r, i));
        }
    }
};

// The values of 4 neighbours.
__device__ inline void load_four(float (&v)[4], Shared<const float> p) {
    const float4 x = load4(p);
    v[0] = x.x, v[1] = x.y, v[2] = x.z, v[3] = x.w;
}
__device__ inline void load_four(double (&v)[4], Shared<const double> p) {
#pragma unroll
    for (int i = 0; i < 4; ++i) v[i] = p[i];
}
__device__ inline void load_four(float (&v)[4], const float* p, bool vector, int count) {
    if (vector) {
        const float4 x = *reinterpret_cast<const float4*>(p);
        v[0] = x.x, v[1] = x.y, v[2] = x.z, v[3] = x.w;
    } else {
#pragma unroll
        for (int i = 0; i < 4; ++i) v[i] = i < count ? p[i] : 0;
    }
}
__device__ inline void load_four(double (&v)[4], const double* p, bool, int count) {
#pragma unroll
    for (int i = 0; i < 4; ++i) v[i] = i < count ? p[i] : 0;
}
__device__ inline void store_four(float* p, const float (&v)[4], bool vector, int count) {
    if (vector)
        *reinterpret_cast<float4*>(p) = make_float4(v[0], v[1], v[2], v[3]);
    else
#pragma unroll
        for (int i = 0; i < 4; ++i)
            if (i < count) p[i] = v[i];
}
__device__ inline void store_four(double* p, const double (&v)[4], bool, int count) {
#pragma unroll
    for (int i = 0; i < 4; ++i)
        if (i < count) p[i] = v[i];
}

// acc += the terms of one step that belong to this warp's slice.
template <class Tile, class T>
__device__ inline void multiply_step(T (&acc)[Tile::TM][Tile::TN], Shared<const T> a, Shared<const T> b) {
#pragma unroll 8
    for (int k = 0; k < Tile::BK / Tile::slices; ++k) {
        T x[Tile::groups_down][4], y[Tile::groups_across][4];
#pragma unroll
        for (int i = 0; i < Tile::groups_down; ++i) load_four(x[i], a + (k * Tile::pitch_a + i * 4 * Tile::lanes_down));
#pragma unroll
        for (int j = 0; j < Tile::groups_across; ++j)
            load_four(y[j], b + (k * Tile::pitch_b + j * 4 * Tile::lanes_across));
#pragma unroll
        for (int i = 0; i < Tile::TM; ++i)
#pragma unroll
            for (int j = 0; j < Tile::TN; ++j) acc[i][j] = fused_add(x[i / 4][i % 4], y[j / 4][j % 4], acc[i][j]);
    }
}

// Adds the sums of the other slices to those of the first, in order. Only the first slice's warps have the result.
template <class Tile, class T>
__device__ inline void add_tile_slices(T (&acc)[Tile::TM][Tile::TN], Shared<T> shared) {
    constexpr int per_slice = Tile::warps * warp;
    const int slice = (int)threadIdx.x / per_slice, t = (int)threadIdx.x % per_slice;
    copy_async_wait<0>();
    __syncthreads();
    if (slice > 0)
#pragma unroll
        for (int e = 0; e < Tile::TM * Tile::TN; ++e)
            shared[((slice - 1) * Tile::TM * Tile::TN + e) * per_slice + t] = acc[e / Tile::TN][e % Tile::TN];
    __syncthreads();
    if (slice == 0)
        for (int s = 0; s < Tile::slices - 1; ++s)
#pragma unroll
            for (int e = 0; e < Tile::TM * Tile::TN; ++e)
                acc[e / Tile::TN][e % Tile::TN] += (T)shared[(s * Tile::TM * Tile::TN + e) * per_slice + t];
}

// c = act(acc + init) for the elements of this thread, the first of which is (i, j) of the item's c.
template <class Tile, class T>
__device__ inline void store_tile(T (&acc)[Tile::TM][Tile::TN], const GemmArgs& g, T* c, int64_t i, int64_t j,
                                  bool vectors) {
    const bool cheap = is_cheap(g.act);
    const T* bias = static_cast<const T*>(g.bias);
#pragma unroll
    for (int q = 0; q < Tile::groups_across; ++q) {
        const int64_t column = j + q * 4 * Tile::lanes_across;
        const int count = g.N - column < 4 ? (int)(g.N - column) : 4;
        if (count <= 0) continue;
        T init[4] = {0, 0, 0, 0};
        if (bias) load_four(init, bias + column, vectors, count);
#pragma unroll
        for (int r = 0; r < Tile::TM; ++r) {
            const int64_t row = i + r / 4 * 4 * Tile::lanes_down + r % 4;
            if (row >= g.M) continue;
            T* p = c + row * g.ldc + column;
            if (g.accumulate) load_four(init, p, vectors, count);
            T v[4];
#pragma unroll
            for (int x = 0; x < 4; ++x) {
                v[x] = acc[r][q * 4 + x] + init[x];
                if (cheap) v[x] = activate_cheap(g.act, v[x], (T)g.alpha);
            }
            store_four(p, v, vectors, count);
        }
    }
    if (cheap) return;
    // The long activations read the thread's own results again, in a loop that is not unrolled: inline, they would be
    // most of the kernel's code.
#pragma unroll 1
    for (int e = 0; e < Tile::TM * Tile::groups_across; ++e) {
        const int r = e / Tile::groups_across;
        const int64_t row = i + r / 4 * 4 * Tile::lanes_down + r % 4;
        const int64_t column = j + e % Tile::groups_across * 4 * Tile::lanes_across;
        if (row >= g.M) break;
#pragma unroll 1
        for (int x = 0; x < 4 && column + x < g.N; ++x) {
            T* p = c + row * g.ldc + column + x;
            *p = activate(g.act, *p, (T)g.alpha);
        }
    }
}

template <class Tile>
__device__ void gemm_tile(GemmArgs g, GemmGrid grid) {
    using T = typename Tile::T;
    const GemmBlock at = gemm_block_of(grid, blockIdx.x);
    const int64_t i0 = (int64_t)at.row * Tile::BM, j0 = (int64_t)at.column * Tile::BN;
    const Shared<T> shared = shared_array<T>(0, Tile::elements);

    // A slice of a split K is an item with its own terms.
    const int64_t first_k = g.kb ? (int64_t)at.item * g.kb : 0;
    const int64_t K = g.kb && g.K - first_k > g.kb ? g.kb : g.K - first_k;
    const T* a0 =
        static_cast<const T*>(g.a) + i0 * (g.a_transposed ? 1 : g.lda) + first_k * (g.a_transposed ? g.lda : 1);
    const T* b0 =
        static_cast<const T*>(g.b) + j0 * (g.b_transposed ? g.ldb : 1) + first_k * (g.b_transposed ? 1 : g.ldb);
    TileOperand<T, Tile::BM, Tile::BK, Tile::threads> a(a0, g.lda, g.a_transposed, grid.vector_a, g.M - i0);
    TileOperand<T, Tile::BN, Tile::BK, Tile::threads> b(b0, g.ldb, !g.b_transposed, grid.vector_b, g.N - j0);

    const int64_t steps = g.summed * ((K + Tile::BK - 1) / Tile::BK);
    int64_t product = (int64_t)at.item * g.summed, left = 0;  // terms that are left of the current product
    auto copy = [&](int64_t step, int stage) {
        if (step < steps) {
            if (left <= 0) {
                int64_t offset_a, offset_b;
                gemm_offsets(g, product++, offset_a, offset_b);
                a.from = a.base + offset_a;
                b.from = b.base + offset_b;
                left = K;
            }
            a.copy(shared + stage * Tile::stage, left);
            b.copy(shared + (stage * Tile::stage + Tile::BK * Tile::pitch_a), left);
            left -= Tile::BK;
        }
        copy_async_commit();
    };

    const int warp_index = (int)threadIdx.x / warp, lane = (int)threadIdx.x % warp;
    const int slice = warp_index / Tile::warps, place = warp_index % Tile::warps;
    const int i = place / (Tile::BN / Tile::WN) * Tile::WM + lane / Tile::lanes_across * 4;
    const int j = place % (Tile::BN / Tile::WN) * Tile::WN + lane % Tile::lanes_across * 4;
    const int k = slice * (Tile::BK / Tile::slices);
    T acc[Tile::TM][Tile::TN] = {};

    int current = 0, next = 0;
    for (int64_t step = 1 - Tile::stages; step < steps; ++step) {
        if (step >= 0) {
            copy_async_wait<Tile::stages - 2>();
            __syncthreads();  // the step's terms are there, and nobody reads the stage that is overwritten next
        }
        copy(step + Tile::stages - 1, next);
        next = next + 1 == Tile::stages ? 0 : next + 1;
        if (step < 0) continue;
        const Shared<T> at_a = shared + (current * Tile::stage + k * Tile::pitch_a + i);
        const Shared<T> at_b = shared + (current * Tile::stage + Tile::BK * Tile::pitch_a + k * Tile::pitch_b + j);
        multiply_step<Tile, T>(acc, at_a, at_b);
        current = current + 1 == Tile::stages ? 0 : current + 1;
    }
    if constexpr (Tile::slices > 1) add_tile_slices<Tile, T>(acc, shared);
    if (slice == 0)
        store_tile<Tile, T>(acc, g, static_cast<T*>(g.c) + (int64_t)at.item * g.M * g.ldc, i0 + i, j0 + j,
                            grid.vector_c);
}

// A work unit is a thread block: g.mb is BM and g.nb is BN.
template <class Tile>
void launch_gemm_tile(const GemmArgs& g, int64_t units, Stream& s) {
    const GemmGrid grid = gemm_grid(g, Tile::BM, Tile::BN, sizeof(typename Tile::T), sizeof(typename Tile::T));
    launch<gemm_tile<Tile>, Tile::threads, Tile::resident>(s, dim3((unsigned)units), Tile::bytes, g, grid);
}

}  // namespace netlet::cuda
