// ops/gemm: products of matrices.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/eager_matmul.h"
#include "bindings/halves.h"
#include "bindings/mixed_operands.h"
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

// Two bfloat16 matrices have their own product; other halves are cast to float32.
void widen_halves(Arg& a, Arg& b) {
    if (a->dtype == DType::bf16 && b->dtype == DType::bf16) return;
    for (Arg* x : {&a, &b})
        if (is_half((*x)->dtype)) x->tensor = ops::cast(Tape::current(), x->tensor, DType::f32);
}

Tensor matmul_to_bf16(const Arg& a, const Arg& b, bool transpose_a, bool transpose_b) {
    Tape& tape = Tape::current();
    return ops::mixed_matmul(tape, mixed_operand(tape, a), mixed_operand(tape, b), transpose_a, transpose_b);
}

}  // namespace

void bind_gemm(py::module_& m) {
    using namespace py::literals;
    m.def(
        "matmul",
        [](StoredArg a, StoredArg b, bool transpose_a, bool transpose_b, std::optional<DType> dtype) {
            if (dtype && *dtype != DType::bf16 && *dtype != DType::f32)
                throw ValueError(std::string("matmul: expected dtype bfloat16, float32 or None, received ") +
                                 name_of(*dtype));
            HalfOperands halves;
            halves.note(a), halves.note(b);
            const DType result = dtype.value_or(halves.result());
            if (result == DType::bf16 && has_gradient(a->dtype) && has_gradient(b->dtype))
                return matmul_to_bf16(a, b, transpose_a, transpose_b);
            widen_halves(a, b);
            const Tensor y = ops::matmul(Tape::current(), beside(a, b), beside(b, a), transpose_a, transpose_b);
            return round_to(result, y);
        },
        "a"_a, "b"_a, "transpose_a"_a = false, "transpose_b"_a = false, "dtype"_a = py::none(), NoGil(),
        "a @ b, batched as numpy.matmul. dtype \"bfloat16\": rounds both operands and the result to it; \"float32\": "
        "the "
        "product of halves is not rounded.");
    install_eager_matmul(m);
    m.def("dense",
          keeps_half([](StoredArg x, StoredWeightArg kernel, const std::optional<WeightArg>& bias,
                        const std::string& activation, double alpha) {
              Tape& tape = Tape::current();
              kernel.tensor = product_operand(tape, kernel, x);
              x.tensor = product_operand(tape, x, x);
              if (x->dtype == DType::bf16)
                  return ops::dense(tape, x, kernel, product_bias(tape, bias, x), ops::activation_by_name(activation),
                                    alpha);
              const Tensor w = beside(kernel, x), b = bias ? ops::cast(tape, *bias, w->dtype) : nullptr;
              return ops::dense(tape, beside(x, kernel), w, b, ops::activation_by_name(activation), alpha);
          }),
          "x"_a, "kernel"_a, "bias"_a = py::none(), "activation"_a = "linear", "alpha"_a = 0.0, NoGil(),
          "activation(x @ kernel + bias); x (..., K), kernel (K, N), bias (N,) or None. With a bfloat16 x the product "
          "and "
          "the result are bfloat16.");
}

}  // namespace netlet::bindings
