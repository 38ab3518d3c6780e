// Argument checks of the recurrent ops.
#pragma once
#include "ops/gemm/gemm.h"
#include "ops/rnn/rnn.h"

namespace netlet::ops {

inline const char* rnn_op_name(RnnKind kind) {
    return kind == RnnKind::lstm ? "lstm" : kind == RnnKind::simple_rnn ? "simple_rnn" : "gru";
}

// The shapes and the activations, for operands of any dtype.
inline void check_rnn_shapes(const std::string& op, const Rnn& options, const Tensor& x, const RnnWeights& weights,
                             const RnnState& first, const Tensor& mask, const Tensor& scale) {
    auto expect = [&](const char* what, const Tensor& t, const Shape& shape) {
        if (t && t->shape != shape)
            throw ValueError(op + ": expected " + what + " of shape " + shape.str() + ", received " + t->shape.str());
    };
    if (x->shape.rank() != 3)
        throw ValueError(op + ": expected x of shape (batch, time steps, features), received shape " + x->shape.str());
    if (!rnn_knows(options.activation) || !rnn_knows(options.recurrent_activation))
        throw ValueError(op +
                         ": expected activations whose derivatives follow from their values (linear, relu, sigmoid, "
                         "tanh, elu, exponential or hard_sigmoid), received others");
    const Shape& r = weights.recurrent_kernel->shape;
    const int64_t B = x->shape[0], T = x->shape[1], I = x->shape[2], U = r.rank() == 2 ? r[0] : 0,
                  GU = rnn_gates(options.kind) * U;
    expect("a recurrent kernel", weights.recurrent_kernel, {U, GU});
    expect("a kernel", weights.kernel, {I, GU});
    expect("a bias", weights.bias, options.kind == RnnKind::gru ? Shape{2, GU} : Shape{GU});
    expect("an initial h", first.h, {B, U});
    expect("an initial c", first.c, {B, U});
    expect("a recurrent scale", scale, {B, U});
    if (first.c && options.kind != RnnKind::lstm)
        throw ValueError(op + ": expected no initial c, which only an lstm has");
    if (mask && (mask->shape != Shape{B, T} || mask->dtype != DType::boolean))
        throw ValueError(op + ": expected a boolean mask of shape " + Shape{B, T}.str() + ", received shape " +
                         mask->shape.str());
}

inline void check_rnn(const Rnn& options, const Tensor& x, const RnnWeights& weights, const RnnState& first,
                      const Tensor& mask, const Tensor& scale) {
    const char* op = rnn_op_name(options.kind);
    for (const Tensor& t : {weights.kernel, weights.recurrent_kernel}) check_product_dtypes(op, x, t, weights.bias);
    for (const Tensor& t : {first.h, first.c, scale})
        if (t && t->dtype != gradient_dtype(x->dtype)) check_same_dtype(op, x, t);
    check_rnn_shapes(op, options, x, weights, first, mask, scale);
}

}  // namespace netlet::ops
