// netlet._core: the contents page of the native core.
#include "base/error.h"
#include "bindings/array_view.h"
#include "bindings/bindings.h"

namespace netlet::bindings {

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
    m.doc() = "netlet's native core. Private: use netlet.ops, netlet.layers and netlet.Sequential.";

    py::register_exception<ValueError>(m, "_ValueError", PyExc_ValueError);
    py::register_exception<TypeError>(m, "_TypeError", PyExc_TypeError);
    py::register_exception<RuntimeError>(m, "_RuntimeError", PyExc_RuntimeError);
    py::register_exception<SymbolicArgument>(m, "SymbolicArgument");

    bind_runtime(m);
    bind_tensor(m);
    bind_tape(m);
    bind_plan(m);
    bind_copy(m);
}

}  // namespace netlet::bindings
