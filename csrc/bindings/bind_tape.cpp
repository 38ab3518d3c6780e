// Tapes, GradientTape's list of backward steps, and row maps.
#include <algorithm>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/python_function.h"
#include "ops/copy/copy.h"
#include "ops/feed/feed.h"
#include "ops/higher_order/higher_order.h"
#include "ops/index/index.h"
#include "plan/plan.h"
#include "plan/shard.h"

namespace netlet::bindings {

namespace {

// The gradient that backward starts from at a target. A copy: gradients may be added to it.
Tensor seed_for(Tape& tape, const Tensor& target, const std::optional<Arg>& given) {
    const DType dtype = gradient_dtype(target->dtype);
    return given ? ops::identity(tape, ops::cast(tape, given->tensor, dtype))
                 : ops::full(tape, target->shape, dtype, 1);
}

// The lists whose gradients this thread computes: a gradient function of Python that asked one of them again would wait
// for itself.
thread_local std::vector<const BackwardList*> in_progress;
struct InProgress {
    explicit InProgress(const BackwardList& list) { in_progress.push_back(&list); }
    ~InProgress() { in_progress.pop_back(); }
    InProgress(const InProgress&) = delete;
    InProgress& operator=(const InProgress&) = delete;
};

// Gradients of the targets with regard to the sources, emitted on the current tape. If a list listens to that tape,
// they are computed by differentiable ops.
Tensors gradients_of(BackwardList& list, const Tensors& targets, const Tensors& sources,
                     const std::optional<std::vector<std::optional<Arg>>>& given, bool retain) {
    if (given && given->size() != targets.size())
        throw ValueError("gradients: expected an output gradient for each of " + std::to_string(targets.size()) +
                         " targets, received " + std::to_string(given->size()));
    for (const Tensor& target : targets) note_operand(target->device());
    const OperandScope there;
    if (std::find(in_progress.begin(), in_progress.end(), &list) != in_progress.end())
        throw RuntimeError("GradientTape.gradient: a gradient function asked the tape that called it for gradients");
    const InProgress progress(list);
    const GilReleased nogil;
    const std::lock_guard lock(list.mutex());
    Tape& tape = Tape::current();
    Tensors seeds;
    for (size_t i = 0; i < targets.size(); ++i)
        seeds.push_back(seed_for(tape, targets[i], given ? (*given)[i] : std::nullopt));
    if (!tape.listened()) return gradients(tape, list, targets, seeds, sources, retain);
    Tensors found = ops::higher_gradients(tape, list, targets, seeds, sources);
    if (!retain) list.steps.clear();
    return found;
}

}  // namespace

void bind_tape(py::module_& m) {
    using namespace py::literals;
    py::class_<BackwardList, std::shared_ptr<BackwardList>>(
        m, "BackwardList", "The steps back through what runs while it listens to the current tape.")
        .def(py::init([] { return std::make_shared<BackwardList>(); }))
        .def("enter", [](BackwardList& list) { list.enter(Tape::current()); })
        .def("leave", [](BackwardList& list) { list.leave(); })
        .def(
            "clear",
            [](BackwardList& list) {
                if (std::find(in_progress.begin(), in_progress.end(), &list) != in_progress.end())
                    throw RuntimeError("GradientTape: expected its gradients to be complete before it is entered anew");
                const GilReleased nogil;
                const std::lock_guard lock(list.mutex());
                list.steps.clear();
            })
        .def_property_readonly("listening", [](const BackwardList& list) { return list.listening(); })
        .def("__len__", [](const BackwardList& list) { return list.steps.size(); })
        .def("gradients", &gradients_of, "targets"_a, "sources"_a, "output_gradients"_a = py::none(),
             "retain"_a = false, "None for a source that no target depends on.");

    py::class_<Strand>(m, "Strand", "What one of several recordings that take turns on a tape has of its own.")
        .def(py::init<>());

    py::class_<Tape, std::shared_ptr<Tape>>(m, "Tape",
                                            "Where operations are emitted: run at once, or recorded into a Plan.")
        .def(py::init([](bool record, bool grad, bool trains) {
                 auto tape = std::make_shared<Tape>(record ? Tape::Mode::record : Tape::Mode::eager, grad || trains);
                 if (grad) tape->listen_to_itself();
                 return tape;
             }),
             "record"_a = false, "grad"_a = false, "trains"_a = false,
             "`grad`: records the backward steps itself, for `gradients`; `trains`: a training step, whose plan caches "
             "nothing "
             "that it may write.")
        .def(
            "gradients",
            [](Tape& t, const Tensor& target, const Tensors& sources, const std::optional<Arg>& output_gradient,
               bool retain) {
                Tensor seed = seed_for(t, target, output_gradient);
                const GilReleased nogil;
                return gradients(t, t.own_steps(), {target}, {seed}, sources, retain);
            },
            "target"_a, "sources"_a, "output_gradient"_a = py::none(), "retain"_a = false)
        .def("__enter__",
             [](Tape& t) {
                 Tape::enter(&t);
                 return t.shared_from_this();
             })
        .def("__exit__", [](Tape& t, py::args) { Tape::leave(&t); })
        .def_property_readonly("recording", [](const Tape& t) { return t.recording(); })
        .def(
            "input",
            [](Tape& t, const Shape& shape, DType dtype, const std::string& name) {
                return t.input(shape, dtype, name);
            },
            "shape"_a, "dtype"_a, "name"_a)
        .def(
            "feed",
            [](Tape& t, const Shape& shape, DType from, DType to, const std::string& name, int64_t first,
               std::optional<int64_t> rows) { return ops::feed(t, shape, from, to, name, first, rows.value_or(-1)); },
            "shape"_a, "from_dtype"_a, "to_dtype"_a, "name"_a, "first"_a = 0, "rows"_a = py::none(),
            "A batch of `shape`, gathered from the caller's array; with `rows`, only so many rows of it from `first` "
            "on.")
        .def(
            "swap", [](Tape& t, Strand& strand) { t.swap(strand); }, "strand"_a,
            "Exchanges the tape's own and the strand's lists, scopes and passes.")
        .def(
            "at_end",
            [](Tape& t, const py::object& fn) {
                t.at_end([fn = PythonFunction(fn)](Tape&) {
                    const GilTaken gil;
                    fn(py::tuple());
                });
            },
            "fn"_a, "Calls fn() at the end of the recording, after what ops emit there.")
        .def(
            "set_step", [](Tape& t, const Tensor& cell) { t.set_step(cell); }, "cell"_a)
        .def(
            "next_stream", [](Tape& t) { return t.next_stream(); },
            "The number of random ops that were recorded before this call.")
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
            "guard", [](Tape& t, const Tensor& flag) { t.guard(flag); }, "flag"_a)
        .def(
            "compile",
            [](Tape& t, std::vector<Tensor> outputs) {
                // An input, a constant, part of another value, or a value that is listed twice, is copied.
                for (size_t i = 0; i < outputs.size(); ++i) {
                    bool alone = t.can_output(outputs[i]);
                    for (size_t j = 0; j < i; ++j) alone = alone && outputs[j]->slot != outputs[i]->slot;
                    if (!alone) outputs[i] = ops::identity(t, outputs[i]);
                }
                return t.compile(outputs);
            },
            "outputs"_a);

