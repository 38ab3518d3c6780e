// netlet._core: the contents page of the native core.
#include "base/error.h"
#include "bindings/array_view.h"
#include "bindings/bindings.h"

namespace netlet::bindings {

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
    m.doc() = "netlet's native core. Private: use netlet.ops, netlet.layers and netlet.Sequential.";

    // Our errors are Python's own: nobody has to import anything to catch them.
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const ValueError& e) {
            PyErr_SetString(PyExc_ValueError, e.what());
        } catch (const TypeError& e) {
            PyErr_SetString(PyExc_TypeError, e.what());
        } catch (const RuntimeError& e) {
            PyErr_SetString(PyExc_RuntimeError, e.what());
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
