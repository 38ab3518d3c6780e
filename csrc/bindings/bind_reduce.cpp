// ops/reduce. Axes are an int, a sequence of them, or None for all.
#include <variant>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/reduce/reduce.h"

namespace netlet::bindings {

namespace {

using GivenAxes = std::optional<std::variant<int, std::vector<int>>>;

ops::Axes to_axes(const GivenAxes& given) {
    if (!given) return std::nullopt;
    if (const int* axis = std::get_if<int>(&*given)) return std::vector<int>{*axis};
    return std::get<std::vector<int>>(*given);
}

}  // namespace

void bind_reduce(py::module_& m) {
    using namespace py::literals;
    auto reduction = [&](const char* name, Tensor (*op)(Tape&, const Tensor&, const ops::Axes&, bool)) {
        m.def(name, keeps_half([op](const Arg& x, const GivenAxes& axis, bool keepdims) {
                  return op(Tape::current(), x, to_axes(axis), keepdims);
              }),
              "x"_a, "axis"_a = py::none(), "keepdims"_a = false, NoGil());
    };
    reduction("sum", ops::sum);
    reduction("mean", ops::mean);
    reduction("prod", ops::prod);
    reduction("max", ops::max);
    reduction("min", ops::min);
    reduction("any", ops::any);
    reduction("all", ops::all);

    auto position = [&](const char* name, Tensor (*op)(Tape&, const Tensor&, std::optional<int>, bool)) {
        m.def(name, keeps_half([op](const Arg& x, std::optional<int> axis, bool keepdims) {
                  return op(Tape::current(), x, axis, keepdims);
              }),
              "x"_a, "axis"_a = py::none(), "keepdims"_a = false, NoGil());
    };
    position("argmax", ops::argmax);
    position("argmin", ops::argmin);
}

}  // namespace netlet::bindings
