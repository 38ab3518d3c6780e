#include "bindings/array_view.h"

#include <atomic>
#include <utility>

#include "bindings/dlpack.h"
#include "ops/copy/copy.h"

namespace netlet::bindings {

std::optional<DType> own_dtype(const py::dtype& d) {
    if (d.byteorder() == '>') return std::nullopt;  // big-endian on the machines we run on
    switch (d.kind()) {
        case 'f':
            return d.itemsize() == 4   ? std::optional(DType::f32)
                   : d.itemsize() == 8 ? std::optional(DType::f64)
                   : d.itemsize() == 2 ? std::optional(DType::f16)
                                       : std::nullopt;
        case 'i':
            return d.itemsize() == 1   ? std::optional(DType::i8)
                   : d.itemsize() == 4 ? std::optional(DType::i32)
                   : d.itemsize() == 8 ? std::optional(DType::i64)
                                       : std::nullopt;
        case 'u': return d.itemsize() == 1 ? std::optional(DType::u8) : std::nullopt;
        case 'b': return DType::boolean;
        case 'V':  // how ml_dtypes' types present themselves
            return d.attr("name").cast<std::string>() == "bfloat16" ? std::optional(DType::bf16) : std::nullopt;
        default: return std::nullopt;
    }
}

namespace {

// The netlet dtype that holds the values of an unsupported NumPy dtype.
DType nearest_dtype(const py::dtype& d) {
    if (auto own = own_dtype(d.attr("newbyteorder")("=").cast<py::dtype>())) return *own;
    switch (d.kind()) {
        case 'f': return DType::f64;
        case 'i': return DType::i32;
        case 'u': return d.itemsize() == 2 ? DType::i32 : DType::i64;
        default:
            throw TypeError("expected an array of numbers, received dtype " + py::str(d).cast<std::string>() +
                            (d.kind() == 'O' ? " (rows of different lengths, or Python objects?)" : ""));
    }
}

// Drops the reference to an array. The GIL is nearly always held already, and checking is cheaper than taking it again.
void release(void* owner) {
    if (!Py_IsInitialized()) return;
    if (PyGILState_Check()) {
        Py_DECREF(static_cast<PyObject*>(owner));
        return;
    }
    const GilTaken gil;
    Py_DECREF(static_cast<PyObject*>(owner));
}

Tensor borrow(const py::array& a, DType dtype) {
    auto t = std::make_shared<TensorImpl>();
    for (py::ssize_t i = 0; i < a.ndim(); ++i) t->shape.push_back(a.shape(i));
    t->dtype = dtype;
    PyObject* owner = a.ptr();
    Py_INCREF(owner);
    t->buffer = Buffer::borrow(const_cast<void*>(a.data()), (size_t)a.nbytes(), release, owner);
    if (!a.writeable()) t->buffer->forbid_writing();
    return t;
}

bool usable_as_is(const py::array& a) {
    constexpr int wanted = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    return (a.flags() & wanted) == wanted;
}

Tensor from_ndarray(py::array a) {
    const auto own = own_dtype(a.dtype());
    const DType dtype = own ? *own : nearest_dtype(a.dtype());
    if (!own || !usable_as_is(a)) {
        auto converted = py::module_::import("numpy").attr("require")(a, to_numpy(dtype), py::make_tuple("C", "A"));
        // uint64 beyond int64 would silently wrap to negative numbers.
        if (a.dtype().kind() == 'u' && a.dtype().itemsize() == 8 && a.size() > 0 &&
            py::module_::import("numpy").attr("max")(a).cast<uint64_t>() > (uint64_t)INT64_MAX)
            throw ValueError("expected values within int64, received a uint64 array with larger ones");
        a = converted.cast<py::array>();
    }
    return borrow(a, dtype);
}

}  // namespace

int64_t to_int64(py::handle object) {
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(object.ptr()));  // TypeError: not an integer
    if (!index) throw py::error_already_set();
    int overflow = 0;
    const int64_t value = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
    if (overflow == 0) return value;
    PyErr_SetString(PyExc_OverflowError,
                    ("expected an integer within int64, received " + py::repr(index).cast<std::string>()).c_str());
    throw py::error_already_set();
}

