// Tensor.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/copy/copy.h"

namespace netlet::bindings {

namespace {

// Smaller copies are over before another Python thread has taken the GIL.
constexpr int64_t worth_releasing = 64 * 1024;  // bytes

// Runs op on an eager tape of its own, on x's device: nothing is recorded, and no gradient flows.
template <class Op> Tensor without_gil(const Tensor& x, Op op) {
    std::optional<GilReleased> nogil;
    if (x->bytes() >= worth_releasing) nogil.emplace();
    const DeviceScope there(x->device());
    Tape eager(Tape::Mode::eager);
    return op(eager);
}

// Copies values, cast to the dtype of `to`, between two devices. The cast runs on the host.
void copy_between_devices(const Tensor& from, const Tensor& to) {
    if (from->shape != to->shape)
        throw ValueError("assign: expected a value of shape " + to->shape.str() + ", received " + from->shape.str());
    const GilReleased nogil;
    const DeviceScope host({});
    Tape eager(Tape::Mode::eager);
    transfer(from->dtype == to->dtype ? from : ops::cast(eager, on_device(from, {}), to->dtype), to);
}

// For printing and for single numbers: halves as float32, so that bfloat16 needs no package.
py::array readable(const Tensor& t) {
    if (!is_half(t->dtype) || t->recorded()) return to_ndarray(t);
    return to_ndarray(without_gil(t, [&](Tape& eager) { return ops::cast(eager, t, DType::f32); }));
}

py::object to_array(const Tensor& t, const py::object& dtype, const py::object& copy) {
    const bool never = !copy.is_none() && !copy.cast<bool>();
    const bool converts = !dtype.is_none() && !t->recorded() && own_dtype(py::dtype::from_args(dtype)) != t->dtype;
    if (never && (converts || !t->device().is_cpu()))
        throw ValueError(std::string("Unable to avoid a copy of a tensor of dtype ") + name_of(t->dtype) + " on " +
                         t->device().str() + "; use copy=None to allow one");
    if (converts) return (t->dtype == DType::bf16 ? readable(t) : to_ndarray(t)).attr("astype")(dtype);
    py::object a = to_ndarray(t);
    return !copy.is_none() && !never ? a.attr("copy")() : a;
}

// The buffer protocol: NumPy exports the view. bfloat16 has no format there, and only the host's memory can be read.
int get_buffer(PyObject* self, Py_buffer* view, int flags) {
    view->obj = nullptr;
    try {
        const auto t = py::handle(self).cast<Tensor>();
        if (t->dtype != DType::bf16 && !t->recorded() && t->device().is_cpu())
            return PyObject_GetBuffer(to_ndarray(t).ptr(), view, flags);
        PyErr_Format(PyExc_BufferError,
                     "A Tensor has a buffer if it has a value in the host's memory of another dtype than "
                     "bfloat16; this one is %s",
                     t->recorded() ? "part of a recorded step"
                                   : (std::string(name_of(t->dtype)) + " on " + t->device().str()).c_str());
    } catch (py::error_already_set& e) {
        e.restore();
    } catch (const std::exception& e) {
        PyErr_SetString(PyExc_BufferError, e.what());
    }
    return -1;
}

void with_buffer(PyHeapTypeObject* type) {
    type->ht_type.tp_as_buffer = &type->as_buffer;
    type->as_buffer.bf_getbuffer = get_buffer;
}

constexpr const char* CLASS_DOC =
    R"(Numbers of one type in row-major order: a value, or inside a recorded step the promise of one.

Ops and layers return Tensors. Their operators and methods are NumPy's and call `netlet.ops`, so they are
differentiable and can be recorded. NumPy's functions take them as arrays, without a copy.

>>> import netlet
>>> x = netlet.ops.convert_to_tensor([[1.0, 2.0], [3.0, 4.0]])
>>> x.shape, x.dtype, (2 * x).sum(axis=0).tolist()
((2, 2), 'float32', [8.0, 12.0])
)";

}  // namespace

