// Functions of Python as a step of a plan (host_call) and as the gradient of an op (custom_backward).
#include <algorithm>
#include <cstring>

#include "bindings/bindings.h"
#include "bindings/python_error.h"
#include "bindings/python_function.h"
#include "ops/copy/copy.h"
#include "plan/host_call.h"
#include "plan/silence.h"

namespace netlet::bindings {

namespace {

struct ArraySpec {
    Shape shape;
    DType dtype;
};
using ArraySpecs = std::vector<ArraySpec>;

std::vector<py::ssize_t> extents(const Shape& shape) { return {shape.begin(), shape.end()}; }

py::array read_only(py::array a) {
    py::detail::array_proxy(a.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
    return a;
}

// The items of what the function returned: one array, or a tuple or list of them.
std::vector<py::object> items_of(const std::string& name, const py::object& result, size_t expected) {
    std::vector<py::object> items;
    if (py::isinstance<py::tuple>(result) || py::isinstance<py::list>(result))
        for (const py::handle item : result) items.push_back(py::reinterpret_borrow<py::object>(item));
    else
        items.push_back(result);
    if (items.size() != expected)
        throw ValueError(name + ": expected " + std::to_string(expected) + " results, received " +
                         std::to_string(items.size()));
    return items;
}

// Calls the function and copies its results to `outputs`. Throws if it raises, or if a result is of another kind.
void call_on_arrays(const PythonFunction& fn, const std::string& name, const py::tuple& arrays, const ArraySpecs& specs,
                    void* const* outputs) {
    const py::object result = fn(arrays);
    const auto items = items_of(name, result, specs.size());
    for (size_t i = 0; i < specs.size(); ++i) {
        const py::array a = py::array::ensure(items[i], py::array::c_style);
        const auto& [shape, dtype] = specs[i];
        bool fits = a && a.dtype().equal(to_numpy(dtype)) && a.ndim() == shape.rank();
        for (int axis = 0; fits && axis < shape.rank(); ++axis) fits = a.shape(axis) == shape[axis];
        if (!fits)
            throw ValueError(name + ": expected result " + std::to_string(i) + " of shape " + shape.str() + " and " +
                             name_of(dtype) + ", received " +
                             (a ? "shape " + py::str(a.attr("shape")).cast<std::string>() + " and " +
                                      py::str(a.dtype()).cast<std::string>()
                                : std::string(Py_TYPE(items[i].ptr())->tp_name)));
        std::memcpy(outputs[i], a.data(), (size_t)a.nbytes());
    }
}

// The function as a step of a plan. It receives copies of the inputs: a traceback or the function itself may hold an
// array longer than the plan exists.
HostCall recorded_call(const PythonFunction& fn, const std::string& name, ArraySpecs inputs, ArraySpecs outputs) {
    auto run = [fn, name, inputs = std::move(inputs), outputs = std::move(outputs)](const void* const* x,
                                                                                    void* const* y) {
        const GilTaken gil;
        try {
            py::tuple arrays(inputs.size());
            for (size_t i = 0; i < inputs.size(); ++i)
                arrays[i] = read_only(py::array(to_numpy(inputs[i].dtype), extents(inputs[i].shape), x[i]));
            call_on_arrays(fn, name, arrays, outputs, y);
            return true;
        } catch (py::error_already_set& e) {
            e.restore();
        } catch (const std::exception& e) {
            set_python_error(e);
        }
        keep_host_call_error();
        return false;
    };
    return {"host_call:" + name, std::move(run), fn.get()};
}

// Runs the function now.
Tensors call_now(const PythonFunction& fn, const std::string& name, const Tensors& inputs, const ArraySpecs& specs) {
    py::tuple arrays(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
        const auto view = std::make_shared<TensorImpl>(*inputs[i]);
        view->variable = true;  // NumPy sees it read-only
        view->mask = nullptr;
        arrays[i] = read_only(to_ndarray(view));
    }
    Tensors results;
    std::vector<void*> memory;
    for (const ArraySpec& spec : specs) {
        results.push_back(make_tensor(spec.shape, spec.dtype));
        memory.push_back(results.back()->data());
    }
    call_on_arrays(fn, name, arrays, specs, memory.data());
    const Tape& tape = Tape::current();
    if (tape.on_gpu()) {
        const GilReleased nogil;
        for (Tensor& y : results) y = on_device(y, tape.device());
    }
    return results;
}

Tensors host_call(const py::object& fn, const std::vector<Arg>& inputs,
                  const std::vector<std::pair<Shape, DType>>& outputs, const std::string& name) {
    const OperandScope there;
    Tape& tape = Tape::current();
    ArraySpecs specs;
    for (const auto& [shape, dtype] : outputs) specs.push_back({shape, dtype});
    Tensors x(inputs.begin(), inputs.end());
    if (!tape.recording()) return call_now(PythonFunction(fn), name, x, specs);
    ArraySpecs taken;
    Tensors y;
    for (const Tensor& t : x) taken.push_back({t->shape, t->dtype});
    for (const ArraySpec& spec : specs) y.push_back(tape.empty(spec.shape, spec.dtype));
    record_host_call(tape, recorded_call(PythonFunction(fn), name, taken, specs), x, y);
    return y;
}

bool share_memory(const Tensor& a, const Tensor& b) {
    return a->recorded() ? a->slot == b->slot : a->buffer == b->buffer;
}

// Whether y is nothing but the result of the ops that a custom gradient replaces.
bool is_own_result(const Tensor& y, const Tensors& inputs, const Tensors& before) {
    auto shares = [&](const Tensor& x) { return share_memory(x, y); };
    return !y->variable && !y->requires_grad && std::none_of(inputs.begin(), inputs.end(), shares) &&
           std::find(before.begin(), before.end(), y) == before.end();
}

// The gradients that fn returns for these gradients of the outputs, one for each input; null for None.
Tensors call_gradient(Tape& tape, const PythonFunction& fn, const std::string& name, const Tensors& inputs,
                      const std::vector<int>& places, const Grads& dy) {
    std::vector<std::optional<Arg>> returned;
    {
        const GilTaken gil;
        py::tuple args(places.size());
        for (size_t i = 0; i < places.size(); ++i) {
            const Tensor d = places[i] < 0 ? nullptr : dy[(size_t)places[i]];
            args[i] = d ? py::cast(d) : py::none();
        }
        returned = fn(args).cast<std::vector<std::optional<Arg>>>();
        const OperandScope taken;  // the note is not for the next op
    }
    if (returned.size() != inputs.size())
        throw ValueError(name + ": expected a gradient for each of " + std::to_string(inputs.size()) +
                         " arguments, received " + std::to_string(returned.size()));
    Tensors dx(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (!returned[i] || !tape.wants(inputs[i]) || !has_gradient(inputs[i]->dtype)) continue;
        const Tensor& d = returned[i]->tensor;
        if (d->shape != inputs[i]->shape)
            throw ValueError(name + ": expected a gradient of shape " + inputs[i]->shape.str() + " for argument " +
                             std::to_string(i) + ", received shape " + d->shape.str());
        dx[i] = ops::cast(tape, d, gradient_dtype(inputs[i]->dtype));
    }
    return dx;
}

// A list of tensors as a function of Python may return it.
using MaybeTensors = std::vector<std::optional<Tensor>>;

Tensors all_given(const MaybeTensors& tensors, const std::string& name) {
    Tensors given;
    for (const auto& t : tensors) {
        if (!t) throw TypeError(name + ": expected tensors, received None");
        given.push_back(*t);
    }
    return given;
}

// Makes fn the gradient of `outputs`. Returns them, copies of those that are inputs or other ops' results.
Tensors custom_backward(const MaybeTensors& from, const MaybeTensors& made, const py::object& fn,
                        const std::optional<py::object>& higher, const std::string& name) {
    const Tensors inputs = all_given(from, name), outputs = all_given(made, name);
    Tape& tape = Tape::current();
    const bool needed = std::any_of(inputs.begin(), inputs.end(), [&](auto& x) { return tape.needs_grad({x}); });
    if (!needed) return outputs;
    Tensors results, of_step;
    std::vector<int> places;  // index among the outputs that gradients flow into, or -1
    {
        const Silence silence(tape);
        const GilReleased nogil;
        for (const Tensor& y : outputs) {
            results.push_back(is_own_result(y, inputs, results) ? y : ops::identity(tape, y));
            const bool flows = has_gradient(y->dtype);
            places.push_back(flows ? (int)of_step.size() : -1);
            if (flows) of_step.push_back(results.back());
        }
    }
    const PythonFunction first(fn), again(higher ? *higher : fn);
    tape.on_backward(
        inputs, of_step,
        [=](Tape& tape, const Grads& dy) {
            const Tensors dx = call_gradient(tape, first, name, inputs, places, dy);
            for (size_t i = 0; i < dx.size(); ++i)
                if (dx[i]) ops::accumulate(tape, dx[i], tape.grad(inputs[i]));
        },
        [=](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
            return call_gradient(tape, again, name, x, places, dy);
        });
    return results;
}

}  // namespace

void bind_python_function(py::module_& m) {
    using namespace py::literals;
    m.def("host_call", &host_call, "fn"_a, "inputs"_a, "outputs"_a, "name"_a,
          "fn of NumPy arrays that returns arrays of these (shape, dtype): now, or in each run of the recorded step.");
    m.def(
        "without_gradient",
        [](const py::object& fn) {
            const PythonFunction call(fn);
            const Silence silence(Tape::current());
            return call(py::tuple());
        },
        "fn"_a, "fn(); its ops append no backward steps.");
    m.def("custom_backward", &custom_backward, "inputs"_a, "outputs"_a, "fn"_a, "higher"_a = py::none(),
          "name"_a = "custom_gradient",
          "Makes fn(*gradients of the outputs or None) -> [gradient of each input or None] the backward step of "
          "outputs that were computed by `without_gradient`; `higher`: the same for second derivatives.");
    m.def(
        "wants_gradient", [](const Tensor& x) { return Tape::current().wants(x); }, "x"_a,
        "Inside of a gradient function: whether the gradient of this input is needed.");
    m.def("step_cell", [] { return Tape::current().step(); }, "The int64 cell that counts the steps of this tape.");
}

}  // namespace netlet::bindings
