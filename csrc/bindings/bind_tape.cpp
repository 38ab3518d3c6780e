
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/copy/copy.h"
#include "ops/feed/feed.h"
#include "ops/index/index.h"
#include "plan/plan.h"

namespace netlet::bindings {

void bind_tape(py::module_& m) {
    using namespace py::literals;
    py::class_<Tape, std::shared_ptr<Tape>>(m, "Tape",
                                            "Where operations are emitted: run at once, or recorded into a Plan.")
        .def(py::init([](bool record, bool grad) {
                 return std::make_shared<Tape>(record ? Tape::Mode::record : Tape::Mode::eager, grad);
             }),
             "record"_a = false, "grad"_a = false)
        .def("__enter__",
             [](const std::shared_ptr<Tape>& t) {
                 Tape::enter(t.get());
                 return t;
             })
        .def("__exit__", [](Tape& t, py::args) { Tape::leave(&t); })
        .def_property_readonly("recording", &Tape::recording)
        .def("input", &Tape::input, "shape"_a, "dtype"_a, "name"_a)
        .def(
            "feed",
            [](Tape& t, const Shape& shape, DType from, DType to, const std::string& name) {
                return ops::feed(t, shape, from, to, name);
            },
            "shape"_a, "from_dtype"_a, "to_dtype"_a, "name"_a)
        .def("set_step", &Tape::set_step, "cell"_a)
        .def(
            "set_grad_target",
            [](Tape& t, const Tensor& x, const Tensor& target, const std::optional<Rows>& map) {
                const Rows rows = map ? *map : nullptr;
                if (rows && (x->shape.rank() == 0 || rows->bytes->size() != x->shape[0]))
                    throw ValueError("set_grad_target: the map of rows does not fit shape " + x->shape.str());
                t.set_grad_target(x, target, rows, [rows](Tape& tape) { ops::mark_rows(tape, rows, nullptr); });
            },
            "x"_a, "target"_a, "rows"_a = py::none(),
            "Where x's gradient is to be written; with `rows`, zero but for the rows that this map tells.")
        .def(
            "gradients",
            [](Tape& t, const Tensor& target, const std::vector<Tensor>& sources,
               const std::optional<Arg>& output_gradient, bool retain) {
                // The seed is never the caller's own memory: gradients may be added to it.
                Tensor seed = output_gradient ? ops::identity(t, *output_gradient)
                                              : ops::full(t, target->shape, gradient_dtype(target->dtype), 1);
                return t.gradients(target, seed, sources, retain);
            },
            "target"_a, "sources"_a, "output_gradient"_a = py::none(), "retain"_a = false)
        .def("guard", &Tape::guard, "flag"_a)
        .def(
            "compile",
            [](const std::shared_ptr<Tape>& t, std::vector<Tensor> outputs) {
                // An input, a constant, part of another value or the same value twice is handed out as a copy.
                for (size_t i = 0; i < outputs.size(); ++i) {
                    bool alone = t->can_output(outputs[i]);
                    for (size_t j = 0; j < i; ++j) alone = alone && outputs[j]->slot != outputs[i]->slot;
                    if (!alone) outputs[i] = ops::identity(*t, outputs[i]);
                }
                return t->compile(outputs);
            },
            "outputs"_a);

    py::class_<RowMap, Rows>(m, "RowMap", "A byte for each row of a table, that plans keep up to date.")
        .def(py::init<int64_t, uint8_t, const std::vector<Tensor>&>(), "rows"_a, "unknown"_a, "of"_a,
             "`unknown`: what a byte becomes once others than plans have written a tensor in `of`.")
        .def_property_readonly("bytes", [](const RowMap& rows) { return to_ndarray(rows.bytes).attr("copy")(); });
    m.def("current_recording", []() -> std::shared_ptr<Tape> {
        Tape& tape = Tape::current();
        return tape.recording() ? tape.shared_from_this() : nullptr;
    });
    m.def("recording", [] { return Tape::current().recording(); });
    m.def("push_scope", [](const std::string& name) { Tape::current().push_scope(name); }, "name"_a);
    m.def("pop_scope", [] { Tape::current().pop_scope(); });
    m.def("scope", [] { return Tape::current().scope(); });
}

}  // namespace netlet::bindings
