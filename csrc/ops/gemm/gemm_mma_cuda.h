// Low-precision products on a GPU, by tensor cores (mma.sync).
//
//     A thread block of 4 warps computes size x size elements of c, each warp a quarter. Steps of 128 bytes of terms (64
//     bfloat16, 128 bytes) are copied to shared memory, asynchronously and two steps ahead, and read by ldmatrix.
//
// Shared memory holds rows of 128 bytes, a row (column of b) each: [row][term]. bfloat16 operands that are contiguous
// along the rows are stored as they are, [term][row], and ldmatrix transposes them. It cannot transpose bytes: these are
// transposed in registers, 4 x 4 at a time; those of b are read before a step's multiplications and stored after it, so
// that nothing waits for them. A vector of 16 bytes is stored at place `vector ^ mixed(row)` of its row, so that neither
// the rows of ldmatrix nor the stores of transposed bytes meet in a bank. (Model: gau-nernst/learn-cuda, 02b.)
#pragma once
#include "cuda/mma.h"
#include "ops/gemm/gemm_blocks_cuda.h"

namespace netlet::cuda {

// A format: the element, the sum, and d += a b over 32 bytes of terms.
struct Bf16Mma {
    using E = uint16_t;
    using Sum = float;
    static __device__ void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        mma_m16n8k16_bf16(d, a, b);
    }
};
template <bool a_signed>
struct ByteMma {
    using E = uint8_t;
    using Sum = int32_t;
    static __device__ void multiply(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        if constexpr (a_signed)
            mma_m16n8k32_s8s8(d, a, b);
        else
            mma_m16n8k32_u8s8(d, a, b);
    }
};

constexpr int mma_threads = 128, mma_stages = 3, mma_step_bytes = 128;
constexpr int mma_parts = mma_step_bytes / 32;  // of a step: 32 bytes of terms are one mma

// The place of 16 bytes in a tile whose rows have `Width` of them, in elements.
template <class E, int Width> __device__ inline int mma_place(int row, int vector) {
    return (row * Width + (vector ^ ((row ^ (row >> 3)) & 7))) * (16 / (int)sizeof(E));
}

// How an operand is stored in shared memory, and brought there.
enum class MmaStorage {
    rows,          // [row][term], from memory that is contiguous along the terms, or anyhow (slower)
    terms,         // [term][row], from memory that is contiguous along the rows
    aligned_rows,  // the same, from memory that can be read in vectors
    staged_rows,   // [row][term], bytes, from memory that is contiguous along the rows and aligned
};

// The part of one operand that a step needs: `terms` terms of R rows (columns of b count as rows).
template <class E, int R, MmaStorage storage>
struct MmaOperand {
    static constexpr int V = 16 / sizeof(E), terms = mma_step_bytes / sizeof(E);
    static constexpr int vectors = R * mma_step_bytes / 16, each = vectors / mma_threads;  // 16 bytes; per thread
    static constexpr int width = storage == MmaStorage::terms ? R / V : terms / V;  // vectors in a row of the tile
    const E* from;                                                                  // the first row of the next step
    int64_t ld;
    bool along, aligned;  // contiguous along the rows; can be read in vectors (bytes along the rows: 4 at a time)
    int rows, left;       // of the tile; terms from the next step on
    // Bytes on their way, a part of a step. Not a member: the compiler would leave the operand in memory.
    using Staged = uint32_t[storage == MmaStorage::staged_rows ? each * 4 / mma_parts : 1];

    __device__ MmaOperand(const void* tile, int64_t ld, bool along, bool aligned, int64_t rows_left, int64_t K)
        : from(static_cast<const E*>(tile)),
          ld(ld),
          along(along),
          aligned(aligned),
          rows(rows_left < R ? (int)rows_left : R),
          left((int)K) {}

