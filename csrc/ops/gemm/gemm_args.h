// Products of matrices: c = act(op(a) . op(b) + bias), or c += op(a) . op(b).
//
//     M rows of c, N columns, K the summed axis. op(a) is (M, K), op(b) is (K, N), c is (M, N), bias is (N,).
//     a(i, k) = a[i*lda + k], or a[k*lda + i] where a_transposed; b(k, j) = b[k*ldb + j], or b[j*ldb + k].
//
// Every kernel adds the products of one element in ascending k into one chain of fused multiply-adds that begins with
// init (0, the bias, or c itself), with two exceptions: gemm_dot sums lanes and reduces them at the end, and a
// split K sums slices that gemm_sum_slices adds in order. Which is used depends on shapes alone (gemm_choice.h).
//
// Low-precision numbers: u8 or s8 times s8 gives s32, exact modulo 2^32; bfloat16 times bfloat16 gives float32, in pairs of terms
// (simd/gemm_dot.h). Both are the same on every instruction set.
#pragma once
#include "base/types.h"
#include "ops/activation/activation_args.h"

namespace netlet {

constexpr int gemm_max_batch_rank = 6;
constexpr int64_t gemm_panel_group = 64;  // packed b is padded to whole groups of columns; every panel width divides it
constexpr int64_t low_precision_most_columns =
    4096;  // of one block of a product of low-precision numbers that is not packed

struct GemmArgs {
    const void* a;
    const void* b;     // gemm_packed: what gemm_pack_b wrote
    const void* bias;  // (N,) or null; not together with accumulate
    void* c;
    int64_t M, N, K, lda, ldb, ldc;
    int64_t bias_step;  // gemm_stream, gemm_dot: 0 where a column is computed as a row, and one number is its bias
    bool a_transposed, b_transposed, accumulate;
    Activation act;
    double alpha;  // slope of leaky_relu, scale of elu
    // One unit of work is a block of mb rows by nb columns of one item; units count nb fastest, then mb, then items.
    int64_t mb, nb;
    // Items: products of the same shape, c's contiguous. Batch axes are (batch..., summed...): an item's product is the
    // sum over the last axes, `summed` of them in all (the gradient of an operand that was broadcast).
    int batch_rank;
    int64_t summed;
    int64_t batch_dims[gemm_max_batch_rank], a_step[gemm_max_batch_rank], b_step[gemm_max_batch_rank];
    // Split K: items (gemm_stream: units) are slices of kb terms, the last one shorter, each with a c of its own. 0:
    // none.
    int64_t kb;
};

// The numbers of 4 bytes, one for each padded column, that a packed b of bytes begins with.
constexpr int64_t gemm_packed_header(int64_t N) {
    return (N + gemm_panel_group - 1) / gemm_panel_group * gemm_panel_group;
}

// packed: panels of columns, each K rows of one panel's width. One unit is gemm_panel_group columns.
struct GemmPackArgs {
    const void* b;
    void* packed;
    int64_t N, K, ldb;
    bool transposed;
};

// dz = dy act'(z) told from y (linear: dz and y are null, dy is taken as it is), db = or += column sums of slices of rows.
// All (M, N) but db (slices, N). One unit is gemm_panel_group columns of a slice, slices slowest.
struct DenseGradArgs {
    const void *y, *dy;
    void *dz, *db;
    int64_t M, N, slice;
    bool accumulate;  // db += instead of db =
    Activation act;
    double alpha;
};

// c = act(init + sum over s of slices[s]), s ascending. One unit is a row.
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
