// ops/gemm: products of matrices.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/eager_matmul.h"
#include "ops/activation/activation.h"
#include "ops/copy/copy.h"
#include "ops/gemm/gemm.h"

namespace netlet::bindings {

namespace {

// `a` in the dtype that it has as an operand with `b`: an ndarray with a Tensor, and integers with floats, take the
// other's floating type; of two Tensors or two ndarrays, float32 becomes float64.
Tensor beside(const Arg& a, const Arg& b) {
    if (!is_floating(b->dtype) || a->dtype == b->dtype) return a;
    const bool yields = !is_floating(a->dtype) || (a.native == b.native ? a->dtype == DType::f32 : b.native);
    return yields ? ops::cast(Tape::current(), a, b->dtype) : a.tensor;
}

// Two bfloat16 matrices have their own product; with gradients, and for other halves, operands are cast to float32.
void widen_halves(Arg& a, Arg& b) {
    Tape& tape = Tape::current();
    if (a->dtype == DType::bf16 && b->dtype == DType::bf16 && !tape.needs_grad({a, b})) return;
    for (Arg* x : {&a, &b})
        if (is_half((*x)->dtype)) x->tensor = ops::cast(tape, x->tensor, DType::f32);
}

}  // namespace

void bind_gemm(py::module_& m) {
    using namespace py::literals;
    m.def(
        "matmul",
        [](StoredArg a, StoredArg b, bool transpose_a, bool transpose_b) {
            widen_halves(a, b);
            return ops::matmul(Tape::current(), beside(a, b), beside(b, a), transpose_a, transpose_b);
        },
        "a"_a, "b"_a, "transpose_a"_a = false, "transpose_b"_a = false, NoGil(), "a @ b, batched as numpy.matmul.");
    install_eager_matmul(m);
    m.def(
        "dense",
        [](const Arg& x, const Arg& kernel, const std::optional<Arg>& bias, const std::string& activation,
           double alpha) {
            Tape& tape = Tape::current();
            const Tensor w = beside(kernel, x), b = bias ? ops::cast(tape, *bias, w->dtype) : nullptr;
            return ops::dense(tape, beside(x, kernel), w, b, ops::activation_by_name(activation), alpha);
        },
        "x"_a, "kernel"_a, "bias"_a = py::none(), "activation"_a = "linear", "alpha"_a = 0.0, NoGil(),
        "activation(x @ kernel + bias); x (..., K), kernel (K, N), bias (N,) or None.");
}

}  // namespace netlet::bindings
