// ops/conv: images with channels last; padding is given as pairs, zeros before and after each axis. Convolutions of
// 8-bit codes take the scale and the zero point (or None) of x and of the kernel, as quantized_dense.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "bindings/mixed_operands.h"
#include "bindings/quantized_product.h"
#include "ops/activation/activation.h"
#include "ops/conv/conv.h"
#include "ops/conv/quantized_conv.h"

namespace netlet::bindings {

namespace {

using Sizes = std::vector<int64_t>;
using Pads = std::vector<std::pair<int64_t, int64_t>>;
using Optional = std::optional<Arg>;

void bind_quantized_conv(py::module_& m) {
    using namespace py::literals;
    auto bind = [&](const char* name, auto function, const char* doc) {
        m.def(
            name,
            [function](const Arg& x, const Arg& x_scale, const Optional& x_zero, const Arg& kernel,
                       const Arg& kernel_scale, const Optional& kernel_zero, const Optional& bias, const Sizes& strides,
                       const Pads& pads, const Sizes& dilation, const std::string& activation, double alpha,
                       const Optional& out_scale, const Optional& out_zero, const Optional& x_hat,
                       const Optional& kernel_hat) {
                return function(Tape::current(),
                                quantized_product(x, x_scale, x_zero, kernel, kernel_scale, kernel_zero, bias,
                                                  activation, alpha, out_scale, out_zero, x_hat, kernel_hat),
                                ops::ConvSteps{strides, dilation, pads});
            },
            "x"_a, "x_scale"_a, "x_zero"_a.none(true), "kernel"_a, "kernel_scale"_a, "kernel_zero"_a.none(true),
            "bias"_a.none(true), "strides"_a, "pads"_a, "dilation"_a, "activation"_a = "linear", "alpha"_a = 0.0,
            "out_scale"_a = py::none(), "out_zero"_a = py::none(), "x_hat"_a = py::none(), "kernel_hat"_a = py::none(),
            NoGil(), doc);
    };
    bind("quantized_conv", ops::quantized_conv,
         "conv of uint8 codes with an int8 kernel -> float32, or uint8 codes if out_scale is given.");
    bind("quantized_depthwise_conv", ops::quantized_depthwise_conv, "The same, each channel for itself.");
    m.def(
        "quantized_conv_transpose",
        [](const Arg& x, const Arg& x_scale, const Optional& x_zero, const Arg& kernel, const Arg& kernel_scale,
           const Optional& kernel_zero, const Optional& bias, const Sizes& strides, const Pads& pads,
           const Sizes& output_sizes, const Sizes& dilation, const std::string& activation, double alpha,
           const Optional& out_scale, const Optional& out_zero, const Optional& x_hat, const Optional& kernel_hat) {
            return ops::quantized_conv_transpose(
                Tape::current(),
                quantized_product(x, x_scale, x_zero, kernel, kernel_scale, kernel_zero, bias, activation, alpha,
                                  out_scale, out_zero, x_hat, kernel_hat),
                ops::ConvSteps{strides, dilation, pads}, output_sizes);
        },
        "x"_a, "x_scale"_a, "x_zero"_a.none(true), "kernel"_a, "kernel_scale"_a, "kernel_zero"_a.none(true),
        "bias"_a.none(true), "strides"_a, "pads"_a, "output_sizes"_a, "dilation"_a, "activation"_a = "linear",
        "alpha"_a = 0.0, "out_scale"_a = py::none(), "out_zero"_a = py::none(), "x_hat"_a = py::none(),
        "kernel_hat"_a = py::none(), NoGil(), "The same for conv_transpose; kernel (taps..., O, C).");
}

}  // namespace

void bind_conv(py::module_& m) {
    using namespace py::literals;
    auto bind = [&]<class Image, class Kernel>(Image, Kernel, const char* name, auto function, const char* doc) {
        m.def(name,
              keeps_half([function](const Image& x, const Kernel& kernel, const std::optional<WeightArg>& bias,
                                    const Sizes& strides, const Pads& pads, const Sizes& dilation,
                                    const std::string& activation, double alpha) {
                  Tape& tape = Tape::current();
                  return function(tape, product_operand(tape, x, x), product_operand(tape, kernel, x),
                                  product_bias(tape, bias, x), ops::ConvSteps{strides, dilation, pads},
                                  ops::activation_by_name(activation), alpha);
              }),
              "x"_a, "kernel"_a, "bias"_a, "strides"_a, "pads"_a, "dilation"_a, "activation"_a = "linear",
              "alpha"_a = 0.0, NoGil(), doc);
    };
    bind(StoredArg{}, StoredWeightArg{}, "conv", ops::conv,
         "activation(convolution + bias); kernel (taps..., C / groups, O). In bfloat16 if x is.");
    bind(Arg{}, WeightArg{}, "depthwise_conv", ops::depthwise_conv,
         "The same, each channel for itself; kernel (taps..., C, multiplier).");
    m.def("conv_transpose",
          keeps_half([](const StoredArg& x, const StoredWeightArg& kernel, const std::optional<WeightArg>& bias,
                        const Sizes& strides, const Pads& pads, const Sizes& output_sizes, const Sizes& dilation,
                        const std::string& activation, double alpha) {
              Tape& tape = Tape::current();
              return ops::conv_transpose(tape, product_operand(tape, x, x), product_operand(tape, kernel, x),
                                         product_bias(tape, bias, x), ops::ConvSteps{strides, dilation, pads},
                                         output_sizes, ops::activation_by_name(activation), alpha);
          }),
          "x"_a, "kernel"_a, "bias"_a, "strides"_a, "pads"_a, "output_sizes"_a, "dilation"_a, "activation"_a = "linear",
          "alpha"_a = 0.0, NoGil(), "The gradient of a convolution with regard to its input; kernel (taps..., O, C).");
    bind_quantized_conv(m);
}

}  // namespace netlet::bindings