namespace {

// Layers in progress, of all threads, that compute in a half: spares other calls the access to a thread_local.
std::atomic<int> autocasts{0};
thread_local DType own_autocast = DType::f32;

Arg native(Tensor t, bool autocast = true) {
    if (gpus_loaded.load(std::memory_order_relaxed)) note_operand(t->device());
    DType half = is_half(t->dtype) ? t->dtype : DType::f32;
    if (autocast && autocasts.load(std::memory_order_relaxed) && t->variable && is_floating(t->dtype))
        half = own_autocast;
    return {std::move(t), true, std::nullopt, half};
}

Arg foreign(Tensor t) {
    if (gpus_loaded.load(std::memory_order_relaxed)) note_operand(t->device());
    const DType half = is_half(t->dtype) ? t->dtype : DType::f32;
    return {std::move(t), false, std::nullopt, half};
}

Arg from_array(const py::array& a) { return foreign(from_ndarray(a)); }

// What NumPy makes of an object, else an error with NumPy's reason.
Arg from_anything(py::handle object) {
    py::array a;
    try {
        a = py::array(py::reinterpret_borrow<py::object>(object));
    } catch (py::error_already_set& e) {
        const bool has_reason = py::hasattr(object, "__array__");
        throw TypeError("expected an array, a Tensor or a number, received " +
                        std::string(Py_TYPE(object.ptr())->tp_name) +
                        (has_reason ? ": " + py::str(e.value()).cast<std::string>() : ""));
    }
    return from_array(a);
}

// An array of another library. Some export only some of their arrays by DLPack, and all to NumPy (PyArrow).
Arg from_producer(py::handle object) {
    if (!py::hasattr(object, "__array__")) return foreign(dlpack::imported(object).tensor);
    try {
        return foreign(dlpack::imported(object).tensor);
    } catch (py::error_already_set&) {
    } catch (Error&) {
    }
    return from_anything(object);
}

// Calls fn(item) for each item of a sequence, which may create its items on access. pybind11's iterator would go on
// after an exception of the sequence's __len__.
template <class Fn> void for_each_item(py::handle object, Fn&& fn) {
    const auto sequence = py::reinterpret_borrow<py::sequence>(object);
    const size_t count = sequence.size();
    for (size_t i = 0; i < count; ++i) fn(py::object(sequence[i]));
}

}  // namespace

Arg to_arg(py::handle object) {
    PyObject* p = object.ptr();
    if (py::isinstance<py::array>(object)) return from_array(py::reinterpret_borrow<py::array>(object));
    if (py::isinstance<TensorImpl>(object)) return native(object.cast<Tensor>());
    if (PyFloat_CheckExact(p) || PyLong_CheckExact(p) || PyBool_Check(p)) {
        const Number number = PyBool_Check(p)        ? Number(p == Py_True)
                              : PyLong_CheckExact(p) ? Number(to_int64(object))
                                                     : Number(PyFloat_AS_DOUBLE(p));
        return {number_as(number, lone_dtype(number)), false, number, DType::f32};
    }
    if (py::hasattr(object, "_tensor")) {
        const bool autocast =
            own_autocast == DType::f32 || py::getattr(object, "autocast", py::none()).is(py::bool_(true));
        return native(object.attr("_tensor").cast<Tensor>(), autocast);
    }
    if (py::hasattr(object, "_symbolic")) throw SymbolicArgument("a symbolic tensor");
    if (py::hasattr(object, "__dlpack__")) return from_producer(object);
    if (PySequence_Check(p) && !PyUnicode_Check(p) && !PyBytes_Check(p) && !py::hasattr(object, "__array__")) {
        // Objects with a buffer (array.array, memoryview) keep their dtype.
        const bool typed = PyObject_CheckBuffer(p);
        // A list that holds symbolic tensors is symbolic; one of Tensors becomes an array of their values.
        if (!typed)
            for_each_item(object, [](const py::object& item) {
                if (py::hasattr(item, "_symbolic")) throw SymbolicArgument("a list of symbolic tensors");
            });
        auto a = py::module_::import("numpy").attr("asarray")(object).cast<py::array>();
        // Python floats mean the default float type, not NumPy's double.
        if (!typed && a.dtype().kind() == 'f' && a.dtype().itemsize() == 8)
            a = a.attr("astype")("float32").cast<py::array>();
        return from_array(a);
    }
    return from_anything(object);
}

DType lone_dtype(const Number& n) {
    if (const int64_t* i = std::get_if<int64_t>(&n)) return *i == (int32_t)*i ? DType::i32 : DType::i64;
    return std::holds_alternative<bool>(n) ? DType::boolean : DType::f32;
}

namespace {

template <class T> Tensor scalar(DType dtype, T value) {
    Tensor t = make_tensor({}, dtype);
    *t->data<T>() = value;
    return t;
}

Tensor unrounded(const Number& n) {
    if (const bool* b = std::get_if<bool>(&n)) return scalar(DType::boolean, *b);
    if (const int64_t* i = std::get_if<int64_t>(&n)) return scalar(DType::i64, *i);
    return scalar(DType::f64, std::get<double>(n));
}

}  // namespace

