// Products by a GPU's tensor cores (mma.sync): bfloat16, bytes, and float32 rounded to TF32.
//
//     A thread block of 4 warps computes size x size elements of c, each warp a quarter. Steps of 128 bytes of terms
//     (64 bfloat16, 128 bytes, 32 float32) are copied to shared memory, asynchronously and two steps ahead, and read by
//     ldmatrix.
//
// Shared memory holds an operand as memory does: [row][term], or [term][row] if it is contiguous along the rows
// (columns of b count as rows). ldmatrix transposes the latter, bfloat16 as it should be. Of bytes it transposes
// pairs: a register has two terms of two neighbouring rows, and byte permutations make a register of four terms of one
// row from two of these. So an mma computes the even rows of 16 in place of the first 8, and the odd ones in place of
// the last 8; the results are stored accordingly. A vector of 16 bytes lies at place `vector ^ f(line)` of its line,
// so that the 8 lines that ldmatrix reads are in different banks.
// gemm_tf32_cuda.h has the operands of float32. (Model: gau-nernst/learn-cuda, 02b.)
#pragma once
#include "cuda/mma.h"
#include "ops/gemm/gemm_blocks_cuda.h"

namespace netlet::cuda {

template <class E, int R, bool along> struct MmaOperand;

// A format: the element, the sum, the operand's copies and fragments, and d += a b over 32 bytes of terms. `full`: c
// may be accumulated to, and an item may be the sum of several products.
struct Bf16Mma {
    using E = uint16_t;
    using Sum = float;
    template <int R, bool along> using Operand = MmaOperand<E, R, along>;
    static constexpr bool full = false;
    static __device__ void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        mma_m16n8k16_bf16(d, a, b);
    }
};
template <bool a_signed>
struct ByteMma {
    using E = uint8_t;
    using Sum = int32_t;
    template <int R, bool along> using Operand = MmaOperand<E, R, along>;
    static constexpr bool full = false;
    static __device__ void multiply(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        if constexpr (a_signed)
            mma_m16n8k32_s8s8(d, a, b);
        else
            mma_m16n8k32_u8s8(d, a, b);
    }
};

constexpr int mma_threads = 128, mma_stages = 3, mma_step_bytes = 128;

// Bytes 0, 2 and 1, 3 of a and of b: the selector of PTX's prmt.
constexpr uint32_t even_bytes = 0x6420, odd_bytes = 0x7531;
__device__ inline uint32_t permute_bytes(uint32_t a, uint32_t b, uint32_t selector) {
#if defined(__CUDACC__)
    return __byte_perm(a, b, selector);
#else
    const uint64_t both = (uint64_t)b << 32 | a;
    uint32_t result = 0;
    for (int i = 0; i < 4; ++i) result |= (uint32_t)(both >> 8 * (selector >> 4 * i & 7) & 0xff) << 8 * i;
    return result;
#endif
}

// The part of one operand that a step needs: R rows (columns of b count as rows) of `terms` terms. In shared memory a
// line is a row, or a term if the operand is `along`, contiguous along its rows.
template <class E, int R, bool along>
struct MmaOperand {
    static constexpr int V = 16 / sizeof(E), terms = mma_step_bytes / sizeof(E), elements = R * terms;
    static constexpr int vectors = (along ? R : terms) / V;  // of a line
    static constexpr bool pairs = along && sizeof(E) == 1;   // ldmatrix transposes pairs of bytes
    const E* from;                                           // this thread's first vector of the next step
    int64_t ld;
    bool aligned;  // can be read in vectors
    int rows;      // of the tile

    __device__ MmaOperand(int64_t ld, bool aligned, int64_t rows_left)
        : ld(ld), aligned(aligned), rows(rows_left < R ? (int)rows_left : R) {}

    // Goes to the first step of a product whose part in this tile begins at `tile`.
    __device__ void begin(const E* tile) { from = tile + line() * ld + vector() * V; }

    // Starts the copy of a step of which `left` terms exist, and moves on to the next. The rest is zeros.
    __device__ void copy(Shared<E> to, int left) {
        constexpr int step = mma_threads / vectors, count = elements / V / mma_threads;
        const int lines = along ? left : rows, length = (along ? rows : left) - vector() * V;
        const E* p = from;
        if (aligned) {
#pragma unroll
            for (int i = 0; i < count; ++i, p += step * ld) {
                const int at = line() + i * step;
                copy_async16(to + place(at, vector()), p, at < lines && length > 0);
            }
        } else {
#pragma unroll 1
            for (int at = line(); at < line() + count * step; at += step, p += step * ld)
                store16(to + place(at, vector()), pack(p, at < lines ? length : 0));
        }
        from += along ? terms * ld : terms;
    }

