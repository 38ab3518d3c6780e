// ops/branch.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/branch/branch.h"

namespace netlet::bindings {

void bind_branch(py::module_& m) {
    using namespace py::literals;
    m.def(
        "gated",
        [](const Arg& open, const py::function& emit) {
            return ops::gated(Tape::current(), open, [&] { return emit().cast<Tensors>(); });
        },
        "open"_a, "emit"_a,
        "Records what `emit` computes so that only those runs compute it in which `open` is true. Returns its "
        "Tensors.");
}

}  // namespace netlet::bindings