    py::class_<RowMap, Rows>(m, "RowMap", "A byte for each row of a table, that plans keep up to date.")
        .def(py::init<int64_t, uint8_t, const std::vector<Tensor>&>(), "rows"_a, "unknown"_a, "of"_a,
             "`unknown`: what a byte becomes once others than plans have written a tensor in `of`.")
        .def_property_readonly("bytes", [](const RowMap& rows) { return to_ndarray(rows.bytes).attr("copy")(); });
    m.def(
        "begin_shard",
        [](int64_t rows, int64_t first_row, uint32_t first_stream) { begin_shard({rows, first_row, first_stream}); },
        "rows"_a, "first_row"_a, "first_stream"_a = 0,
        "This thread computes some rows of a batch: its random ops draw what these rows draw in the whole batch.");
    m.def("end_shard", &end_shard, "Returns the number of the stream that the next random op would have had.");
    m.def("current_recording", []() -> std::shared_ptr<Tape> {
        Tape& tape = Tape::current();
        return tape.recording() ? tape.shared_from_this() : nullptr;
    });
    m.def("recording", [] { return Tape::current().recording(); });
    m.def("push_scope", [](const std::string& name) { Tape::current().push_scope(name); }, "name"_a);
    m.def("pop_scope", [] { Tape::current().pop_scope(); });
    auto name = [](DType half) { return is_half(half) ? std::optional(half) : std::nullopt; };
    m.def(
        "set_autocast",
        [name](const std::optional<DType>& half) { return name(set_autocast_dtype(half.value_or(DType::f32))); },
        "half"_a = py::none(),
        "Sets the half that Variables count as in ops of this thread (None: their own dtype); returns the previous.");
    m.def("autocast_dtype", [name] { return name(autocast_dtype()); });
    m.def("begin_skip", [](const Tensor& flag) { Tape::current().begin_skip(flag); }, "flag"_a);
    m.def("end_skip", [] { Tape::current().end_skip(); });
    m.def("scope", [] { return Tape::current().scope(); });
}

}  // namespace netlet::bindings