    // Copies a step, and moves on to the next: start(), then part(0) to part(mma_parts - 1) with other work in between.
    __device__ __forceinline__ void start(Shared<E> to, [[maybe_unused]] Staged& staged) {
        if constexpr (storage == MmaStorage::staged_rows)
            load_blocks(staged, 0);
        else if (storage != MmaStorage::rows || !along)
            copy_vectors(to);
        else
            gather_vectors(to);
    }
    __device__ __forceinline__ void part([[maybe_unused]] Shared<E> to, [[maybe_unused]] Staged& staged, int i) {
        if constexpr (storage == MmaStorage::staged_rows) {
            store_blocks(to, staged, i);
            if (i + 1 < mma_parts) load_blocks(staged, i + 1);
        }
        if (i + 1 < mma_parts) return;
        from += is_along() ? terms * ld : terms;
        left -= terms;
    }

  private:
    __device__ __forceinline__ bool is_along() const {
        return storage == MmaStorage::rows ? along : storage != MmaStorage::aligned_rows;
    }
    // Vectors that are contiguous in memory as in the tile.
    __device__ void copy_vectors(Shared<E> to) {
        constexpr int step = mma_threads / width;
        const int vector = (int)threadIdx.x % width, first = (int)threadIdx.x / width;
        const int lines = storage == MmaStorage::terms ? left : rows;                  // of the tile
        const int length = (storage == MmaStorage::terms ? rows : left) - vector * V;  // from this thread's vectors on
        const E* p = from + first * ld + vector * V;
        if (storage == MmaStorage::aligned_rows || aligned) {
#pragma unroll
            for (int line = first, i = 0; i < each; ++i, line += step, p += step * ld)
                copy_async16(to + mma_place<E, width>(line, vector), p, line < lines && length > 0);
        } else {
#pragma unroll 1
            for (int line = first, i = 0; i < each; ++i, line += step, p += step * ld)
                store16(to + mma_place<E, width>(line, vector), pack(p, 1, line < lines ? length : 0));
        }
    }
    // Vectors of terms from memory that is contiguous along the rows.
    __device__ void gather_vectors(Shared<E> to) {
#pragma unroll 1
        for (int i = threadIdx.x; i < vectors; i += mma_threads) {
            const int row = i % R, vector = i / R;
            store16(to + mma_place<E, width>(row, vector),
                    pack(from + row + vector * V * ld, ld, row < rows ? left - vector * V : 0));
        }
    }
    // 16 bytes of the first `count` elements at a distance of `step` from each other, and zeros.
    static __device__ uint4 pack(const E* p, int64_t step, int count) {
        uint32_t word[4] = {0, 0, 0, 0};
#pragma unroll
        for (int e = 0; e < V; ++e, p += step)
            if (e < count) word[e * 4 / V] |= (uint32_t)*p << (e % (V / 4) * 8 * (int)sizeof(E));
        return make_uint4(word[0], word[1], word[2], word[3]);
    }

    // Blocks of 4 rows x 4 terms, each a thread's: a warp reads 32 rows of 16 terms, which are a vector of each row.
    static constexpr int high = mma_threads / R;  // warps that read the same rows
    static __device__ int block_row() { return ((int)threadIdx.x / warp % (R / 32) * 8 + (int)threadIdx.x % 8) * 4; }
    static __device__ int block_vector(int i) { return i * high + (int)threadIdx.x / R; }
    static __device__ int block_term() { return (int)threadIdx.x % warp / 8 * 4; }  // in the vector

