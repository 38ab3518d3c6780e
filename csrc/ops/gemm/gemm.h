#pragma once
#include "ops/copy/copy.h"
#include "ops/gemm/gemm_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// a . b with the rules of numpy.matmul: the last two axes are matrices, the others are broadcast; a one-dimensional a
// is a row, a one-dimensional b is a column, and that axis is dropped from the result. The transposes swap the last two
// axes (of operands with two or more). float32, float64, or bfloat16 with bfloat16 -> float32, and gradient flows to
// both; or, without gradients, int8 or uint8 with int8 -> int32.
Tensor matmul(Tape& tape, const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);
// The same in bfloat16: each operand is float32 or bfloat16, the result is bfloat16. Gradient flows to both.
Tensor mixed_matmul(Tape& tape, const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);

// act(x . kernel + bias): x (..., K), kernel (K, N), bias (N,) or null -> (..., N). Gradient flows to all three. A
// fusable activation is applied in the register tile; backward saves x and the result. With a bfloat16 x, the products
// are bfloat16 ones and so is the result; kernel is float32 or bfloat16 and bias float32.
Tensor dense(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, Activation act = Activation::linear,
             double alpha = 0);

// ---- for other ops: one product, as one or two records, without a gradient ----

// A product and the layout of its matrices; fields as in gemm_args.h. Batch axes may be left out (rank 0).
// Low-precision products support neither `accumulate` nor `summed`, 8-bit products neither bias nor activation.
struct Gemm {
    Tensor a = {}, b = {}, bias = {}, c = {};  // bias may be null
    int64_t M = 0, N = 0, K = 0;
    bool a_transposed = false, b_transposed = false, accumulate = false;
    Activation act = Activation::linear;
    double alpha = 0;
    int batch_rank = 0;
    int64_t items = 1, summed = 1;
    int64_t batch_dims[gemm_max_batch_rank] = {}, a_step[gemm_max_batch_rank] = {}, b_step[gemm_max_batch_rank] = {};
    int64_t a_offset = 0, b_offset = 0, c_offset = 0;  // in elements
    int64_t lda = 0, ldb = 0;                          // 0: the matrices are contiguous
    int64_t rows = 0;  // of a batch that the plan may run by rows, of which each has M / rows rows of a; otherwise 0
    Tensor* panels = nullptr;  // for several products of one b: the first that packs it stores its panels here
};
void emit_gemm(Tape& tape, const Gemm& gemm);
// The same in bfloat16: a, b and c are each float32 or bfloat16, bias is float32 (mixed_gemm_args.h). Supports
// `accumulate` and `summed` for a float32 c.
void emit_mixed_gemm(Tape& tape, const Gemm& gemm);
// `gemm` with c and `accumulate` set from a Grad.
inline Gemm with_result(Gemm gemm, const Grad& c) {
    gemm.c = c.tensor;
    gemm.accumulate = c.accumulate;
    return gemm;
}
inline void emit_gemm(Tape& tape, const Gemm& gemm, const Grad& c) { emit_gemm(tape, with_result(gemm, c)); }

// The columns of b (float, bfloat16 or int8) in panels, for kernels that call the register tile themselves. op(b) is
// (K, N), begins `offset` elements in, and has leading dimension ldb. Inference plans cache the result across runs.
Tensor pack_for_tiles(Tape& tape, const Tensor& b, int64_t offset, int64_t N, int64_t K, int64_t ldb, bool transposed);

// The same for mixed products: pairs of terms, rounded to bfloat16. b is float32 or bfloat16.
Tensor pack_for_mixed_tiles(Tape& tape, const Tensor& b, int64_t offset, int64_t N, int64_t K, int64_t ldb,
                            bool transposed);

// c = or += the sum of slices (count, M, N), in their order; or c = act(bias + the sum).
void emit_slice_sum(Tape& tape, const Tensor& slices, const Grad& c, const Tensor& bias = nullptr,
                    Activation act = Activation::linear, double alpha = 0);

// TypeError if a product of x with a kernel does not support these types: all float32 or all float64; or a bfloat16 x
// with a float32 or bfloat16 kernel and a float32 bias.
void check_product_dtypes(const char* op, const Tensor& x, const Tensor& kernel, const Tensor& bias);
// x in the type of its gradient: a half as float32. Second derivatives of mixed products are computed in it.
inline Tensor as_gradient_type(Tape& tape, const Tensor& x) { return cast(tape, x, gradient_dtype(x->dtype)); }

// The elementwise part of backward for a product with fused bias and activation. Returns dz = dy act'(z), computed from
// the result y (linear: y is null and dz is dy), and writes db, if asked for: the sum of dz over all axes but the last. If
// y is bfloat16, so is dz.
Tensor fused_gradient(Tape& tape, Activation act, double alpha, const Tensor& y, const Tensor& dy, const Grad& db);

// Registers the gradient of y = act(z), z = (product of x and kernel) + bias, with `act` fused. kernel_gradient(tape,
// x, dz, dw) and input_gradient(tape, dz, dx) emit the gradients of the product.
template <class KernelGradient, class InputGradient>
void on_backward_of_fused(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, const Tensor& y,
                          Activation act, double alpha, KernelGradient kernel_gradient, InputGradient input_gradient,
                          HigherOrder higher) {
    const Tensor saved_y = act == Activation::linear ? nullptr : y, saved_x = kernel->requires_grad ? x : nullptr;
    tape.on_backward(
        {x, kernel, bias}, {y},
        [=](Tape& tape, const Grads& dy) {
            const Tensor dz = fused_gradient(tape, act, alpha, saved_y, dy[0], tape.grad(bias));
            if (Grad dw = tape.grad(kernel)) kernel_gradient(tape, saved_x, dz, dw);
            if (Grad dx = tape.grad(x)) input_gradient(tape, dz, dx);
        },
        std::move(higher));
}

// Registers the gradient of a dense layer: x (..., K), kernel (K, N), bias (N,) or null, y (..., N) its result.
void on_backward_of_dense(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, const Tensor& y,
                          Activation act, double alpha);

// act(z) for an activation that products do not fuse. That of a half z is computed in float32 and rounded.
Tensor activation_after(Tape& tape, const Tensor& z, Activation act, double alpha);

// act(z + bias), bias (N,) or null, by separate ops.
Tensor bias_and_activation(Tape& tape, const Tensor& z, const Tensor& bias, Activation act, double alpha);

}  // namespace netlet::ops
