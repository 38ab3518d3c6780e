// Plans: a single run, many batches in one call, and the table of records.

#include <algorithm>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/python_function.h"
#include "plan/host_call.h"
#include "plan/plan.h"

namespace netlet::bindings {

namespace {

int64_t row_bytes(const Shape& shape, DType dtype) { return shape.product(1, shape.rank()) * (int64_t)size_of(dtype); }

// The caller's array for source i, checked: its rows must be what the plan was recorded for.
Tensor checked_source(const Plan& plan, size_t i, const py::handle& array) {
    const Source& s = plan.sources()[i];
    Arg a = to_arg(array);
    const OperandScope taken;  // the note is not for the next op
    bool fits = a->dtype == s.dtype && a->shape.rank() == s.shape.rank() && !a->recorded();
    for (int axis = 1; fits && axis < s.shape.rank(); ++axis) fits = a->shape[axis] == s.shape[axis];
    if (!a->device().is_cpu() && a->device() != plan.device())
        throw ValueError("plan: source '" + s.name + "' is on " + a->device().str() + ", the model on " +
                         plan.device().str());
    if (!fits)
        throw ValueError("plan: source '" + s.name + "' was recorded for rows of " + s.shape.str() + " " +
                         name_of(s.dtype) + ", received " + a->shape.str() + " " + name_of(a->dtype));
    return a.tensor;
}

std::vector<Tensor> checked_sources(const Plan& plan, const py::sequence& arrays) {
    if (arrays.size() != plan.sources().size())
        throw ValueError("plan: expected " + std::to_string(plan.sources().size()) + " arrays, received " +
                         std::to_string(arrays.size()));
    std::vector<Tensor> tensors;
    for (size_t i = 0; i < arrays.size(); ++i) tensors.push_back(checked_source(plan, i, arrays[i]));
    return tensors;
}

// Raises what a function of Python in the plan raised, if that is why the run stopped.
void raise_if_call_failed(const Plan& plan, int64_t stopped) {
    if (stopped >= 0 && is_host_call(plan.records()[(size_t)stopped]))
        raise_from_host_call(plan.records()[(size_t)stopped]);
}

py::array new_output(const Output& spec) {
    return py::array(to_numpy(spec.dtype), std::vector<py::ssize_t>(spec.shape.begin(), spec.shape.end()));
}

// Runs one batch. Returns (outputs as new arrays, the record whose guard stopped the run or -1).
py::tuple run(Plan& plan, const py::sequence& arrays, bool profiled) {
    const auto sources = checked_sources(plan, arrays);
    for (size_t i = 0; i < sources.size(); ++i)
        if (sources[i]->shape != plan.sources()[i].shape)
            throw ValueError("plan: source '" + plan.sources()[i].name + "' expects shape " +
                             plan.sources()[i].shape.str() + ", received " + sources[i]->shape.str());
    py::list outputs;
    std::vector<void*> pointers;
    for (size_t i = 0; i < plan.outputs(); ++i) {
        py::array y = new_output(plan.output(i));
        pointers.push_back(y.mutable_data());
        outputs.append(y);
    }
    Batches batches;
    batches.sources = sources;
    for (void* p : pointers) batches.outputs.push_back({static_cast<std::byte*>(p), 0});
    batches.profiled = profiled;
    Ran ran;
    {
        const GilReleased nogil;
        ran = plan.run_batches(batches);
    }
    raise_if_call_failed(plan, ran.stopped);
    return py::make_tuple(outputs, ran.stopped);
}

// Runs one batch `repeats` times on this thread alone. Returns for each record the shortest times of its chunks in
// seconds, an empty list for a record that was skipped.
std::vector<std::vector<double>> chunk_seconds(Plan& plan, const py::sequence& arrays, int repeats) {
    if (!plan.device().is_cpu()) throw NotImplementedError("chunk_seconds: this plan runs on " + plan.device().str());
    const auto sources = checked_sources(plan, arrays);
    std::vector<py::array> outputs;
    for (size_t i = 0; i < plan.outputs(); ++i) outputs.push_back(new_output(plan.output(i)));
    std::vector<std::vector<double>> seconds;
    const Plan::Session session(plan);
    for (size_t i = 0; i < sources.size(); ++i)
        plan.feed(i, sources[i]->data(), nullptr, 0, plan.sources()[i].shape[0]);
    for (size_t i = 0; i < outputs.size(); ++i) plan.bind_output(i, outputs[i].mutable_data());
    for (int64_t stopped = -1; repeats > 0 && stopped < 0; --repeats) {
        stopped = plan.run_timing_chunks(seconds);
        raise_if_call_failed(plan, stopped);
    }
    return seconds;
}

// Fast path for a plan with one source and one output. None if x is not exactly what the plan reads, or if a guard
// stopped the run.
py::object predict(Plan& plan, const py::object& x) {
    if (!py::isinstance<py::array>(x) || plan.sources().size() != 1 || plan.outputs() != 1 || !plan.device().is_cpu())
        return py::none();
    const auto a = py::reinterpret_borrow<py::array>(x);
    const Source& s = plan.sources()[0];
    constexpr int wanted = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    if ((a.flags() & wanted) != wanted || !a.dtype().equal(to_numpy(s.dtype)) || a.ndim() != s.shape.rank())
        return py::none();
    for (int axis = 0; axis < s.shape.rank(); ++axis)
        if (a.shape(axis) != s.shape[axis]) return py::none();
    py::array y = new_output(plan.output(0));
    const void* in = a.data();
    void* out = y.mutable_data();
    int64_t stopped;
    {
        const GilReleased nogil;
        const Plan::Session session(plan);
        plan.feed(0, in, nullptr, 0, s.shape[0]);
        plan.bind_output(0, out);
        stopped = plan.run();
    }
    raise_if_call_failed(plan, stopped);
    if (stopped >= 0) return py::none();
    return y;
}

// Steps over rows [first, first + count * batch) of the sources, or of the order in `rows`. Returns (steps done, record
// that stopped the run or -1). Returns early after `seconds`, so that Python can show progress and handle signals.
py::tuple run_batches(Plan& plan, const py::sequence& arrays,
                      const std::optional<py::array_t<int64_t, py::array::c_style>>& rows, int64_t first, int64_t count,
                      double seconds, const py::sequence& outputs,
                      const std::vector<std::pair<Tensor, std::vector<double>>>& scalars) {
    const auto sources = checked_sources(plan, arrays);
    if (sources.empty()) throw ValueError("run_batches: this plan has no sources");
    const int64_t batch = plan.sources()[0].shape[0];
    int64_t stop;
    if (first < 0 || count < 0) throw ValueError("run_batches: expected first and count of at least 0");
    if (multiply_overflows(count, batch, &stop) || add_overflows(first, stop, &stop))
        throw ValueError("run_batches: the last batch ends past the last row");
    const int64_t* order = rows ? rows->data() : nullptr;
    for (size_t i = 0; i < sources.size(); ++i) {
        const int64_t n = sources[i]->shape[0];
        if (plan.sources()[i].shape[0] != batch)
            throw ValueError("run_batches: the sources have different batch sizes");
        if (order && !plan.gathers(i))
            throw ValueError("run_batches: source '" + plan.sources()[i].name + "' takes rows in order only");
        if (stop > (order ? rows->size() : n)) throw ValueError("run_batches: the last batch ends past the last row");
        for (int64_t r = first; order && r < stop; ++r)
            if (order[r] < 0 || order[r] >= n)
                throw ValueError("run_batches: row " + std::to_string(order[r]) + " of " + std::to_string(n) +
                                 " does not exist");
    }
    for (const auto& [cell, values] : scalars)
        if ((int64_t)values.size() < count || cell->dtype != DType::f64 || cell->recorded() || cell->size() != 1)
            throw ValueError("run_batches: expected one float64 per step for each scalar");

    Batches batches;
    if (outputs.size() && outputs.size() != plan.outputs())
        throw ValueError("run_batches: expected an array for every output");
    std::vector<py::array> scratch;
    for (size_t i = 0; i < plan.outputs(); ++i) {
        const Output& spec = plan.output(i);
        if (!outputs.size()) {
            scratch.push_back(new_output(spec));
            batches.outputs.push_back({static_cast<std::byte*>(scratch.back().mutable_data()), 0});
            continue;
        }
        auto y = outputs[i].cast<py::array>();
        bool fits = y.dtype().equal(to_numpy(spec.dtype)) && y.ndim() == spec.shape.rank() && y.ndim() > 0 &&
                    y.shape(0) >= stop && (y.flags() & py::array::c_style) && spec.shape[0] == batch;
        for (int axis = 1; fits && axis < spec.shape.rank(); ++axis) fits = y.shape(axis) == spec.shape[axis];
        if (!fits)
            throw ValueError("run_batches: expected output " + std::to_string(i) + " with rows of " + spec.shape.str() +
                             " " + name_of(spec.dtype));
        const int64_t row = row_bytes(spec.shape, spec.dtype);
        batches.outputs.push_back({static_cast<std::byte*>(y.mutable_data()) + first * row, row * batch});
    }

    batches.sources = sources;
    batches.order = order;
    batches.first = first;
    batches.count = count;
    batches.seconds = seconds;
    for (const auto& [cell, values] : scalars) batches.scalars.emplace_back(cell, values.data());
    Ran ran;
    {
        const GilReleased nogil;
        ran = plan.run_batches(batches);
    }
    raise_if_call_failed(plan, ran.stopped);
    return py::make_tuple(ran.done, ran.stopped);
}

py::list describe(const Plan& plan) {
    py::list table;
    for (size_t i = 0; i < plan.records().size(); ++i) {
        const Record& r = plan.records()[i];
        py::list reads, writes;
        int64_t bytes = 0;
        for (const RecordOperand& o : r.operands) {
            const int64_t n = o.shape.size() * (int64_t)size_of(o.dtype);
            bytes += n * (o.reads + o.writes);
            if (o.reads) reads.append(o.shape);
            if (o.writes) writes.append(o.shape);
        }
        py::dict row;
        row["layer"] = r.scope;
        row["kernel"] = r.kernel.name;
        row["isa"] = plan.device().is_cpu() ? std::string(r.kernel.isa) : plan.device().str();
        row["reads"] = py::tuple(reads);
        row["writes"] = py::tuple(writes);
        row["bytes"] = bytes;
        row["flops"] = r.flops;
        row["kept"] = r.prepack;
        row["chunks"] = (r.units + r.grain - 1) / r.grain;
        row["seconds"] = plan.seconds(i);
        row["chain"] = 0;
        row["parts"] = 1;
        table.append(row);
    }
    for (size_t c = 0; c < plan.row_chains().size(); ++c) {
        const RowChain& chain = plan.row_chains()[c];
        for (size_t i = chain.first; i < chain.last; ++i) {
            table[i]["chain"] = c + 1;
            table[i]["parts"] = chain.blocks();
        }
    }
    return table;
}

py::list written(const Plan& plan, size_t record) {
    py::list found;
    for (const RecordOperand& o : plan.records().at(record).operands) {
        if (!o.writes || !o.buffer) continue;
        auto t = std::make_shared<TensorImpl>();
        t->shape = o.shape;
        t->dtype = o.dtype;
        t->buffer = o.buffer;
        t->offset = o.offset;
        t->variable = true;  // a view to read from
        found.append(to_ndarray(t).attr("copy")());
    }
    return found;
}

// Python's garbage collector sees the functions that only this plan holds: such a function often refers to its model,
// which holds the plan. A plan refers to no other objects, and its functions do not change, so tp_clear has nothing to
// do: any such cycle contains an object of Python that is cleared.
int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    if (!py::detail::is_holder_constructed(self)) return 0;
    const auto held = reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder();
    const auto& plan = held.holder<std::shared_ptr<Plan>>();
    if (plan.use_count() != 1) return 0;
    for (const Record& r : plan->records())
        if (is_host_call(r)) Py_VISIT(static_cast<PyObject*>(const_cast<void*>(function_of(r))));
    return 0;
}

void let_collect(PyHeapTypeObject* type) {
    type->ht_type.tp_flags |= Py_TPFLAGS_HAVE_GC;
    type->ht_type.tp_traverse = traverse;
}

}  // namespace

