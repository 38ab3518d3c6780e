// ops/quantized: what int8 layers compute on codes. netlet.layers calls these functions; errors name them.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/quantized_product.h"
#include "ops/activation/activation.h"
#include "ops/quant/quant.h"
#include "ops/quantized/quantized.h"

namespace netlet::bindings {

namespace {

using Maybe = std::optional<Arg>;

}  // namespace

void bind_quantized(py::module_& m) {
    using namespace py::literals;
    m.def(
        "quantize_with",
        [](const Arg& x, const Arg& scale, const Maybe& zero, DType dtype) {
            return ops::quantize_with(Tape::current(), x, scale, or_null(zero), dtype);
        },
        "x"_a, "scale"_a, "zero"_a = py::none(), "dtype"_a = DType::u8, NoGil(),
        "The codes of x for a given scale and zero point.");
    m.def(
        "fake_quantize_with",
        [](const Arg& x, const Arg& scale, const Maybe& zero, DType dtype) {
            return ops::fake_quantize_with(Tape::current(), x, scale, or_null(zero), dtype);
        },
        "x"_a, "scale"_a, "zero"_a = py::none(), "dtype"_a = DType::u8, NoGil(),
        "quantize_with and back; gradient flows to x where its code is not clipped, and to scale.");
    m.def(
        "quantized_dense",
        [](const Arg& x, const Arg& x_scale, const Maybe& x_zero, const Arg& kernel, const Arg& kernel_scale,
           const Maybe& kernel_zero, const Maybe& bias, const std::string& activation, double alpha,
           const Maybe& out_scale, const Maybe& out_zero, const Maybe& x_hat, const Maybe& kernel_hat) {
            return ops::quantized_dense(Tape::current(),
                                        quantized_product(x, x_scale, x_zero, kernel, kernel_scale, kernel_zero, bias,
                                                          activation, alpha, out_scale, out_zero, x_hat, kernel_hat));
        },
        "x"_a, "x_scale"_a, "x_zero"_a.none(true), "kernel"_a, "kernel_scale"_a, "kernel_zero"_a.none(true),
        "bias"_a.none(true), "activation"_a = "linear", "alpha"_a = 0.0, "out_scale"_a = py::none(),
        "out_zero"_a = py::none(), "x_hat"_a = py::none(), "kernel_hat"_a = py::none(), NoGil(),
        "A dense layer of codes: x (..., K), kernel (K, N); float32, or codes if out_scale is given.");
    m.def(
        "quantized_add",
        [](const Arg& a, const Maybe& a_scale, const Maybe& a_zero, const Arg& b, const Maybe& b_scale,
           const Maybe& b_zero, const std::string& activation, double alpha, const Maybe& out_scale,
           const Maybe& out_zero) {
            return ops::quantized_add(Tape::current(), {a, or_null(a_scale), or_null(a_zero)},
                                      {b, or_null(b_scale), or_null(b_zero)}, ops::activation_by_name(activation),
                                      alpha, or_null(out_scale), or_null(out_zero));
        },
        "a"_a, "a_scale"_a.none(true), "a_zero"_a.none(true), "b"_a, "b_scale"_a.none(true), "b_zero"_a.none(true),
        "activation"_a = "linear", "alpha"_a = 0.0, "out_scale"_a = py::none(), "out_zero"_a = py::none(), NoGil(),
        "activation(a + b) of codes, or of float32 without a scale; float32, or codes if out_scale is given.");
    m.def(
        "requantize",
        [](const Arg& q, const Arg& scale, const Maybe& zero, const Arg& out_scale, const Maybe& out_zero) {
            return ops::requantize(Tape::current(), {q, scale, or_null(zero)}, out_scale, or_null(out_zero));
        },
        "q"_a, "scale"_a, "zero"_a.none(true), "out_scale"_a, "out_zero"_a = py::none(), NoGil(),
        "Codes of the same numbers in another scale.");
}

}  // namespace netlet::bindings
