#include "plan/gpu_executor.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "plan/launch.h"

namespace netlet {

namespace {

constexpr size_t most_pinned = size_t{64} << 20;
constexpr int64_t most_steps = 1024;  // that are queued before the host waits

int64_t row_bytes(const Source& s) { return s.shape.product(1, s.shape.rank()) * (int64_t)size_of(s.dtype); }

Gate gate_of(const Record& r, const int32_t* stopped) {
    Gate gate;
    int n = 0;
    gate.closed[n++] = stopped;
    for (const Skip* skip = r.skip.get(); skip; skip = skip->outer.get()) {
        if (n == Gate::most)
            throw RuntimeError("begin_skip: expected at most " + std::to_string(Gate::most - 1) +
                               " nested ones on a GPU");
        gate.closed[n++] = static_cast<const int32_t*>(skip->flag->data());
    }
    return gate;
}

}  // namespace

GpuExecutor::Pinned::~Pinned() {
    if (memory_) executor_.backend_.release_pinned(executor_.device_.index, memory_);
}

void GpuExecutor::Pinned::reserve(size_t bytes) {
    rewind();
    if (bytes <= bytes_) return;
    if (memory_) executor_.backend_.release_pinned(executor_.device_.index, memory_);
    memory_ = nullptr;
    bytes_ = 0;
    executor_.check(executor_.backend_.allocate_pinned(executor_.device_.index, bytes, memory_), "host memory");
    if (!memory_) throw std::bad_alloc();
    bytes_ = bytes;
}

std::byte* GpuExecutor::Pinned::take(size_t bytes) {
    std::byte* p = static_cast<std::byte*>(memory_) + used_;
    used_ += (bytes + 15) & ~size_t{15};
    return p;
}

GpuExecutor::GpuExecutor(Device device, const Recording& recording, std::byte* args, std::vector<std::byte*> slots,
                         std::function<void(size_t, double)> timed)
    : device_(device),
      backend_(backend_of(device)),
      recording_(recording),
      args_(args),
      slots_(std::move(slots)),
      timed_(std::move(timed)),
      state_(Buffer::allocate(sizeof(State), device)),
      batch_(recording.sources.size()),
      rows_(recording.sources.size()),
      pinned_(*this) {
    for (const Record& r : recording_.records) {
        launchers_.push_back(launcher_for(device, r.kernel, r.scope));
        gates_.push_back(gate_of(r, &state().stopped));
    }
}

GpuExecutor::~GpuExecutor() {
    const DeviceLock lock(device_);
    backend_.synchronize(device_.index);  // queued steps read the pinned memory
    if (graph_) backend_.release_graph(device_.index, graph_);
}

void GpuExecutor::check(const char* message, const std::string& what) const { check_device(device_, message, what); }

std::string GpuExecutor::name_of_record(size_t i) const {
    const Record& r = recording_.records[i];
    return std::string(r.kernel.name) + (r.scope.empty() ? "" : " of layer " + r.scope);
}

template <class T> T GpuExecutor::read(const void* device_memory) const {
    T value;
    check(backend_.to_host(device_.index, &value, device_memory, sizeof value), "copy");
    return value;
}

void GpuExecutor::restart() {
    const DeviceLock lock(device_);
    check(backend_.queue_zero(device_.index, &state(), sizeof(State)), "restart");
}

void GpuExecutor::queue_record(size_t i) {
    const Record& r = recording_.records[i];
    const char* message = backend_.launch(device_.index, launchers_[i], args_ + r.args, r.units, gates_[i]);
    if (!message && r.guard) message = backend_.queue_stop(device_.index, r.guard, &state().stopped, (int32_t)i + 1);
    if (message) check(message, name_of_record(i));
}

void GpuExecutor::run_record(size_t i) {
    queue_record(i);
    if (const char* message = backend_.synchronize(device_.index)) check(message, name_of_record(i));
}

void GpuExecutor::queue_step(bool profiled) {
    const size_t n = recording_.records.size();
    if (profiled || !tried_) {
        using clock = std::chrono::steady_clock;
        for (size_t i = 0; i < n; ++i) {
            const auto start = clock::now();
            run_record(i);
            if (profiled) timed_(i, std::chrono::duration<double>(clock::now() - start).count());
        }
        tried_ = true;
    } else {
        if (!graph_) {
            check(backend_.begin_capture(device_.index), "capture of a step");
            try {
                for (size_t i = 0; i < n; ++i) queue_record(i);
            } catch (...) {
                backend_.end_capture(device_.index, graph_);
                throw;
            }
            check(backend_.end_capture(device_.index, graph_), "capture of a step");
        }
        check(backend_.queue_graph(device_.index, graph_), "a step");
    }
    check(backend_.queue_count(device_.index, &state().stopped, &state().done), "a step");
}

void GpuExecutor::upload(void* to, const void* from, size_t bytes) {
    check(backend_.queue_to_device(device_.index, to, from, bytes), "copy of a batch");
}

// The rows of the order, checked: another thread may write it while the steps are queued.
const int64_t* GpuExecutor::checked_rows(const Batches& batches, size_t source, int64_t row) {
    const int64_t batch = recording_.sources[source].shape[0], limit = batches.sources[source]->shape[0];
    auto* rows = reinterpret_cast<int64_t*>(pinned_.take((size_t)batch * sizeof(int64_t)));
    std::copy(batches.order + row, batches.order + row + batch, rows);
    for (int64_t i = 0; i < batch; ++i)
        if (rows[i] < 0 || rows[i] >= limit)
            throw ValueError("run_batches: row " + std::to_string(rows[i]) + " of " + std::to_string(limit) +
                             " does not exist: the order was written while its batches ran");
    return rows;
}

void GpuExecutor::feed(size_t i, const Batches& batches, int64_t row) {
    const Source& s = recording_.sources[i];
    const Tensor& array = batches.sources[i];
    const int64_t each = row_bytes(s), batch = s.shape[0];
    const auto bytes = (size_t)(each * batch);
    const int64_t* rows = batches.order ? checked_rows(batches, i, row) : nullptr;
    const std::byte* data = static_cast<const std::byte*>(array->data());
    const bool host = array->device().is_cpu();
    std::byte* const pinned = host ? pinned_.take(bytes) : nullptr;
    if (host && !rows) std::memcpy(pinned, data + row * each, bytes);
    for (int64_t r = 0; host && rows && r < batch; ++r)
        std::memcpy(pinned + r * each, data + rows[r] * each, (size_t)each);

    if (!s.cell) {
        std::byte* const slot = slots_[(size_t)s.slot];
        if (host)
            upload(slot, pinned, bytes);
        else
            check(backend_.queue_copy(device_.index, slot, data + row * each, bytes), "copy of a batch");
        return;
    }
    FeedCell cell{data, nullptr, row, batch};
    if (host) {
        if (!batch_[i]) batch_[i] = Buffer::allocate(bytes, device_);
        upload(batch_[i]->data(), pinned, bytes);
        cell = {batch_[i]->data(), nullptr, 0, batch};
    } else if (rows) {
        if (!rows_[i]) rows_[i] = Buffer::allocate((size_t)batch * sizeof(int64_t), device_);
        upload(rows_[i]->data(), rows, (size_t)batch * sizeof(int64_t));
        cell.rows = reinterpret_cast<const int64_t*>(rows_[i]->data());
    }
    std::byte* const copy = pinned_.take(sizeof cell);
    std::memcpy(copy, &cell, sizeof cell);
    upload(s.cell->data(), copy, sizeof cell);
}

// What the steps of one wait take of the pinned memory, at most, for each step.
size_t GpuExecutor::pinned_bytes(const Batches& batches) const {
    size_t bytes = 16 * batches.scalars.size();
    for (const Source& s : recording_.sources)
        bytes += (size_t)(row_bytes(s) * s.shape[0] + s.shape[0] * (int64_t)sizeof(int64_t)) + sizeof(FeedCell) + 64;
    return bytes;
}

void GpuExecutor::queue_batch(const Batches& batches, int64_t step) {
    for (size_t i = 0; i < batches.sources.size(); ++i)
        feed(i, batches, batches.first + step * recording_.sources[i].shape[0]);
    for (const auto& [cell, values] : batches.scalars) {
        std::byte* const copy = pinned_.take(sizeof(double));
        std::memcpy(copy, values + step, sizeof(double));
        upload(cell->data(), copy, sizeof(double));
    }
    queue_step(batches.profiled);
}

Ran GpuExecutor::run(const Batches& batches) {
    const DeviceLock lock(device_);
    for (const Tensor& source : batches.sources)
        if (!source->device().is_cpu() && source->device() != device_)
            throw ValueError("a plan on " + device_.str() + " received an array on " + source->device().str());
    restart();
    std::vector<size_t> sizes;  // of each output of a step
    size_t output_bytes = 0;
    for (const Output& o : recording_.outputs) {
        sizes.push_back((size_t)o.shape.size() * size_of(o.dtype));
        output_bytes += sizes.back();
    }
    const size_t each = pinned_bytes(batches);
    const int64_t steps = std::clamp<int64_t>((int64_t)(most_pinned / std::max({each, output_bytes, size_t{1}})), 1,
                                              std::min(most_steps, std::max<int64_t>(batches.count, 1)));
    pinned_.reserve(each * (size_t)steps);
    std::vector<std::shared_ptr<Buffer>> kept;
    for (size_t bytes : sizes) kept.push_back(Buffer::allocate(bytes * (size_t)steps, device_));

    struct Wait {  // queued copies read the pinned memory: nothing is left in the queue after an exception
        GpuExecutor& executor;
        ~Wait() { executor.backend_.synchronize(executor.device_.index); }
    } const wait{*this};
    using clock = std::chrono::steady_clock;
    const auto deadline = clock::now() + std::chrono::duration<double>(batches.seconds);
    Ran ran;
    while (ran.done < batches.count && ran.stopped < 0) {
        const int64_t begin = ran.done, n = std::min(steps, batches.count - begin);
        pinned_.rewind();
        for (int64_t k = 0; k < n; ++k) {
            queue_batch(batches, begin + k);
            for (size_t o = 0; o < sizes.size(); ++o)
                check(backend_.queue_copy(device_.index, kept[o]->data() + (size_t)k * sizes[o],
                                          slots_[(size_t)recording_.outputs[o].slot], sizes[o]),
                      "copy of an output");
        }
        check(backend_.synchronize(device_.index), "a step");
        const auto now = read<State>(&state());
        ran.done = now.done;
        ran.stopped = now.stopped - 1;
        for (size_t o = 0; o < batches.outputs.size(); ++o) {
            const auto& out = batches.outputs[o];
            const int64_t done = now.done - begin;
            if (done == 0 || !out.data) continue;
            const std::byte* from = kept[o]->data();
            size_t bytes = sizes[o] * (size_t)done;  // the outputs of consecutive steps lie behind each other
            if (out.step_bytes == 0) {
                from += bytes - sizes[o];
                bytes = sizes[o];
            }
            check(backend_.to_host(device_.index, out.data + begin * out.step_bytes, from, bytes), "copy of an output");
        }
        if (clock::now() >= deadline) break;
    }
    return ran;
}

bool GpuExecutor::finds_nonfinite(size_t i) {
    const DeviceLock lock(device_);
    const Record& r = recording_.records[i];
    for (const Skip* skip = r.skip.get(); skip; skip = skip->outer.get())
        if (read<int32_t>(skip->flag->data())) return false;
    run_record(i);
    if (r.guard && read<int32_t>(r.guard)) return true;
    for (const RecordOperand& o : r.operands) {
        if (!o.writes || !is_floating(o.dtype)) continue;
        const void* p = nullptr;
        std::memcpy(&p, args_ + r.args + o.field, sizeof p);
        if (!p) continue;
        std::vector<std::byte> host((size_t)o.shape.size() * size_of(o.dtype));
        check(backend_.to_host(device_.index, host.data(), p, host.size()), "copy");
        auto any = [&](const auto* v) {
            return std::any_of(v, v + o.shape.size(), [](auto x) { return !std::isfinite(x); });
        };
        if (o.dtype == DType::f32 ? any((const float*)host.data()) : any((const double*)host.data())) return true;
    }
    return false;
}

}  // namespace netlet