void bind_plan(py::module_& m) {
    using namespace py::literals;
    py::class_<Plan, std::shared_ptr<Plan>>(m, "Plan", "A recorded step, replayed by native code.",
                                            py::custom_type_setup(let_collect))
        .def_property_readonly("device", [](const Plan& plan) { return plan.device().str(); })
        .def_property_readonly("arena_bytes", [](const Plan& plan) { return plan.arena_bytes(); })
        .def_property_readonly(
            "unplanned_bytes", [](const Plan& plan) { return plan.unplanned_bytes(); },
            "What the arena would take if no bytes were shared.")
        .def("run", &run, "arrays"_a, "profiled"_a = false)
        .def("chunk_seconds", &chunk_seconds, "arrays"_a, "repeats"_a)
        .def("predict", &predict, "x"_a)
        .def("run_batches", &run_batches, "arrays"_a, "rows"_a = py::none(), "first"_a = 0, "count"_a = 1,
             "seconds"_a = 1e9, "outputs"_a = py::tuple(), "scalars"_a = py::tuple())
        .def("records", &describe)
        .def("written", &written, "record"_a, "Copies of what a record wrote to memory outside of the arena.")
        .def("find_nonfinite", [](Plan& plan) {
            int64_t found;
            {
                const GilReleased nogil;
                const Plan::Session session(plan);
                found = plan.find_nonfinite();
            }
            forget_host_call_error();  // the record that failed is what was found
            return found;
        });
}

}  // namespace netlet::bindings
