// ops/branch.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/python_function.h"
#include "ops/branch/branch.h"
#include "ops/branch/recompute.h"

namespace netlet::bindings {

namespace {

// A function of Python that returns Tensors, with or without the GIL held.
std::function<Tensors()> emitting(const py::object& fn) {
    return [fn = PythonFunction(fn)] {
        const GilTaken gil;
        return fn(py::tuple()).cast<Tensors>();
    };
}

}  // namespace

void bind_branch(py::module_& m) {
    using namespace py::literals;
    m.def(
        "gated",
        [](const Arg& open, const py::object& emit) { return ops::gated(Tape::current(), open, emitting(emit)); },
        "open"_a, "emit"_a,
        "Records what `emit` computes so that only those runs compute it in which `open` is true. Returns its "
        "Tensors.");
    m.def(
        "branched",
        [](const std::vector<Arg>& opens, const std::vector<py::object>& emits) {
            std::vector<std::function<Tensors()>> functions;
            for (const py::object& emit : emits) functions.push_back(emitting(emit));
            return ops::branched(Tape::current(), Tensors(opens.begin(), opens.end()), functions);
        },
        "opens"_a, "emits"_a,
        "Records all functions of `emits` so that a run computes the one whose bool of `opens` is true, the only one. "
        "Returns its Tensors.");
    m.def(
        "recomputed",
        [](const py::object& first, const py::object& again) {
            return ops::recomputed(Tape::current(), emitting(first), emitting(again));
        },
        "first"_a, "again"_a,
        "first(), which returns Tensors; backward runs again() in place of what `first` saved. Returns the Tensors.");
}

}  // namespace netlet::bindings
