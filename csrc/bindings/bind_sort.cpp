// ops/sort and ops/scan: order along an axis, and running totals.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/scan/scan.h"
#include "ops/sort/sort.h"

namespace netlet::bindings {

void bind_sort(py::module_& m) {
    using namespace py::literals;
    auto along_axis = [&](const char* name, Tensor (*op)(Tape&, const Tensor&, int)) {
        m.def(name, keeps_half([op](const Arg& x, int axis) { return op(Tape::current(), x, axis); }), "x"_a,
              "axis"_a = -1, NoGil());
    };
    along_axis("sort", ops::sort);
    along_axis("argsort", ops::argsort);
    along_axis("cumsum", ops::cumsum);
    along_axis("cumprod", ops::cumprod);
    m.def("top_k", keeps_half([](const Arg& x, int64_t k) {
              auto [values, positions] = ops::top_k(Tape::current(), x, k);
              return std::pair(std::move(values), std::move(positions));
          }),
          "x"_a, "k"_a, NoGil());
    m.def(
        "in_top_k",
        [](const Arg& targets, const Arg& predictions, int64_t k) {
            return ops::in_top_k(Tape::current(), targets, predictions, k);
        },
        "targets"_a, "predictions"_a, "k"_a, NoGil());
    m.def(
        "searchsorted",
        [](const Arg& sorted, const Arg& x, bool right) {
            return ops::searchsorted(Tape::current(), sorted, x, right);
        },
        "sorted"_a, "x"_a, "right"_a = false, NoGil());
}

}  // namespace netlet::bindings
