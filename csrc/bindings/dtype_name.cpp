#include "bindings/dtype_name.h"

#include <array>

#include "bindings/bindings.h"

namespace netlet::bindings {

namespace py = pybind11;

namespace {

// "float32" == np.float32 is False for a plain str, so that a script that compares dtypes this way would silently fail.
PyObject* compare(PyObject* self, PyObject* other, int how) {
    if (PyUnicode_Check(other) || (how != Py_EQ && how != Py_NE))
        return PyUnicode_Type.tp_richcompare(self, other, how);
    const bool is_type = PyType_Check(other);
    if (!is_type && !PyObject_HasAttrString(other, "itemsize")) Py_RETURN_NOTIMPLEMENTED;
    try {
        py::object dtype = py::module_::import("numpy").attr("dtype")(py::reinterpret_borrow<py::object>(other));
        return PyUnicode_Type.tp_richcompare(self, py::object(dtype.attr("name")).ptr(), how);
    } catch (py::error_already_set& e) {
        if (!e.matches(PyExc_TypeError)) {
            e.restore();
            return nullptr;
        }
        Py_RETURN_NOTIMPLEMENTED;
    }
}

Py_hash_t hash(PyObject* self) { return PyUnicode_Type.tp_hash(self); }

PyObject* name(PyObject* self, void*) { return PyUnicode_FromObject(self); }

PyTypeObject* made_type() {
    static PyGetSetDef properties[] = {{"name", name, nullptr, "The name as a plain str.", nullptr}, {}};
    static PyType_Slot slots[] = {
        {Py_tp_richcompare, (void*)compare},
        {Py_tp_hash, (void*)hash},
        {Py_tp_getset, properties},
        {Py_tp_doc, (void*)"A dtype's name: equal to the str, and to NumPy's dtype and scalar type of that name."},
        {0, nullptr},
    };
    static PyType_Spec spec = {"netlet._core._DTypeName", 0, 0, Py_TPFLAGS_DEFAULT, slots};
    const py::tuple bases = py::make_tuple(py::reinterpret_borrow<py::object>((PyObject*)&PyUnicode_Type));
    PyObject* type = PyType_FromSpecWithBases(&spec, bases.ptr());
    if (!type) throw py::error_already_set();
    return (PyTypeObject*)type;
}

std::array<PyObject*, 16> names{};  // one per dtype, never freed

}  // namespace

void bind_dtype_name(py::module_& m) {
    const py::object type = py::reinterpret_steal<py::object>((PyObject*)made_type());
    for (DType t : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8, DType::u8, DType::i32, DType::i64,
                    DType::boolean})
        names.at((size_t)t) = type(name_of(t)).release().ptr();
    m.attr("_DTypeName") = type;
}

py::handle dtype_name(DType t) { return py::handle(names[(size_t)t]).inc_ref(); }

}  // namespace netlet::bindings
