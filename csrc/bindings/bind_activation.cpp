// ops/activation: one function for all, by name; netlet.activations gives each its own name and Keras's defaults.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/activation/activation.h"

namespace netlet::bindings {

void bind_activation(py::module_& m) {
    using namespace py::literals;
    m.def("activation", keeps_half([](const Arg& x, const std::string& name, double alpha, double beta, double gamma) {
              return ops::activation(Tape::current(), x, ops::activation_by_name(name), {alpha, beta, gamma});
          }),
          "x"_a, "name"_a, "alpha"_a = 0.0, "beta"_a = 0.0, "gamma"_a = 0.0, NoGil(),
          "y = f(x) for f by name; parameters as csrc/ops/activation/activation_args.h lists them.");
    m.def("activation_names", [] {
        std::vector<std::string> names;
#define NETLET_NAME(name) names.push_back(#name);
        NETLET_ACTIVATIONS(NETLET_NAME)
#undef NETLET_NAME
        return names;
    });
}

}  // namespace netlet::bindings
