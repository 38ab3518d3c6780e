// Matrix products: c = act(op(a) . op(b) + bias), or c += op(a) . op(b).
//
//     M rows of c, N columns, K the summed axis. op(a) is (M, K), op(b) is (K, N), c is (M, N), bias is (N,).
//     a(i, k) = a[i*lda + k], or a[k*lda + i] if a_transposed; b(k, j) = b[k*ldb + j], or b[j*ldb + k] if b_transposed.
//
// Every kernel sums an element of c in ascending k, as one chain of fused multiply-adds that starts at init (0, the
// bias, or c itself). There are two exceptions: gemm_dot sums each SIMD lane by itself and reduces the lanes at the
// end; a split K sums slices, and gemm_sum_slices adds the slices in order. gemm_choice.h decides which kernel runs.
// On a GPU, tensor cores (tf32 and low precision) add 8 to 32 terms at a time.
//
// Low precision: u8 or s8 times s8 gives s32, exact modulo 2^32; bfloat16 times bfloat16 gives float32, in pairs of
// terms (simd/gemm_dot.h). Both give the same bits on every instruction set.
#pragma once
#include "base/types.h"
#include "ops/activation/activation_args.h"

namespace netlet {

constexpr int gemm_max_batch_rank = 6;
constexpr int64_t gemm_panel_group = 64;  // packed b is padded to whole groups of columns; every panel width divides it
constexpr int64_t low_precision_most_columns = 4096;  // most columns in one block of an unpacked low-precision product

struct GemmArgs {
    const void* a;
    const void* b;     // gemm_packed: the output of gemm_pack_b
    const void* bias;  // (N,) or null; null if accumulate
    void* c;
    int64_t M, N, K, lda, ldb, ldc;
    int64_t bias_step;  // gemm_stream, gemm_dot: 1, or 0 if c is a column computed as a row, with one bias element
    bool a_transposed, b_transposed, accumulate;
    bool tf32;  // gemm_direct_f32 on a GPU multiplies operands rounded to TF32; false elsewhere
    Activation act;
    double alpha;  // slope of leaky_relu, scale of elu
    // A work unit is a block of mb rows by nb columns of one item. Units count column blocks fastest, then row blocks,
    // then items; those of gemm_packed count row blocks fastest if N > M.
    int64_t mb, nb;
    // Items: products of the same shape, with contiguous outputs. The batch axes are (batch..., summed...). An item is
    // the sum over the last axes, which hold `summed` products in all (the gradient of a broadcast operand).
    int batch_rank;
    int64_t summed;
    int64_t batch_dims[gemm_max_batch_rank], a_step[gemm_max_batch_rank], b_step[gemm_max_batch_rank];
    // Split K: each item (gemm_stream: each work unit) is a slice of kb terms with an output of its own; the last slice
    // may be shorter. 0: K is not split.
    int64_t kb;
};

// The number of int32 column sums at the start of a packed 8-bit b, one per padded column.
constexpr int64_t gemm_packed_header(int64_t N) {
    return (N + gemm_panel_group - 1) / gemm_panel_group * gemm_panel_group;
}

// packed: panels of columns, each K rows of one panel's width. A work unit is gemm_panel_group columns.
struct GemmPackArgs {
    const void* b;
    void* packed;
    int64_t N, K, ldb;
    bool transposed;
};

// dz = dy act'(z), computed from y; if linear, dz and y are null and db sums dy. db = or += the column sums of each
// slice of rows; db may be null. y, dy, dz (M, N); db (slices, N). A work unit is gemm_panel_group columns of one slice; columns count
// fastest.
struct DenseGradArgs {
    const void *y, *dy;
    void *dz, *db;
    int64_t M, N, slice;
    bool accumulate;  // db += instead of db =
    bool bf16;        // y and dz are bfloat16; only on the CPU, with float32 dy and db
    Activation act;
    double alpha;
};

// c = act(init + sum over s of slices[s]), s ascending. A work unit is a row.
struct GemmSlicesArgs {
    const void* slices;  // (slices, M, N)
    const void* bias;
    void* c;
    int64_t M, N, count;
    bool accumulate;
    Activation act;
    double alpha;
};

}  // namespace netlet
