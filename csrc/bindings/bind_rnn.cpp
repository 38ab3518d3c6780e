// ops/rnn: recurrent layers over all time steps.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "bindings/mixed_operands.h"
#include "ops/activation/activation.h"
#include "ops/copy/copy.h"
#include "ops/rnn/quantized_rnn.h"
#include "ops/rnn/rnn.h"

namespace netlet::bindings {

namespace {

using Optional = std::optional<Arg>;
using Results = std::tuple<std::optional<Tensor>, std::optional<Tensor>, std::optional<Tensor>>;

Results results_of(const ops::RnnResult& r) {
    auto given = [](const Tensor& t) { return t ? std::optional(t) : std::nullopt; };
    return {given(r.y), given(r.last.h), given(r.last.c)};
}

// A scale; a Python number becomes float32.
Tensor scale_of(const Arg& a) { return a.number ? ops::cast(Tape::current(), a, DType::f32) : a.tensor; }

}  // namespace

void bind_rnn(py::module_& m) {
    using namespace py::literals;
    using Weight = std::optional<WeightArg>;
    m.def(
        "rnn",
        keeps_half([](const std::string& kind, const StoredArg& x, const StoredWeightArg& kernel,
                      const StoredWeightArg& recurrent_kernel, const Weight& bias, const Optional& h0,
                      const Optional& c0, const Weight& mask, const Weight& recurrent_scale,
                      const std::string& activation, const std::string& recurrent_activation, bool reverse,
                      bool sequences) {
            Tape& tape = Tape::current();
            const ops::Rnn options{ops::rnn_kind_by_name(kind), ops::activation_by_name(activation),
                                   ops::activation_by_name(recurrent_activation), reverse, sequences};
            const ops::RnnWeights weights{product_operand(tape, kernel, x), product_operand(tape, recurrent_kernel, x),
                                          product_bias(tape, bias, x)};
            return results_of(ops::rnn(tape, options, product_operand(tape, x, x), weights, {or_null(h0), or_null(c0)},
                                       or_null(mask), or_null(recurrent_scale)));
        }),
        "kind"_a, "x"_a, "kernel"_a, "recurrent_kernel"_a, "bias"_a = py::none(), "h0"_a = py::none(),
        "c0"_a = py::none(), "mask"_a = py::none(), "recurrent_scale"_a = py::none(), "activation"_a = "tanh",
        "recurrent_activation"_a = "sigmoid", "reverse"_a = false, "sequences"_a = true, NoGil(),
        "(y, h, c): a recurrent layer over x (B, T, I); y (B, T, U) in the order of x, or None, h and c after the last "
        "step. In bfloat16 if x is.");
    m.def(
        "quantized_rnn",
        [](const std::string& kind, const Arg& x, const Arg& x_scale, const Optional& x_zero, const Arg& kernel,
           const Arg& kernel_scale, const Optional& kernel_zero, const Arg& recurrent_kernel,
           const Arg& recurrent_scale, const Optional& bias, const Optional& h0, const Optional& c0,
           const Optional& mask, const std::string& activation, const std::string& recurrent_activation, bool reverse,
           bool sequences, const Optional& x_hat, const Optional& kernel_hat, const Optional& recurrent_hat) {
            const ops::Rnn options{ops::rnn_kind_by_name(kind), ops::activation_by_name(activation),
                                   ops::activation_by_name(recurrent_activation), reverse, sequences};
            const ops::QuantizedRnnWeights weights{{kernel, scale_of(kernel_scale), or_null(kernel_zero)},
                                                   recurrent_kernel,
                                                   scale_of(recurrent_scale),
                                                   or_null(bias)};
            return results_of(ops::quantized_rnn(Tape::current(), options, {x, scale_of(x_scale), or_null(x_zero)},
                                                 weights, {or_null(h0), or_null(c0)}, or_null(mask),
                                                 {or_null(x_hat), or_null(kernel_hat), or_null(recurrent_hat)}));
        },
        "kind"_a, "x"_a, "x_scale"_a, "x_zero"_a, "kernel"_a, "kernel_scale"_a, "kernel_zero"_a, "recurrent_kernel"_a,
        "recurrent_scale"_a, "bias"_a = py::none(), "h0"_a = py::none(), "c0"_a = py::none(), "mask"_a = py::none(),
        "activation"_a = "tanh", "recurrent_activation"_a = "sigmoid", "reverse"_a = false, "sequences"_a = true,
        "x_hat"_a = py::none(), "kernel_hat"_a = py::none(), "recurrent_hat"_a = py::none(), NoGil(),
        "rnn on codes: x uint8 or int8, kernels int8, everything else float32. With the dequantized x_hat, kernel_hat "
        "and recurrent_hat it has the gradient of rnn on these.");
}

}  // namespace netlet::bindings
