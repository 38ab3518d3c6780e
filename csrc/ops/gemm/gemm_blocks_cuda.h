// Shared by the products of all number formats on a GPU: the block of c that a thread block computes, the operands of
// its item, and the last steps on c.
#pragma once
#include "cuda/launch.h"
#include "ops/activation/fusable_activations_cuda.h"
#include "ops/gemm/gemm_args.h"

namespace netlet::cuda {

// What the launcher adds to GemmArgs. A vector is 16 bytes.
struct GemmGrid {
    int row_blocks, column_blocks;      // of one item
    bool vector_a, vector_b, vector_c;  // whole vectors can be read from a and b, and written to c
};

// In blocks, not in rows and columns: these stay in registers throughout a kernel.
struct GemmBlock {
    unsigned item, row, column;
};

// Consecutive thread blocks compute 8 blocks of rows before they go on to the next block of columns, so that those that
// run together share rows of a and columns of b in the L2 cache.
__device__ inline GemmBlock gemm_block_of(const GemmGrid& grid, unsigned index) {
    constexpr unsigned together = 8;
    const unsigned height = grid.row_blocks, width = grid.column_blocks;
    const unsigned item = index / (height * width), rest = index - item * (height * width);
    const unsigned group = rest / (together * width), first = group * together, within = rest - first * width;
    const unsigned group_height = height - first < together ? height - first : together;
    return {item, first + within % group_height, within / group_height};
}

// Offsets in elements of operands a and b of one product of the batch.
__device__ inline void gemm_offsets(const GemmArgs& g, int64_t product, int64_t& a, int64_t& b) {
    a = b = 0;
#pragma unroll
    for (int d = gemm_max_batch_rank - 1; d >= 0; --d)  // unrolled, so that the arrays stay in constant memory
        if (d < g.batch_rank) {
            const int64_t size = g.batch_dims[d], at = product % size;
            product /= size;
            a += at * g.a_step[d];
            b += at * g.b_step[d];
        }
}

// x * y + sum, rounded once.
__device__ inline float fused_add(float x, float y, float sum) { return __fmaf_rn(x, y, sum); }
__device__ inline double fused_add(double x, double y, double sum) { return fma(x, y, sum); }

// ---- on the host ----

inline bool is_vector_aligned(const void* p) { return (uintptr_t)p % 16 == 0; }

// Whether an operand of rows of `length` contiguous elements can be read 16 bytes at a time: every row, and a tile's
// part of it, begins at a multiple of 16 bytes and is a whole number of vectors.
inline bool reads_vectors(const GemmArgs& g, const void* p, const int64_t* steps, int64_t ld, int64_t length,
                          int64_t element_bytes) {
    const int64_t width = 16 / element_bytes;
    bool fits = is_vector_aligned(p) && ld % width == 0 && length % width == 0;
    for (int d = 0; d < g.batch_rank; ++d) fits = fits && steps[d] % width == 0;
    return fits;
}

inline GemmGrid gemm_grid(const GemmArgs& g, int rows, int columns, int64_t element_bytes, int64_t result_bytes) {
    const int64_t width = 16 / result_bytes;
    return {(int)((g.M + rows - 1) / rows), (int)((g.N + columns - 1) / columns),
            reads_vectors(g, g.a, g.a_step, g.lda, g.a_transposed ? g.M : g.K, element_bytes) && g.kb % 16 == 0,
            reads_vectors(g, g.b, g.b_step, g.ldb, g.b_transposed ? g.K : g.N, element_bytes) && g.kb % 16 == 0,
            is_vector_aligned(g.c) && g.ldc % width == 0 && g.N % width == 0 && (g.M * g.ldc) % width == 0 &&
                (!g.bias || is_vector_aligned(g.bias))};
}

}  // namespace netlet::cuda
