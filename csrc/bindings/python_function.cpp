#include "bindings/python_function.h"

#include <utility>

#include "plan/record.h"

namespace netlet::bindings {

namespace {

void drop(PyObject* object) {
    if (!Py_IsInitialized()) return;
    if (PyGILState_Check()) {
        Py_DECREF(object);
        return;
    }
    const GilTaken gil;
    Py_DECREF(object);
}

// The exception of the last function that failed during a run on this thread. The GIL protects its reference count;
// there is no destructor, because a thread may end without the GIL.
thread_local PyObject* host_call_error = nullptr;

}  // namespace

PythonFunction::PythonFunction(const py::object& fn) : fn_(py::object(fn).release().ptr(), drop) {
    if (!PyCallable_Check(fn_.get()))
        throw TypeError("expected a function, received " + std::string(Py_TYPE(fn_.get())->tp_name));
}

py::object PythonFunction::operator()(const py::tuple& args) const {
    // See gil.h: while Python shuts down, it may end this thread as the function asks for the GIL.
    PyObject* result = take_gil([&] { return PyObject_CallObject(fn_.get(), args.ptr()); });
    if (!result) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(result);
}

void keep_host_call_error() {
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (trace) PyException_SetTraceback(value, trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
    Py_XDECREF(std::exchange(host_call_error, value));
}

void forget_host_call_error() { Py_CLEAR(host_call_error); }

void raise_from_host_call(const Record& record) {
    if (!host_call_error) return;
    const auto error = py::reinterpret_steal<py::object>(std::exchange(host_call_error, nullptr));
    if (py::hasattr(error, "add_note"))
        error.attr("add_note")("raised by " + std::string(record.kernel.name) + " in a recorded step" +
                               (record.scope.empty() ? "" : ", layer '" + record.scope + "'"));
    PyErr_Restore(py::type::of(error).inc_ref().ptr(), error.inc_ref().ptr(), PyException_GetTraceback(error.ptr()));
    throw py::error_already_set();
}

}  // namespace netlet::bindings
