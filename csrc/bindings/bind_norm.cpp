// ops/norm: normalization over the last axis, over each channel, over groups of channels.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/activation/activation.h"
#include "ops/norm/norm.h"

namespace netlet::bindings {

void bind_norm(py::module_& m) {
    using namespace py::literals;
    using Optional = std::optional<WeightArg>;
    m.def(
        "layer_norm",
        keeps_half([](const Arg& x, const Optional& gamma, const Optional& beta, double epsilon, bool centred) {
            return ops::layer_norm(Tape::current(), x, or_null(gamma), or_null(beta), epsilon, centred);
        }),
        "x"_a, "gamma"_a = py::none(), "beta"_a = py::none(), "epsilon"_a = 1e-3, "centred"_a = true, NoGil(),
        "(x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis; not centred: x / root mean square.");
    m.def(
        "batch_norm",
        [](const Arg& x, const Optional& gamma, const Optional& beta, double epsilon, const std::string& activation) {
            ops::BatchNorm b = ops::batch_norm(Tape::current(), x, or_null(gamma), or_null(beta), epsilon,
                                               ops::activation_by_name(activation));
            return std::make_tuple(round_to(x.half, b.y), b.mean, b.variance);
        },
        "x"_a, "gamma"_a = py::none(), "beta"_a = py::none(), "epsilon"_a = 1e-3, "activation"_a = "linear", NoGil(),
        "(act(y), mean, variance) with the statistics of each channel (last axis); no gradient through the latter "
        "two.");
    m.def("group_norm",
          keeps_half([](const Arg& x, int64_t groups, const Optional& gamma, const Optional& beta, double epsilon) {
              return ops::group_norm(Tape::current(), x, groups, or_null(gamma), or_null(beta), epsilon);
          }),
          "x"_a, "groups"_a, "gamma"_a = py::none(), "beta"_a = py::none(), "epsilon"_a = 1e-3, NoGil(),
          "x (N, ..., C) with the statistics of each sample's groups of neighbouring channels.");
    m.def("given_norm",
          keeps_half([](const Arg& x, const WeightArg& mean, const WeightArg& variance, const Optional& gamma,
                        const Optional& beta, double epsilon) {
              return ops::given_norm(Tape::current(), x, mean, variance, or_null(gamma), or_null(beta), epsilon);
          }),
          "x"_a, "mean"_a, "variance"_a, "gamma"_a = py::none(), "beta"_a = py::none(), "epsilon"_a = 1e-3, NoGil(),
          "(x - mean) / sqrt(variance + epsilon) * gamma + beta, each one number a channel (last axis).");
    m.def(
        "fold_norm",
        [](const WeightArg& kernel, const Optional& bias, const WeightArg& mean, const WeightArg& variance,
           const Optional& gamma, const Optional& beta, double epsilon) {
            ops::Folded f = ops::fold_norm(Tape::current(), kernel, or_null(bias), mean, variance, or_null(gamma),
                                           or_null(beta), epsilon);
            return std::make_pair(f.kernel, f.bias);
        },
        "kernel"_a, "bias"_a, "mean"_a, "variance"_a, "gamma"_a, "beta"_a, "epsilon"_a, NoGil(),
        "(kernel, bias) of the one product (channels last) that computes given_norm of the product with these.");
    m.def(
        "keeps", [](const Tensor& x) { return Tape::current().prepacks(x); }, "x"_a,
        "Whether the plan being recorded caches results that depend on x alone.");
    m.def(
        "moving_average",
        [](const Tensor& value, const Tensor& moving, double momentum) {
            ops::moving_average(Tape::current(), value, moving, momentum);
        },
        "value"_a, "moving"_a, "momentum"_a, NoGil(), "moving = moving * momentum + value * (1 - momentum), in place.");
}

}  // namespace netlet::bindings
