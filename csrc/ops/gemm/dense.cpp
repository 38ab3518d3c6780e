// y = act(x W + b).  Backward, with dz = dy act'(z) computed from y:  dW = x^T dz,  db = column sums of dz,  dx = dz
// W^T.
#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/activation/activation.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/gemm/gemm.h"
#include "ops/higher_order/higher_order.h"

namespace netlet::ops {

namespace {

void check(const Tensor& x, const Tensor& kernel, const Tensor& bias) {
    check_product_dtypes("dense", x, kernel, bias);
    if (kernel->shape.rank() != 2)
        throw ValueError("dense: expected a kernel of shape (inputs, units), received shape " + kernel->shape.str());
    if (x->shape.rank() < 1 || x->shape.back() != kernel->shape[0])
        throw ValueError("dense: expected x with a last axis of " + std::to_string(kernel->shape[0]) +
                         " for a kernel of shape " + kernel->shape.str() + ", received shape " + x->shape.str());
    if (bias && bias->shape != Shape{kernel->shape[1]})
        throw ValueError("dense: expected a bias of shape " + Shape{kernel->shape[1]}.str() + ", received " +
                         bias->shape.str());
}

}  // namespace

void check_product_dtypes(const char* op, const Tensor& x, const Tensor& kernel, const Tensor& bias) {
    if (x->dtype == DType::bf16) {
        if (kernel->dtype != DType::bf16 && kernel->dtype != DType::f32)
            throw TypeError(std::string(op) + ": expected a float32 or bfloat16 kernel for a bfloat16 x, received " +
                            name_of(kernel->dtype));
        if (bias && bias->dtype != DType::f32)
            throw TypeError(std::string(op) + ": expected a float32 bias for a bfloat16 x, received " +
                            name_of(bias->dtype));
        return;
    }
    check_floating(op, x);
    check_same_dtype(op, x, kernel);
    if (bias) check_same_dtype(op, x, bias);
}

Tensor fused_gradient(Tape& tape, Activation act, double alpha, const Tensor& saved_y, const Tensor& dy,
                      const Grad& db) {
    // A product rounds dz to bfloat16 anyway, so it is stored as bfloat16.
    const bool bf16 = saved_y && saved_y->dtype == DType::bf16 && !tape.on_gpu();
    const Tensor y = saved_y && !bf16 ? cast(tape, saved_y, dy->dtype) : saved_y;
    const int64_t N = dy->shape.back(), M = dy->size() / std::max<int64_t>(N, 1);
    const Tensor dz = y ? tape.empty(dy->shape, y->dtype) : dy;
    if (!db && !bf16) {
        if (y) activation_gradient(tape, act, alpha, y, dy, {dz, false});
        return dz;
    }
    // Many rows are cut into slices that stay in the L2 cache, since rows of few columns are read one vector of columns
    // at a time.
    constexpr int64_t slice_elements = 16384;
    DenseGradArgs args{};
    args.M = M;
    args.N = N;
    args.slice = M <= 1024 ? std::max<int64_t>(M, 1) : std::max<int64_t>(64, slice_elements / std::max<int64_t>(N, 1));
    args.bf16 = bf16;
    args.act = act;
    args.alpha = alpha;
    const int64_t count = std::max<int64_t>(1, ceil_div(M, args.slice));
    const Grad sums = slices_for(tape, db, count, {count, 1, N});
    tape.emit(
        NETLET_KERNEL_FOR(dense_bwd, dy->dtype), args,
        {in_if(args.y, y), in(args.dy, dy), out_if(args.dz, y ? dz : nullptr), into_if(args.db, args.accumulate, sums)},
        {count * ceil_div(N, gemm_panel_group), grain_for(slice_elements, args.slice * gemm_panel_group),
         4.0 * (double)(M * N)});
    if (db && count > 1) emit_slice_sum(tape, sums.tensor, db);
    return dz;
}

Tensor activation_after(Tape& tape, const Tensor& z, Activation act, double alpha) {
    return cast(tape, activation(tape, as_gradient_type(tape, z), act, {alpha, 0, 0}), z->dtype);
}

Tensor bias_and_activation(Tape& tape, const Tensor& z, const Tensor& bias, Activation act, double alpha) {
    const Tensor y = bias ? add(tape, z, bias) : z;
    return act == Activation::linear ? y : activation(tape, y, act, {alpha, 0, 0});
}

void on_backward_of_dense(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, const Tensor& y,
                          Activation act, double alpha) {
    const int64_t K = kernel->shape[0], N = kernel->shape[1], M = x->shape.product(0, x->shape.rank() - 1);
    const auto emit = x->dtype == DType::bf16 ? emit_mixed_gemm : static_cast<void (*)(Tape&, const Gemm&)>(emit_gemm);
    on_backward_of_fused(
        tape, x, kernel, bias, y, act, alpha,
        [=](Tape& tape, const Tensor& x, const Tensor& dz, const Grad& dw) {
            emit(tape, with_result({.a = x, .b = dz, .M = K, .N = N, .K = M, .a_transposed = true}, dw));
        },
        [=](Tape& tape, const Tensor& dz, const Grad& dx) {
            emit(tape, with_result({.a = dz, .b = kernel, .M = M, .N = K, .K = N, .b_transposed = true}, dx));
        },
        by_definition([act, alpha](Tape& tape, const Tensors& x) {
            const Tensor z = matmul(tape, as_gradient_type(tape, x[0]), as_gradient_type(tape, x[1]));
            return Tensors{bias_and_activation(tape, z, x[2], act, alpha)};
        }));
}

Tensor dense(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, Activation act, double alpha) {
    check(x, kernel, bias);
    if (!is_fusable(act, alpha)) return activation_after(tape, dense(tape, x, kernel, bias), act, alpha);

    const int64_t K = kernel->shape[0], N = kernel->shape[1], M = x->shape.product(0, x->shape.rank() - 1);
    Shape shape = x->shape;
    shape[shape.rank() - 1] = N;
    Tensor y = tape.empty(shape, x->dtype);
    const Gemm forward{.a = x,
                       .b = kernel,
                       .bias = bias,
                       .c = y,
                       .M = M,
                       .N = N,
                       .K = K,
                       .act = act,
                       .alpha = alpha,
                       .rows = tape.may_run_by_row({x, kernel, bias}) ? x->shape[0] : 0};
    x->dtype == DType::bf16 ? emit_mixed_gemm(tape, forward) : emit_gemm(tape, forward);
    if (!tape.needs_grad({x, kernel, bias})) return y;

    on_backward_of_dense(tape, x, kernel, bias, y, act, alpha);
    return y;
}

}  // namespace netlet::ops
