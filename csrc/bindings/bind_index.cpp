// ops/index: reading and writing entries by index.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/index/index.h"

namespace netlet::bindings {

namespace {

ScatterOp to_scatter_op(const std::string& reduction) {
    if (reduction == "set") return ScatterOp::set;
    if (reduction == "add") return ScatterOp::add;
    if (reduction == "mul") return ScatterOp::multiply;
    if (reduction == "max") return ScatterOp::max;
    if (reduction == "min") return ScatterOp::min;
    throw ValueError("scatter: expected reduction 'set', 'add', 'mul', 'max' or 'min', received '" + reduction + "'");
}

}  // namespace

void bind_index(py::module_& m) {
    using namespace py::literals;
    m.def("take", keeps_half([](const StoredArg& x, const Arg& indices, int axis) {
              return ops::take(Tape::current(), x, indices, axis);
          }),
          "x"_a, "indices"_a, "axis"_a = 0, NoGil());
    m.def(
        "check_index", [](const Arg& indices, int64_t n) { ops::check_index(Tape::current(), indices, n); },
        "indices"_a, "n"_a, NoGil(), "Every index lies in [0, n): else ValueError, or in a plan the end of the run.");
    m.def(
        "one_hot",
        [](const Arg& indices, int64_t classes, DType dtype, int axis) {
            return ops::one_hot(Tape::current(), indices, classes, axis, dtype);
        },
        "indices"_a, "num_classes"_a, "dtype"_a = DType::f32, "axis"_a = -1, NoGil());
    m.def("take_along_axis", keeps_half([](const Arg& x, const Arg& indices, int axis) {
              return ops::take_along_axis(Tape::current(), x, indices, axis);
          }),
          "x"_a, "indices"_a, "axis"_a, NoGil());
    m.def("scatter",
          keeps_half([](const Arg& into, const Arg& indices, const Arg& updates, const std::string& reduction,
                        const std::string& name, bool negative) {
              return ops::scatter(Tape::current(), name.c_str(), to_scatter_op(reduction), into, indices, updates,
                                  negative);
          }),
          "into"_a, "indices"_a, "updates"_a, "reduction"_a = "set", "name"_a = "scatter", "negative"_a = true, NoGil(),
          "`into` with the rows at indices (..., depth) joined with updates; `negative`: -1 is the last.");
}

}  // namespace netlet::bindings