    // Fragments of 16 rows x 32 bytes of terms, the `part`th of the step: of a the 4 registers of an mma, of b the 2
    // registers of two. The four matrices of ldmatrix are the halves of the terms and rows.
    template <bool is_b> static __device__ void load(uint32_t (&r)[4], Shared<const E> tile, int row, int part) {
        const int lane = (int)threadIdx.x % warp, in = lane % 8, low = lane / 8 % 2, high = lane / 16;
        const int row_half = is_b ? high : low, term_half = is_b ? low : high;
        if constexpr (pairs) {
            uint32_t m[4];  // terms 4 t and 4 t + 1, then the next two, of 16 terms; the same of the other 16
            const int term = part * 32 + high * 16 + in / 2 * 4 + low * 2 + in % 2;
            ldmatrix_x4_transposed(m, tile + place(term, row / V));
            r[0] = permute_bytes(m[0], m[1], even_bytes);
            r[is_b ? 2 : 1] = permute_bytes(m[0], m[1], odd_bytes);
            r[is_b ? 1 : 2] = permute_bytes(m[2], m[3], even_bytes);
            r[3] = permute_bytes(m[2], m[3], odd_bytes);
        } else if constexpr (along) {
            ldmatrix_x4_transposed(r, tile + place(part * 16 + term_half * 8 + in, row / V + row_half));
        } else {
            ldmatrix_x4(r, tile + place(row + row_half * 8 + in, part * 2 + term_half));
        }
    }

  private:
    static __device__ int line() { return (int)threadIdx.x / vectors; }
    static __device__ int vector() { return (int)threadIdx.x % vectors; }
    // Where a vector is in shared memory.
    static __device__ int place(int line, int vector) {
        const int f = !pairs ? line & 7 : vectors == 4 ? line >> 2 & 3 : (line & 1) | (line >> 1 & 6);
        return (line * vectors + (vector ^ f)) * V;
    }
    // 16 bytes of the first `count` elements, and zeros.
    static __device__ uint4 pack(const E* p, int count) {
        uint32_t word[4] = {0, 0, 0, 0};
#pragma unroll
        for (int e = 0; e < V; ++e)
            if (e < count) word[e * 4 / V] |= (uint32_t)p[e] << (e % (V / 4) * 8 * (int)sizeof(E));
        return make_uint4(word[0], word[1], word[2], word[3]);
    }
};