    __device__ __forceinline__ void load_blocks(Staged& staged, int part) {
        const int row = block_row();
#pragma unroll
        for (int i = 0; i < each / mma_parts; ++i) {
            const int term = block_vector(part * (each / mma_parts) + i) * V + block_term();
            const E* p = from + row + term * ld;
#pragma unroll
            for (int k = 0; k < 4; ++k, p += ld)
                staged[i * 4 + k] = term + k < left && row < rows ? *reinterpret_cast<const uint32_t*>(p) : 0;
        }
    }
    __device__ __forceinline__ void store_blocks(Shared<E> to, const Staged& staged, int part) {
#pragma unroll
        for (int i = 0; i < each / mma_parts; ++i) {
            const int row = block_row(), vector = block_vector(part * (each / mma_parts) + i);
            // Pairs of terms of rows 0 and 2, and of rows 1 and 3; then all four terms of each row.
            constexpr uint32_t even = 0x00ff00ff;
            const uint32_t *w = staged + i * 4, w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
            const uint32_t low02 = (w0 & even) | (w1 & even) << 8, low13 = (w0 >> 8 & even) | (w1 & ~even);
            const uint32_t high02 = (w2 & even) | (w3 & even) << 8, high13 = (w2 >> 8 & even) | (w3 & ~even);
            const uint32_t words[4] = {(low02 & 0xffff) | high02 << 16, (low13 & 0xffff) | high13 << 16,
                                       low02 >> 16 | (high02 & 0xffff0000), low13 >> 16 | (high13 & 0xffff0000)};
#pragma unroll
            for (int r = 0; r < 4; ++r)
                store_word(to + (mma_place<E, width>(row + r, vector) + block_term()), words[r]);
        }
    }
};

// Fragments of 16 rows x 32 bytes of terms: of a, the 4 registers of an mma; of b, the 2 registers of two.
template <class E, int R, MmaStorage storage, bool is_b>
__device__ inline void load_fragment(uint32_t (&r)[4], Shared<const E> tile, int row, int step) {
    const int lane = (int)threadIdx.x % warp, in = lane % 8, low = lane / 8 % 2, high = lane / 16;
    // The four 8 x 8 matrices: of a, rows first; of b, terms first.
    const int row_half = is_b ? high : low, term_half = is_b ? low : high;
    using Operand = MmaOperand<E, R, storage>;
    if constexpr (storage == MmaStorage::terms)
        ldmatrix_x4_transposed(r,
                               tile + mma_place<E, Operand::width>(step * 16 + term_half * 8 + in, row / 8 + row_half));
    else
        ldmatrix_x4(r, tile + mma_place<E, Operand::width>(row + row_half * 8 + in, step * 2 + term_half));
}

// c = x, y for two neighbours of a row, with bias and activation in a float32 product.
template <class Sum>
__device__ inline void store_pair(const GemmArgs& g, Sum* c, int64_t i, int64_t j, Sum x, Sum y, bool vectors) {
    if (i >= g.M || j >= g.N) return;
    const bool both = j + 1 < g.N;
    if constexpr (std::is_same_v<Sum, float>) {
        const float* bias = static_cast<const float*>(g.bias);
        if (bias) x += bias[j], y += both ? bias[j + 1] : 0;
        if (is_cheap(g.act)) x = activate_cheap(g.act, x, (float)g.alpha), y = activate_cheap(g.act, y, (float)g.alpha);
    }
    Sum* p = c + i * g.ldc + j;
    struct alignas(8) Pair {
        Sum x, y;
    };
    if (vectors) {
        *reinterpret_cast<Pair*>(p) = {x, y};
    } else {
        p[0] = x;
        if (both) p[1] = y;
    }
}