void bind_tensor(py::module_& m) {
    using namespace py::literals;
    // Lambdas, here and for the other classes: pybind11 calls a method pointer with address 0 where Python passes None.
    py::class_<TensorImpl, Tensor>(m, "Tensor", py::is_final(), py::custom_type_setup(with_buffer), CLASS_DOC)
        .def_property_readonly(
            "shape", [](const TensorImpl& t) { return t.shape; }, "The sizes of its axes, a tuple of integers.")
        .def_property_readonly(
            "dtype", [](const TensorImpl& t) { return t.dtype; }, "The name of its dtype, such as \"float32\".")
        .def_property_readonly(
            "ndim", [](const TensorImpl& t) { return t.shape.rank(); }, "The number of axes; 0 for a single number.")
        .def_property_readonly(
            "size", [](const TensorImpl& t) { return t.size(); }, "The number of elements.")
        .def_property_readonly(
            "nbytes", [](const TensorImpl& t) { return t.bytes(); }, "The number of bytes that its elements take.")
        .def_property_readonly(
            "device", [](const TensorImpl& t) { return t.device().str(); },
            "The name of the device whose memory holds it, such as \"cpu:0\".")
        .def_property_readonly(
            "recorded", [](const TensorImpl& t) { return t.recorded(); },
            "Whether it is part of a step that is being recorded, so that it has no values yet.")
        .def_property_readonly(
            "read_only", [](const TensorImpl& t) { return !t.recorded() && is_read_only(t); },
            "Whether NumPy sees it read-only: a Variable's value, or memory that may not be written.")
        .def_property_readonly(
            "address", [](const TensorImpl& t) { return t.recorded() ? 0 : (uintptr_t)t.data(); },
            "The address of its first element in the device's memory; 0 while a step is recorded.")
        .def_property(
            "requires_grad", [](const TensorImpl& t) -> bool { return t.requires_grad; },
            [](TensorImpl& t, bool value) { t.requires_grad = value; }, "Whether gradients are computed for it.")
        .def_property(
            "variable", [](const TensorImpl& t) -> bool { return t.variable; },
            [](TensorImpl& t, bool value) { t.variable = value; },
            "Whether this is a Variable's value: NumPy sees it read-only.")
        .def_property(
            "_keras_mask", [](const TensorImpl& t) { return t.mask; },
            // A view of the mask: it has no mask itself, so that no reference cycle can form.
            [](TensorImpl& t, const std::optional<StoredArg>& mask) {
                t.mask = mask ? Tape::current().view(mask->tensor, mask->tensor->shape) : nullptr;
            },
            "Which steps of a sequence count, or None. Layers hand it on; the result of an op has none.")
        .def(
            "numpy", [](const Tensor& t) { return to_ndarray(t); },
            "Returns the values as an ndarray that shares this tensor's memory; read-only if they are a Variable's.")
        .def(
            "writable", [](const Tensor& t) { return to_ndarray(t, true); },
            "Returns the same to write to, a Variable's too: plans no longer trust what they keep of it.")
        .def("__array__", &to_array, "dtype"_a = py::none(), "copy"_a = py::none())
        .def(
            "copy_from",
            [](const Tensor& t, const StoredArg& value) {
                if (t->recorded()) throw RuntimeError("copy_from: this tensor is part of a recorded step");
                if (!t->recorded() && t->buffer->read_only())
                    throw ValueError(
                        "copy_from: expected a tensor with memory of its own, received one that reads a "
                        "read-only array");
                if (t->device() != value->device()) return copy_between_devices(value, t);
                without_gil(t, [&](Tape& eager) {
                    ops::assign(eager, value, t);
                    return t;
                });
            },
            "value"_a,
            R"(Copies values in, cast to this tensor's dtype.

Args:
    value: array or Tensor of the same shape.

Raises:
    ValueError: another shape, or the tensor reads a read-only array.
    RuntimeError: the tensor is part of a recorded step.
)")
        .def("__len__",
             [](const TensorImpl& t) {
                 if (t.shape.rank() == 0) throw TypeError("len() of a 0-d tensor");
                 return t.shape[0];
             })
        .def(
            "item", [](const Tensor& t) { return readable(t).attr("item")(); },
            "Returns the only element as a Python number. Raises ValueError if there are several.")
        .def("__float__", [](const Tensor& t) { return py::float_(readable(t).attr("item")()); })
        .def("__int__", [](const Tensor& t) { return py::int_(readable(t).attr("item")()); })
        .def("__bool__", [](const Tensor& t) { return readable(t).attr("item")().cast<bool>(); })
        .def("__repr__", [](const Tensor& t) {
            std::string s = "<netlet.Tensor shape=" + t->shape.str() + " dtype=" + name_of(t->dtype);
            return s + (t->recorded() ? " recorded>" : "\n" + py::str(readable(t)).cast<std::string>() + ">");
        });

    m.def(
        "tensor",
        [](const StoredArg& x, const std::optional<DType>& dtype) {
            const OperandScope where_x_is;
            const DType wanted = dtype.value_or(x->dtype);
            const Tensor own = without_gil(x, [&](Tape& eager) {
                return wanted == x->dtype ? ops::identity(eager, x) : ops::cast(eager, unrounded(x), wanted);
            });
            return on_device(own, current_device());
        },
        "value"_a, "dtype"_a = py::none(), "A tensor with a copy of the values in memory of its own.");
    m.def(
        "as_tensor",
        [](const StoredArg& x) {
            const OperandScope taken;  // the note is not for the next op
            return x.tensor;
        },
        "value"_a, "The same values as a Tensor, borrowed where possible.");
    m.def("numpy_dtype", &to_numpy, "dtype"_a, "The NumPy dtype of that name; bfloat16's is that of ml_dtypes.");
    m.def(
        "empty", [](const Shape& shape, DType dtype) { return make_tensor(shape, dtype, current_device()); }, "shape"_a,
        "dtype"_a);
    m.def(
        "view",
        [](const Tensor& x, const Shape& shape, int64_t offset) {
            const int64_t size = (int64_t)size_of(x->dtype), bytes = x->bytes();
            if (offset < 0 || offset > bytes || shape.size() > (bytes - offset) / size)
                throw ValueError("view: expected a shape within the tensor's " + std::to_string(bytes) +
                                 " bytes, received " + shape.str() + " from byte " + std::to_string(offset) + " on");
            if (offset % size != 0)
                throw ValueError("view: expected an offset of whole elements, received " + std::to_string(offset));
            return Tape::current().view(x, shape, offset);
        },
        "x"_a, "shape"_a, "offset"_a = 0, "The bytes from `offset` on, as a tensor of this shape; no gradient flows.");
}

}  // namespace netlet::bindings
