// ops/shape, and indexing: x[index] becomes a slice, a reshape and at most one take.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/copy/copy.h"
#include "ops/index/index.h"
#include "ops/shape/shape.h"

namespace netlet::bindings {

namespace {

// Floating ndarrays together with Tensors take the Tensors' type (see bind_elementwise.cpp), halves that of the result.
std::vector<Tensor> tensors(const std::vector<StoredArg>& xs) {
    std::optional<DType> native;
    HalfOperands halves;
    halves.note(xs);
    for (const StoredArg& x : xs)
        if (x.native && has_gradient(x->dtype) && native != DType::f64) native = x->dtype;
    if (native && halves.any() && native != DType::f64) native = halves.result();
    Tape eager(Tape::Mode::eager);
    std::vector<Tensor> ts;
    for (const StoredArg& x : xs) {
        const bool gives_way = native && has_gradient(x->dtype) && (!x.native || halves.any());
        ts.push_back(gives_way ? ops::cast(x.native ? Tape::current() : eager, x, *native) : x.tensor);
    }
    return ts;
}

bool is_int(py::handle item) {
    return PyIndex_Check(item.ptr()) && !PyBool_Check(item.ptr()) && !py::hasattr(item, "__len__");
}

// An index, read item by item.
struct Index {
    std::vector<ops::Span> spans;  // one an axis of x
    Shape shape;                   // of the result, before a take
    std::optional<Arg> list;       // an array of positions ...
    int list_axis = 0;             // ... and the axis of `shape` that it selects from
};

Index read_index(const py::object& given, const Shape& x) {
    const py::tuple items = py::isinstance<py::tuple>(given) ? py::tuple(given) : py::make_tuple(given);
    int axes = 0, ellipses = 0, ints = 0;
    for (py::handle item : items) {
        ellipses += item.ptr() == Py_Ellipsis;
        axes += item.ptr() != Py_Ellipsis && !item.is_none();
        ints += is_int(item);
    }
    if (ellipses > 1) throw py::index_error("an index holds at most one Ellipsis");
    if (axes > x.rank())
        throw py::index_error("too many indices: " + std::to_string(axes) + " for a tensor of shape " + x.str());

    Index index;
    int axis = 0;
    auto whole = [&] {
        index.spans.push_back({0, 1, x[axis]});
        index.shape.push_back(x[axis++]);
    };
    for (py::handle item : items) {
        if (item.is_none())
            index.shape.push_back(1);
        else if (item.ptr() == Py_Ellipsis)
            for (int i = x.rank() - axes; i > 0; --i) whole();
        else if (py::isinstance<py::slice>(item)) {
            py::ssize_t start, stop, step, size;
            if (!py::reinterpret_borrow<py::slice>(item).compute(x[axis], &start, &stop, &step, &size))
                throw py::error_already_set();
            index.spans.push_back({start, step, size});
            index.shape.push_back(size);
            ++axis;
        } else if (is_int(item)) {
            const py::ssize_t at = PyNumber_AsSsize_t(item.ptr(), PyExc_IndexError);
            if (at == -1 && PyErr_Occurred()) throw py::error_already_set();
            if (at < -x[axis] || at >= x[axis])
                throw py::index_error("index " + std::to_string(at) + " is out of bounds for axis " +
                                      std::to_string(axis) + " with " + std::to_string(x[axis]) + " entries");
            index.spans.push_back({at < 0 ? at + x[axis] : at, 1, 1});
            ++axis;
        } else {
            if (index.list || ints > 0)
                throw TypeError("an index holds one array of positions and no integers beside it; use ops.take");
            index.list = to_arg(item);
            if (index.list->tensor->dtype == DType::boolean)
                throw TypeError(
                    "indexing with a boolean mask has a result whose shape depends on values; use ops.where");
            index.list_axis = index.shape.rank();
            whole();
        }
    }
    while (axis < x.rank()) whole();
    return index;
}

Tensor getitem(const StoredArg& x, const py::object& given) {
    const Index index = read_index(given, x->shape);
    const GilReleased nogil;
    Tape& tape = Tape::current();
    Tensor y = x;
    bool everything = true;
    for (int i = 0; i < x->shape.rank(); ++i) {
        const ops::Span& s = index.spans[(size_t)i];
        everything = everything && s.step == 1 && s.size == x->shape[i];
    }
    if (!everything) y = ops::slice(tape, y, index.spans);
    if (y->shape != index.shape) y = ops::reshape(tape, y, index.shape);
    if (index.list)
        y = ops::take(tape, y, *index.list, index.list_axis);
    else if (y == x.tensor)
        y = ops::identity(tape, y);
    return round_to(x.half, y);
}

}  // namespace

void bind_shape(py::module_& m) {
    using namespace py::literals;
    m.def("transpose", keeps_half([](const StoredArg& x, const std::vector<int>& axes) {
              return ops::transpose(Tape::current(), x, axes);
          }),
          "x"_a, "axes"_a = std::vector<int>(), NoGil());
    m.def("broadcast_to", keeps_half([](const StoredArg& x, const Shape& shape) {
              return ops::broadcast_to(Tape::current(), x, shape);
          }),
          "x"_a, "shape"_a, NoGil());
    m.def("concatenate", keeps_half([](const std::vector<StoredArg>& xs, int axis) {
              return ops::concatenate(Tape::current(), tensors(xs), axis);
          }),
          "xs"_a, "axis"_a = -1, NoGil());
    m.def("stack", keeps_half([](const std::vector<StoredArg>& xs, int axis) {
              return ops::stack(Tape::current(), tensors(xs), axis);
          }),
          "xs"_a, "axis"_a = 0, NoGil());
    m.def("split", keeps_half([](const StoredArg& x, const std::vector<int64_t>& ends, int axis) {
              return ops::split(Tape::current(), x, ends, axis);
          }),
          "x"_a, "ends"_a, "axis"_a = 0, NoGil(), "Parts that end before each of `ends`, and the rest.");
    m.def("expand_dims",
          keeps_half([](const StoredArg& x, int axis) { return ops::expand_dims(Tape::current(), x, axis); }), "x"_a,
          "axis"_a, NoGil());
    m.def("squeeze", keeps_half([](const StoredArg& x, const std::vector<int>& axes) {
              return ops::squeeze(Tape::current(), x, axes);
          }),
          "x"_a, "axes"_a = std::vector<int>(), NoGil());
    m.def("repeat", keeps_half([](const StoredArg& x, int64_t count, int axis) {
              return ops::repeat(Tape::current(), x, count, axis);
          }),
          "x"_a, "count"_a, "axis"_a, NoGil());
    m.def("tile", keeps_half([](const StoredArg& x, const std::vector<int64_t>& counts) {
              return ops::tile(Tape::current(), x, counts);
          }),
          "x"_a, "counts"_a, NoGil());
    m.def("pad",
          keeps_half([](const StoredArg& x, const std::vector<int64_t>& before, const std::vector<int64_t>& after,
                        double value) { return ops::pad(Tape::current(), x, before, after, value); }),
          "x"_a, "before"_a, "after"_a, "value"_a = 0.0, NoGil());
    m.def("slice_update", keeps_half([](const Arg& x, const std::vector<int64_t>& start, const Arg& updates) {
              return ops::slice_update(Tape::current(), x, start, updates);
          }),
          "x"_a, "start"_a, "updates"_a, NoGil());
    m.def("flip", keeps_half([](const StoredArg& x, const std::vector<int>& axes) {
              return ops::flip(Tape::current(), x, axes);
          }),
          "x"_a, "axes"_a, NoGil());
    m.def("getitem", &getitem, "x"_a, "index"_a,
          "x[index] for integers, slices, None, Ellipsis and one array of integers.");
}

}  // namespace netlet::bindings