template <class F, int size, MmaStorage storage_a, MmaStorage storage_b>
__device__ void gemm_mma(GemmArgs g, GemmGrid grid) {
    using E = typename F::E;
    using Sum = typename F::Sum;
    constexpr int half = size / 2, tile = size * mma_step_bytes / (int)sizeof(E);  // elements of one operand's step
    const GemmBlock at = gemm_block_of(grid, blockIdx.x, size, size);
    const Shared<E> shared = shared_array<E>(0, mma_stages * 2 * tile);
    int64_t offset_a, offset_b;
    gemm_offsets(g, at.item, offset_a, offset_b);
    MmaOperand<E, size, storage_a> a(static_cast<const E*>(g.a) + offset_a + at.i * (g.a_transposed ? 1 : g.lda), g.lda,
                                     g.a_transposed, grid.vector_a, g.M - at.i, g.K);
    MmaOperand<E, size, storage_b> b(static_cast<const E*>(g.b) + offset_b + at.j * (g.b_transposed ? g.ldb : 1), g.ldb,
                                     !g.b_transposed, grid.vector_b, g.N - at.j, g.K);

    typename decltype(a)::Staged staged_a;
    typename decltype(b)::Staged staged_b;

    const int steps = (int)((g.K + a.terms - 1) / a.terms);
    const int warp_index = (int)threadIdx.x / warp, lane = (int)threadIdx.x % warp;
    const int row = warp_index / 2 * half, column = warp_index % 2 * half;
    Sum acc[half / 16][half / 8][4] = {};
    auto multiply = [&](Shared<const E> tile_a, Shared<const E> tile_b, int part) {
        uint32_t x[half / 16][4];
#pragma unroll
        for (int i = 0; i < half / 16; ++i) load_fragment<E, size, storage_a, false>(x[i], tile_a, row + i * 16, part);
#pragma unroll
        for (int j = 0; j < half / 16; ++j) {
            uint32_t y[4];
            load_fragment<E, size, storage_b, true>(y, tile_b, column + j * 16, part);
            const uint32_t left[2] = {y[0], y[1]}, right[2] = {y[2], y[3]};
#pragma unroll
            for (int i = 0; i < half / 16; ++i) {
                F::multiply(acc[i][2 * j], x[i], left);
                F::multiply(acc[i][2 * j + 1], x[i], right);
            }
        }
    };
    int current = 0, next = 0;
    for (int step = 1 - mma_stages; step < steps; ++step) {
        if (step >= 0) {
            copy_async_wait<mma_stages - 2>();
            __syncthreads();  // the step's terms are there, and nobody reads the stage that is overwritten next
        }
        const bool copies = step + mma_stages - 1 < steps;
        const Shared<E> to_a = shared + next * 2 * tile, to_b = to_a + tile;
        const Shared<const E> tile_a = shared + current * 2 * tile, tile_b = tile_a + tile;
        if (copies) a.start(to_a, staged_a), b.start(to_b, staged_b);
        copy_async_commit();
#pragma unroll
        for (int part = 0; part < mma_parts; ++part) {
            if (step >= 0) multiply(tile_a, tile_b, part);
            if (copies) a.part(to_a, staged_a, part), b.part(to_b, staged_b, part);
        }
        if (step >= 0) current = current + 1 == mma_stages ? 0 : current + 1;
        next = next + 1 == mma_stages ? 0 : next + 1;
    }

    Sum* c = static_cast<Sum*>(g.c) + at.item * g.M * g.ldc;
    const int64_t i0 = at.i + row + lane / 4, j0 = at.j + column + lane % 4 * 2;
#pragma unroll
    for (int i = 0; i < half / 8; ++i)
#pragma unroll
        for (int j = 0; j < half / 8; ++j)
            store_pair(g, c, i0 + i * 8, j0 + j * 8, acc[i / 2][j][i % 2 * 2], acc[i / 2][j][i % 2 * 2 + 1],
                       grid.vector_c);
    if constexpr (std::is_same_v<Sum, float>) {
        if (is_cheap(g.act)) return;
        // As in store_tile (gemm_tile_cuda.h): the long activations read the thread's own results again.
#pragma unroll 1
        for (int e = 0; e < half / 8 * (half / 8) * 2; ++e) {
            const int64_t i = i0 + e / (half / 4) * 8, j = j0 + e / 2 % (half / 8) * 8 + e % 2;
            if (i < g.M && j < g.N) c[i * g.ldc + j] = activate(g.act, c[i * g.ldc + j], (float)g.alpha);
        }
    }
}

template <class F, int size, MmaStorage storage_a, MmaStorage storage_b>
void launch_gemm_mma(const GemmArgs& g, const GemmGrid& grid, int64_t units, Stream& s) {
    launch<gemm_mma<F, size, storage_a, storage_b>, mma_threads, size == 128 ? 2 : 4>(
        s, dim3((unsigned)units), mma_stages * 2 * size * mma_step_bytes, g, grid);
}

}  // namespace netlet::cuda