// c = x, y for two neighbours of a row, with bias and activation in a float32 product.
template <class F, class Sum = typename F::Sum>
__device__ inline void store_pair(const GemmArgs& g, Sum* c, int64_t i, int64_t j, Sum x, Sum y, bool vectors) {
    if (i >= g.M || j >= g.N) return;
    const bool both = j + 1 < g.N;
    Sum* p = c + i * g.ldc + j;
    if constexpr (F::full)
        if (g.accumulate) x += p[0], y += both ? p[1] : 0;
    if constexpr (std::is_same_v<Sum, float>) {
        const float* bias = static_cast<const float*>(g.bias);
        if (bias) x += bias[j], y += both ? bias[j + 1] : 0;
        if (is_cheap(g.act)) x = activate_cheap(g.act, x, (float)g.alpha), y = activate_cheap(g.act, y, (float)g.alpha);
    }
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

template <class F, int size, bool a_transposed, bool b_transposed>
__device__ void gemm_mma(GemmArgs g, GemmGrid grid) {
    using E = typename F::E;
    using Sum = typename F::Sum;
    using A = typename F::template Operand<size, a_transposed>;
    using B = typename F::template Operand<size, !b_transposed>;
    constexpr int half = size / 2, parts = mma_step_bytes / 32, stage = A::elements + B::elements;
    const GemmBlock at = gemm_block_of(grid, blockIdx.x);
    const int64_t at_i = (int64_t)at.row * size, at_j = (int64_t)at.column * size;
    const Shared<E> shared = shared_array<E>(0, mma_stages * stage);
    A a(g.lda, grid.vector_a, g.M - at_i);
    B b(g.ldb, grid.vector_b, g.N - at_j);

    const int warp_index = (int)threadIdx.x / warp, lane = (int)threadIdx.x % warp;
    const int row = warp_index / 2 * half, column = warp_index % 2 * half;
    Sum acc[half / 16][half / 8][4] = {};
    auto multiply = [&](Shared<const E> tile_a, Shared<const E> tile_b, int part) {
        uint32_t x[half / 16][4];
#pragma unroll
        for (int i = 0; i < half / 16; ++i) A::template load<false>(x[i], tile_a, row + i * 16, part);
#pragma unroll
        for (int j = 0; j < half / 16; ++j) {
            uint32_t y[4];
            B::template load<true>(y, tile_b, column + j * 16, part);
            const uint32_t left[2] = {y[0], y[1]}, right[2] = {y[2], y[3]};
#pragma unroll
            for (int i = 0; i < half / 16; ++i) {
                F::multiply(acc[i][2 * j], x[i], left);
                F::multiply(acc[i][2 * j + 1], x[i], right);
            }
        }
    };
    const int64_t summed = F::full ? g.summed : 1;
    const int K = (int)g.K, steps = (int)(summed * ((K + A::terms - 1) / A::terms));
    int64_t product = (int64_t)at.item * summed;
    int remaining = 0;  // terms of the current product that are not copied
    auto begin_product = [&] {
        int64_t offset_a, offset_b;
        gemm_offsets(g, product++, offset_a, offset_b);
        a.begin(static_cast<const E*>(g.a) + offset_a + at_i * (a_transposed ? 1 : g.lda));
        b.begin(static_cast<const E*>(g.b) + offset_b + at_j * (b_transposed ? g.ldb : 1));
        remaining = K;
    };
    if constexpr (!F::full) begin_product();
    int current = 0, next = 0;
    for (int step = 1 - mma_stages; step < steps; ++step) {
        if (step >= 0) {
            copy_async_wait<mma_stages - 2>();
            __syncthreads();  // the step's terms are there, and nobody reads the stage that is overwritten next
        }
        if (step + mma_stages - 1 < steps) {
            if constexpr (F::full)
                if (remaining <= 0) begin_product();
            a.copy(shared + next * stage, remaining);
            b.copy(shared + (next * stage + A::elements), remaining);
            remaining -= A::terms;
        }
        copy_async_commit();
        next = next + 1 == mma_stages ? 0 : next + 1;
        if (step < 0) continue;
        const Shared<const E> tile = shared + current * stage;
#pragma unroll
        for (int part = 0; part < parts; ++part) multiply(tile, tile + A::elements, part);
        current = current + 1 == mma_stages ? 0 : current + 1;
    }

    Sum* c = static_cast<Sum*>(g.c) + (int64_t)at.item * g.M * g.ldc;
    // Rows of an mma: g and g + 8, or 2 g and 2 g + 1; columns: 2 t and 2 t + 1, or 4 t and 4 t + 2 of 16.
    const int64_t i0 = at_i + row + lane / 4 * (A::pairs ? 2 : 1), j0 = at_j + column + lane % 4 * (B::pairs ? 4 : 2);
#pragma unroll
    for (int i = 0; i < half / 8; ++i)
#pragma unroll
        for (int j = 0; j < half / 8; ++j) {
            const auto& left = acc[i / 2][B::pairs ? j / 2 * 2 : j];
            const auto& right = acc[i / 2][B::pairs ? j / 2 * 2 + 1 : j];
            const int h = i % 2 * 2;
            store_pair<F>(g, c, i0 + i / 2 * 16 + i % 2 * (A::pairs ? 1 : 8),
                          j0 + j / 2 * 16 + j % 2 * (B::pairs ? 2 : 8), left[h + (B::pairs ? j % 2 : 0)],
                          right[h + (B::pairs ? j % 2 : 1)], grid.vector_c);
        }
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

// A work unit is a thread block: g.mb and g.nb are `size`.
template <class F, int size>
void launch_gemm_mma(const GemmArgs& g, int64_t units, Stream& s) {
    const GemmGrid grid = gemm_grid(g, size, size, sizeof(typename F::E), sizeof(typename F::Sum));
    auto run = [&]<auto body>() {
        const int a =
            g.a_transposed ? F::template Operand<size, true>::elements : F::template Operand<size, false>::elements;
        const int b =
            g.b_transposed ? F::template Operand<size, false>::elements : F::template Operand<size, true>::elements;
        launch<body, mma_threads, size == 128 ? 2 : 4>(s, dim3((unsigned)units),
                                                       mma_stages * (a + b) * sizeof(typename F::E), g, grid);
    };
    if (g.a_transposed)
        g.b_transposed ? run.template operator()<gemm_mma<F, size, true, true>>()
                       : run.template operator()<gemm_mma<F, size, true, false>>();
    else
        g.b_transposed ? run.template operator()<gemm_mma<F, size, false, true>>()
                       : run.template operator()<gemm_mma<F, size, false, false>>();
}

}  // namespace netlet::cuda
