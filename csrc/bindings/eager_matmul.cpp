#include "bindings/eager_matmul.h"

#include "bindings/array_view.h"
#include "bindings/python_error.h"
#include "ops/gemm/gemm.h"
#include "ops/gemm/gemm_choice.h"
#include "plan/guarded_launch.h"

namespace netlet::bindings {

namespace {

using py::detail::npy_api;
using py::detail::PyArray_Proxy;

// Products of fewer multiply-adds than this are over before another Python thread has taken the GIL.
constexpr int64_t worth_releasing = 64 * 1024;

// An operand in place: element (i, j) is data[i*ld + j], or data[j*ld + i] if transposed. ld 0: contiguous.
struct Matrix {
    const void* data;
    int64_t rows, columns, ld;
    bool transposed;
};

// False where the array is no matrix that the kernels can read in place.
bool describe(const PyArray_Proxy& a, int64_t item, bool vector_is_row, Matrix& m) {
    if (a.nd < 1 || a.nd > 2 || !(a.flags & npy_api::NPY_ARRAY_ALIGNED_)) return false;
    const bool row = a.nd == 1 && vector_is_row, column = a.nd == 1 && !vector_is_row;
    m = {a.data, row ? 1 : a.dimensions[0], column ? 1 : a.dimensions[a.nd - 1], 0, false};
    if (m.rows == 0 || m.columns == 0) return false;
    int64_t down = row ? 0 : a.strides[0], along = column ? 0 : a.strides[a.nd - 1];
    if (down < 0 || along < 0 || down % item || along % item) return false;
    down /= item;
    along /= item;
    if (m.columns == 1 || along == 1) {
        if (m.rows > 1 && down < m.columns) return false;
        m.ld = m.rows == 1 || down == m.columns ? 0 : down;
        return true;
    }
    m.transposed = true;
    if ((m.rows > 1 && down != 1) || along < m.rows) return false;
    m.ld = along == m.rows ? 0 : along;
    return true;
}

void transpose(Matrix& m) {
    std::swap(m.rows, m.columns);
    m.transposed = true;
}

// From the first element to the last.
int64_t elements_spanned(const Matrix& m) {
    const int64_t lines = m.transposed ? m.columns : m.rows, length = m.transposed ? m.rows : m.columns;
    return (lines - 1) * (m.ld ? m.ld : length) + length;
}

// A tensor without memory of its own, reused for each operand: making one would take as long as a small product.
const Tensor& pointed_at(const Tensor& t, DType dtype, const void* data) {
    t->dtype = dtype;
    t->buffer->point_at(const_cast<void*>(data));
    return t;
}

Tensor unbound() {
    auto t = std::make_shared<TensorImpl>();
    t->buffer = Buffer::borrow(nullptr, 0, [](void*) {}, nullptr);
    return t;
}

void multiply(const Matrix& a, const Matrix& b, DType dtype, void* result) {
    thread_local const Tensor left = unbound(), right = unbound(), product = unbound();
    ops::Gemm g{.a = pointed_at(left, dtype, a.data),
                .b = pointed_at(right, dtype, b.data),
                .c = pointed_at(product, dtype, result),
                .M = a.rows,
                .N = b.columns,
                .K = a.columns,
                .a_transposed = a.transposed,
                .b_transposed = b.transposed};
    g.lda = a.ld;
    g.ldb = b.ld;
    if (launches_are_guarded.load(std::memory_order_relaxed)) {  // nobody else asks for these shapes
        left->shape = {elements_spanned(a)};
        right->shape = {elements_spanned(b)};
        product->shape = {a.rows * b.columns};
    }
    ops::emit_gemm(Tape::current(), g);
}

// The product; null without a Python error set if the general function has to handle the operands.
PyObject* product(PyObject* x, PyObject* y, bool transpose_x, bool transpose_y) {
    const npy_api& numpy = npy_api::get();
    if (Py_TYPE(x) != numpy.PyArray_Type_ || Py_TYPE(y) != numpy.PyArray_Type_ || !Tape::outside() ||
        !current_device().is_cpu())
        return nullptr;
    const PyArray_Proxy &p = *py::detail::array_proxy(x), &q = *py::detail::array_proxy(y);
    const auto* kind = py::detail::array_descriptor_proxy(p.descr);
    if (p.descr != q.descr || kind->byteorder != '=' ||
        (kind->type_num != npy_api::NPY_FLOAT_ && kind->type_num != npy_api::NPY_DOUBLE_))
        return nullptr;
    const DType dtype = kind->type_num == npy_api::NPY_FLOAT_ ? DType::f32 : DType::f64;
    const auto item = (int64_t)size_of(dtype);
    Matrix a, b;
    if (!describe(p, item, true, a) || !describe(q, item, false, b)) return nullptr;
    // The bits must not depend on NumPy's memory layout: where they would, the general function copies the operands.
    if (ops::order_depends_on_layout(a.rows, b.columns) && (a.transposed || b.transposed || (b.columns == 1 && b.ld)))
        return nullptr;

    if (transpose_x || transpose_y) {
        if (p.nd != 2 || q.nd != 2 || a.transposed || b.transposed || a.ld || b.ld) return nullptr;
        if (transpose_x) transpose(a);
        if (transpose_y) transpose(b);
    }
    if (a.columns != b.rows) return nullptr;

    Shape shape;
    if (p.nd == 2) shape.push_back(a.rows);
    if (q.nd == 2) shape.push_back(b.columns);
    try {
        Tensor result = make_tensor(shape, dtype);
        void* data = result->data();
        if (a.rows * b.columns * a.columns < worth_releasing) {
            multiply(a, b, dtype, data);
        } else {
            const GilReleased nogil;
            multiply(a, b, dtype, data);
        }
        return py::cast(std::move(result)).release().ptr();
    } catch (py::error_already_set& e) {
        e.restore();
        return nullptr;
    } catch (const std::exception& e) {
        set_python_error(e);
        return nullptr;
    }
}

PyObject* call(PyObject* general, PyObject* const* args, Py_ssize_t count, PyObject* names) {
    const bool flags = count == 4 && PyBool_Check(args[2]) && PyBool_Check(args[3]);
    if ((count == 2 || flags) && !names) {
        PyObject* result = product(args[0], args[1], flags && args[2] == Py_True, flags && args[3] == Py_True);
        if (result || PyErr_Occurred()) return result;
    }
    return PyObject_Vectorcall(general, args, (size_t)count, names);
}

}  // namespace

void install_eager_matmul(py::module_& m) {
    const py::object general = m.attr("matmul");
    // Never destroyed: Python keeps pointers to both until the process ends.
    static const auto& doc = *new std::string(py::str(general.attr("__doc__")));
    static PyMethodDef method = {"matmul", (PyCFunction)(void (*)())call, METH_FASTCALL | METH_KEYWORDS, doc.c_str()};
    m.attr("matmul") =
        py::reinterpret_steal<py::object>(PyCFunction_NewEx(&method, general.ptr(), m.attr("__name__").ptr()));
}

}  // namespace netlet::bindings
