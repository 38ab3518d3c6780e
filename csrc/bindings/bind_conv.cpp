// ops/conv: images with channels last; padding is given as pairs, zeros before and after each axis.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/mixed_operands.h"
#include "ops/activation/activation.h"
#include "ops/conv/conv.h"

namespace netlet::bindings {

namespace {

using Sizes = std::vector<int64_t>;
using Pads = std::vector<std::pair<int64_t, int64_t>>;

}  // namespace

void bind_conv(py::module_& m) {
    using namespace py::literals;
    auto bind = [&]<class Stored>(Stored, const char* name, auto function, const char* doc) {
        m.def(
            name,
            [function](const Stored& x, const Stored& kernel, const std::optional<Arg>& bias, const Sizes& strides,
                       const Pads& pads, const Sizes& dilation, const std::string& activation, double alpha) {
                Tape& tape = Tape::current();
                return function(tape, product_operand(tape, x, x), product_operand(tape, kernel, x),
                                product_bias(tape, bias, x), ops::ConvSteps{strides, dilation, pads},
                                ops::activation_by_name(activation), alpha);
            },
            "x"_a, "kernel"_a, "bias"_a, "strides"_a, "pads"_a, "dilation"_a, "activation"_a = "linear",
            "alpha"_a = 0.0, NoGil(), doc);
    };
    bind(StoredArg{}, "conv", ops::conv,
         "activation(convolution + bias); kernel (taps..., C / groups, O). In bfloat16 if x is.");
    bind(Arg{}, "depthwise_conv", ops::depthwise_conv,
         "The same, each channel for itself; kernel (taps..., C, multiplier).");
    m.def(
        "conv_transpose",
        [](const StoredArg& x, const StoredArg& kernel, const std::optional<Arg>& bias, const Sizes& strides,
           const Pads& pads, const Sizes& output_sizes, const Sizes& dilation, const std::string& activation,
           double alpha) {
            Tape& tape = Tape::current();
            return ops::conv_transpose(tape, product_operand(tape, x, x), product_operand(tape, kernel, x),
                                       product_bias(tape, bias, x), ops::ConvSteps{strides, dilation, pads},
                                       output_sizes, ops::activation_by_name(activation), alpha);
        },
        "x"_a, "kernel"_a, "bias"_a, "strides"_a, "pads"_a, "output_sizes"_a, "dilation"_a, "activation"_a = "linear",
        "alpha"_a = 0.0, NoGil(), "The gradient of a convolution with regard to its input; kernel (taps..., O, C).");
}

}  // namespace netlet::bindings
