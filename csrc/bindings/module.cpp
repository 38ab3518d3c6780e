// Creates netlet._core. What it contains is listed in bindings.def.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/python_error.h"

namespace netlet::bindings {

// What `import netlet._core` calls is at the end of this file.
PYBIND11_MODULE(_core_of_main_interpreter, m) {
    m.doc() = "netlet's native core. Private: use netlet.ops, netlet.layers and netlet.Sequential.";

    // netlet raises Python's built-in exceptions: users need no import to catch them.
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const Error& e) {
            set_python_error(e);
        }
    });
    py::register_exception<SymbolicArgument>(m, "SymbolicArgument");

#define NETLET_BINDING(name) bind_##name(m);
#include "bindings/bindings.def"
#undef NETLET_BINDING
}

}  // namespace netlet::bindings

// A subinterpreter is refused before pybind11 runs: types, thread pool and plans belong to the interpreter that
// imported them first, and pybind11's PyGILState_Ensure would hang in any other. Python refuses by itself only from
// 3.12 on.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
    if (PyInterpreterState_Get() == PyInterpreterState_Main())
        return netlet::bindings::PyInit__core_of_main_interpreter();
    PyErr_SetString(PyExc_ImportError, "netlet cannot be used in a subinterpreter: import it in the main interpreter");
    return nullptr;
}
