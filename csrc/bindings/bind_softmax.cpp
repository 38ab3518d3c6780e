// ops/softmax: along one axis; axis=None flattens.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/copy/copy.h"
#include "ops/softmax/softmax.h"

namespace netlet::bindings {

void bind_softmax(py::module_& m) {
    using namespace py::literals;
    m.def("softmax", keeps_half([](const Arg& x, int axis) { return ops::softmax(Tape::current(), x, axis); }), "x"_a,
          "axis"_a = -1, NoGil(), "e^x / sum e^x along `axis`.");
    m.def("log_softmax", keeps_half([](const Arg& x, int axis) { return ops::log_softmax(Tape::current(), x, axis); }),
          "x"_a, "axis"_a = -1, NoGil(), "x - log(sum e^x) along `axis`.");
    m.def("sparsemax", keeps_half([](const Arg& x, int axis) { return ops::sparsemax(Tape::current(), x, axis); }),
          "x"_a, "axis"_a = -1, NoGil(), "The nearest probabilities to x along `axis`: many are 0.");
    m.def("logsumexp", keeps_half([](const Arg& x, std::optional<int> axis, bool keepdims) {
              Tape& tape = Tape::current();
              if (axis) return ops::logsumexp(tape, x, *axis, keepdims);
              Tensor y = ops::logsumexp(tape, ops::reshape(tape, x, {x->size()}), 0, keepdims);
              Shape ones;
              for (int i = 0; keepdims && i < x->shape.rank(); ++i) ones.push_back(1);
              return ops::reshape(tape, y, ones);
          }),
          "x"_a, "axis"_a = -1, "keepdims"_a = false, NoGil(),
          "log(sum e^x) along `axis`, or over all of x if it is None.");
}

}  // namespace netlet::bindings