Tensor number_as(const Number& n, DType dtype) {
    if (dtype == DType::f32)  // the usual case: spares the cast
        return std::visit([](auto value) { return scalar(DType::f32, (float)value); }, n);
    const Tensor exact = unrounded(n);
    if (exact->dtype == dtype) return exact;
    const DeviceScope there(exact->device());
    Tape eager(Tape::Mode::eager);
    return ops::cast(eager, exact, dtype);
}

Tensor unrounded(const Arg& a) { return a.number ? unrounded(*a.number) : a.tensor; }

Arg in_float32(Arg a) {
    if (!is_half(a->dtype)) return a;
    const GilReleased nogil;
    {
        const OperandScope there;
        // An array has its values also while a step is recorded, and the caller may round them again.
        Tape eager(Tape::Mode::eager);
        a.tensor = ops::cast(a.native ? Tape::current() : eager, a.tensor, DType::f32);
    }
    note_operand(a->device());
    return a;
}

DType autocast_dtype() { return own_autocast; }

DType set_autocast_dtype(DType half) {
    const DType previous = std::exchange(own_autocast, half);
    autocasts += (int)is_half(half) - (int)is_half(previous);
    return previous;
}

bool is_read_only(const TensorImpl& t) { return t.variable || t.buffer->read_only(); }

py::array to_ndarray(const Tensor& t, bool writable) {
    if (t->recorded()) {
        if (const Tensor known = Tape::current().known_value(t)) return to_ndarray(known);
        throw RuntimeError(
            "this tensor is part of a recorded step and has no value yet: NumPy cannot be used on it inside call(); "
            "use netlet.ops (or give the layer compute_output_shape and compile the model with run_eagerly=True)");
    }
    if (!t->device().is_cpu()) {
        if (writable) throw RuntimeError("expected a value in the host's memory, received one on " + t->device().str());
        Tensor copy;
        {
            const GilReleased nogil;
            copy = on_device(t, Device{});
        }
        return to_ndarray(copy);
    }
    auto* keep = new std::shared_ptr<Buffer>(t->buffer);
    py::capsule owner(keep, [](void* p) { delete static_cast<std::shared_ptr<Buffer>*>(p); });
    py::array a(to_numpy(t->dtype), std::vector<py::ssize_t>(t->shape.begin(), t->shape.end()), t->data(), owner);
    if (t->buffer->read_only() || (t->variable && !writable))
        py::detail::array_proxy(a.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
    else
        t->buffer->expose();
    return a;
}

namespace {

// NumPy has no bfloat16 of its own.
py::dtype bfloat16() {
    try {
        return py::dtype::from_args(py::module_::import("ml_dtypes").attr("bfloat16"));
    } catch (py::error_already_set& e) {
        if (!e.matches(PyExc_ImportError)) throw;
        py::raise_from(e, PyExc_ImportError,
                       "bfloat16 numbers become a NumPy array by means of the package ml_dtypes: install "
                       "'netlet[bfloat16]', or cast to float32 first");
        throw py::error_already_set();
    }
}

}  // namespace

py::dtype to_numpy(DType t) {
    switch (t) {
        case DType::f32: return py::dtype::of<float>();
        case DType::f64: return py::dtype::of<double>();
        case DType::f16: return py::dtype("float16");
        case DType::bf16: return bfloat16();
        case DType::i8: return py::dtype::of<int8_t>();
        case DType::u8: return py::dtype::of<uint8_t>();
        case DType::i32: return py::dtype::of<int32_t>();
        case DType::i64: return py::dtype::of<int64_t>();
        default: return py::dtype::of<bool>();
    }
}

DType to_dtype(py::handle object) {
    if (PyUnicode_Check(object.ptr()) && object.cast<std::string_view>() == "bfloat16") return DType::bf16;
    auto d = py::module_::import("numpy").attr("dtype")(object).cast<py::dtype>();
    if (auto own = own_dtype(d)) return *own;
    throw TypeError("unsupported dtype " + py::str(d).cast<std::string>() +
                    ": expected float32, float64, float16, bfloat16, int8, uint8, int32, int64 or bool");
}

Shape to_shape(py::handle object) {
    Shape s;
    if (PyIndex_Check(object.ptr()) && !py::hasattr(object, "__len__")) {
        s.push_back(to_int64(object));
        return s;
    }
    if (!PySequence_Check(object.ptr()))
        throw TypeError("expected a shape (an integer or a sequence of integers), received " +
                        std::string(Py_TYPE(object.ptr())->tp_name));
    for_each_item(object, [&](const py::object& size) { s.push_back(to_int64(size)); });
    return s;
}

py::tuple from_shape(const Shape& s) {
    py::tuple t((size_t)s.rank());
    for (int i = 0; i < s.rank(); ++i) t[(size_t)i] = s[i];
    return t;
}

}  // namespace netlet::bindings
