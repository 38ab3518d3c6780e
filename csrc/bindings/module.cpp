// netlet._core: the contents page of the native core.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/python_error.h"

namespace netlet::bindings {

// What `import netlet._core` calls is at the end of this file.
PYBIND11_MODULE(_core_of_main_interpreter, m) {
    m.doc() = "netlet's native core. Private: use netlet.ops, netlet.layers and netlet.Sequential.";

    // Our errors are Python's own: nobody has to import anything to catch them.
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const Error& e) {
            set_python_error(e);
        }
    });
    py::register_exception<SymbolicArgument>(m, "SymbolicArgument");

    bind_runtime(m);
    bind_dtype_name(m);
    bind_tensor(m);
    bind_tape(m);
    bind_plan(m);
    bind_copy(m);
    bind_gemm(m);
    bind_conv(m);
    bind_rnn(m);
    bind_activation(m);
    bind_softmax(m);
    bind_attention(m);
    bind_norm(m);
    bind_elementwise(m);
    bind_reduce(m);
    bind_shape(m);
    bind_index(m);
    bind_sort(m);
    bind_loss(m);
    bind_ctc(m);
    bind_metric(m);
    bind_optim(m);
    bind_quant(m);
    bind_random(m);
    bind_pool(m);
    bind_image(m);
}

}  // namespace netlet::bindings

// Types, pools and plans belong to the interpreter that imported them first, and pybind11 takes the GIL in a way that hangs
// in any other (PyGILState_Ensure): refused before pybind11 is asked. Python below 3.12 knows no such refusal itself.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
    if (PyInterpreterState_Get() == PyInterpreterState_Main())
        return netlet::bindings::PyInit__core_of_main_interpreter();
    PyErr_SetString(PyExc_ImportError, "netlet cannot be used in a subinterpreter: import it in the main interpreter");
    return nullptr;
}
