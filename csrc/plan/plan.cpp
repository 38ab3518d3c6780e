#include "plan/plan.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <unordered_map>

#include "base/thread_pool.h"
#include "plan/gpu_executor.h"
#include "plan/guarded_launch.h"
#include "plan/host_call.h"
#include "plan/memory_plan.h"

namespace netlet {

Plan::Plan(Recording recording, Device device)
    : recording_(std::move(recording)), device_(device), seconds_(recording_.records.size()) {
    find_prepacked();
    find_watched();
    auto& records = recording_.records;
    auto& slots = recording_.slots;
    // Between inaccessible pages, each record runs by itself.
    if (device_.is_cpu() && !launches_are_guarded.load()) chains_ = find_row_chains(recording_, prepacked_);
    std::vector<bool> in_chain(slots.size());  // whether the slot has private memory there
    for (const RowChain& chain : chains_)
        for (const RowChain::Private& p : chain.privates) in_chain[(size_t)p.slot] = true;

    // Lifetimes, in records. On the CPU, inputs and outputs are in the caller's memory and take no space in the arena.
    // On a GPU they are in the arena as long as the plan.
    std::vector<Lifetime> lifetimes(slots.size());
    for (size_t s = 0; s < slots.size(); ++s) lifetimes[s] = {slots[s].bytes, (int)records.size(), -1};
    for (size_t i = 0; i < records.size(); ++i)
        for (const RecordOperand& o : records[i].operands)
            if (o.slot >= 0 && slots[(size_t)o.slot].kind == Slot::Kind::temporary) {
                Lifetime& life = lifetimes[(size_t)o.slot];
                life.first = std::min(life.first, (int)i);
                life.last = i < prepacked_ ? (int)records.size() : std::max(life.last, (int)i);
            }
    // The records of a chain run as one: what one of them needs last stays until its end. So does its private memory, in
    // the place of the values that are there.
    for (size_t s = 0; s < slots.size(); ++s)
        if (in_chain[s]) lifetimes[s] = {0, 1, 0};
    for (const RowChain& chain : chains_) {
        for (size_t s = 0; s < slots.size(); ++s) {
            Lifetime& life = lifetimes[s];
            if (life.first > life.last || life.last < (int)chain.first || life.first >= (int)chain.last) continue;
            life.last = std::max(life.last, (int)chain.last - 1);
        }
        lifetimes.push_back({chain.places * chain.bytes, (int)chain.first, (int)chain.last - 1});
    }
    for (size_t s = 0; s < slots.size() && !device_.is_cpu(); ++s)
        if (slots[s].kind != Slot::Kind::temporary) lifetimes[s] = {slots[s].bytes, 0, (int)records.size()};
    const MemoryPlan memory = pack(lifetimes);
    arena_bytes_ = memory.total;
    for (const Lifetime& life : lifetimes)
        if (life.first <= life.last) unplanned_bytes_ += life.bytes;
    arena_ = Buffer::allocate_arena((size_t)arena_bytes_, device_);
    args_ = Buffer::allocate(recording_.args.size());
    std::memcpy(args_->data(), recording_.args.data(), recording_.args.size());
    recording_.args = {};

    uses_.resize(slots.size());
    for (Record& r : records)
        for (RecordOperand& o : r.operands) {
            std::byte* field = args_->data() + r.args + o.field;
            if (device_.is_cpu() && o.slot >= 0 && slots[(size_t)o.slot].kind != Slot::Kind::temporary) {
                uses_[(size_t)o.slot].push_back({field, o.offset});
                continue;
            }
            if (o.slot >= 0 && in_chain[(size_t)o.slot]) continue;
            void* p =
                o.slot >= 0 ? arena_->data() + memory.offsets[(size_t)o.slot] + o.offset : o.buffer->data() + o.offset;
            std::memcpy(field, &p, sizeof p);
        }
    for (size_t c = 0; c < chains_.size(); ++c)
        chain_memory_.emplace_back().begin = arena_->data() + memory.offsets[slots.size() + c];
    if (!device_.is_cpu()) start_gpu(memory);
}

Plan::~Plan() = default;

void Plan::start_gpu(const MemoryPlan& memory) {
    std::vector<std::byte*> places;
    for (int64_t offset : memory.offsets) places.push_back(arena_->data() + offset);
    gpu_ = std::make_unique<GpuExecutor>(device_, recording_, args_->data(), std::move(places),
                                         [this](size_t record, double seconds) { add_seconds(record, seconds); });
}

std::unique_lock<ForkSafeMutex> Plan::Session::locked(ForkSafeMutex& mutex) {
    if (!inside_host_call()) return std::unique_lock(mutex);
    std::unique_lock lock(mutex, std::try_to_lock);
    if (!lock)
        throw RuntimeError("this plan is in use: a function that a recorded step calls cannot run that step again");
    return lock;
}

Ran Plan::run_batches(const Batches& batches) {
    const Session session(*this);
    return gpu_ ? gpu_->run(batches) : run_on_cpu(batches);
}

Ran Plan::run_on_cpu(const Batches& batches) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(batches.seconds);
    int64_t limit = INT64_MAX, batch = 0;  // with an order, all sources have batches of this size
    for (size_t i = 0; i < batches.sources.size(); ++i) {
        limit = std::min(limit, batches.sources[i]->shape[0]);
        batch = recording_.sources[i].shape[0];
    }
    Ran ran;
    while (ran.done < batches.count && ran.stopped < 0) {
        const int64_t* rows = nullptr;
        if (batches.order) rows = checked_rows(batches.order + batches.first + ran.done * batch, batch, limit);
        for (size_t i = 0; i < batches.sources.size(); ++i) {
            const int64_t each = recording_.sources[i].shape[0];
            feed(i, batches.sources[i]->data(), rows, batches.first + ran.done * each, each);
        }
        for (size_t i = 0; i < batches.outputs.size(); ++i)
            bind_output(i, batches.outputs[i].data + ran.done * batches.outputs[i].step_bytes);
        for (const auto& [cell, values] : batches.scalars) *cell->data<double>() = values[ran.done];
        ran.stopped = batches.profiled ? run_profiled() : run();
        ran.done += ran.stopped < 0;
        if (std::chrono::steady_clock::now() >= deadline) break;
    }
    return ran;
}

// A copy of the rows of one batch, checked: another thread may write the caller's array while the steps run.
const int64_t* Plan::checked_rows(const int64_t* rows, int64_t count, int64_t limit) {
    batch_rows_.assign(rows, rows + count);
    for (int64_t r : batch_rows_)
        if (r < 0 || r >= limit)
            throw ValueError("run_batches: row " + std::to_string(r) + " of " + std::to_string(limit) +
                             " does not exist: the order was written while its batches ran");
    return batch_rows_.data();
}

void Plan::add_seconds(size_t record, double taken) {
    seconds_[record].store(seconds(record) + taken, std::memory_order_relaxed);
}

void Plan::bind(int slot, const void* data) {
    for (const Use& use : uses_[(size_t)slot]) {
        const void* p = static_cast<const std::byte*>(data) + use.offset;
        std::memcpy(use.field, &p, sizeof p);
    }
}

void Plan::feed(size_t i, const void* data, const int64_t* rows, int64_t first, int64_t count) {
    const Source& s = recording_.sources[i];
    if (s.cell) {
        *s.cell->data<FeedCell>() = {data, rows, first, count};
        return;
    }
    const int64_t row_bytes = s.shape.product(1, s.shape.rank()) * (int64_t)size_of(s.dtype);
    bind(s.slot, static_cast<const std::byte*>(data) + first * row_bytes);
}

// Moves the prepacked records to the front: those marked `prepack` that read only memory that this plan does not
// write, and the results of other prepacked records.
void Plan::find_prepacked() {
    auto& records = recording_.records;
    std::unordered_map<const Buffer*, int> buffer_writers;
    std::vector<int> slot_writers(recording_.slots.size());
    for (const Record& r : records)
        for (const RecordOperand& o : r.operands)
            if (o.writes && o.slot >= 0)
                ++slot_writers[(size_t)o.slot];
            else if (o.writes && buffer_writers[o.buffer.get()]++ == 0)
                writes_.push_back({o.buffer, never});

    std::vector<bool> prepacked_slots(recording_.slots.size());
    auto lasts = [&](const RecordOperand& o) {
        const auto slot = (size_t)o.slot;
        if (o.slot < 0) return !o.writes && o.buffer->tracked() && !buffer_writers.count(o.buffer.get());
        if (o.reads) return !o.writes && prepacked_slots[slot];
        return recording_.slots[slot].kind == Slot::Kind::temporary && slot_writers[slot] == 1;
    };
    for (Record& r : records) {
        r.prepack = r.prepack && std::all_of(r.operands.begin(), r.operands.end(), lasts);
        for (const RecordOperand& o : r.operands) {
            if (!r.prepack) continue;
            if (o.writes) prepacked_slots[(size_t)o.slot] = true;
            if (o.slot < 0) prepacked_reads_.push_back({o.buffer, never});
        }
    }
    const auto rest = std::stable_partition(records.begin(), records.end(), [](const Record& r) { return r.prepack; });
    prepacked_ = (size_t)(rest - records.begin());
}

// Buffers that a row map watches count as written by the plan, so that their versions are known while the plan runs.
void Plan::find_watched() {
    for (const Rows& rows : recording_.row_maps) {
        auto& places = watched_.emplace_back();
        for (size_t i = 0; i < rows->watched(); ++i) {
            const auto& buffer = rows->buffer(i);
            const auto at = std::find_if(writes_.begin(), writes_.end(), [&](auto& w) { return w.buffer == buffer; });
            places.push_back((size_t)(at - writes_.begin()));
            if (at == writes_.end()) writes_.push_back({buffer, never});
        }
    }
}

void Plan::begin_writes() {
    for (Write& w : writes_) w.version = w.buffer->begin_write();
    for (size_t map = 0; map < watched_.size(); ++map)
        for (size_t i = 0; i < watched_[map].size(); ++i)
            recording_.row_maps[map]->begin(i, writes_[watched_[map][i]].version);
}

void Plan::end_writes() {
    for (Write& w : writes_) w.version = w.buffer->end_write();
    for (size_t map = 0; map < watched_.size(); ++map)
        for (size_t i = 0; i < watched_[map].size(); ++i)
            recording_.row_maps[map]->end(i, writes_[watched_[map][i]].version);
}

// True if the prepacked records must run again: a buffer that they read has been written, or may have been.
bool Plan::prepacked_is_stale() const {
    return std::any_of(prepacked_reads_.begin(), prepacked_reads_.end(),
                       [](const Read& r) { return !r.buffer->tracked() || r.buffer->version() != r.version; });
}

// If a buffer is written while the prepacked records read it, their results are used for this run only; the next run
// computes them again.
template <class Each> void Plan::compute_prepacked(Each each) {
    for (Read& read : prepacked_reads_) {
        read.version = never;
        read.found = read.buffer->version();
    }
    for (size_t i = 0; i < prepacked_; ++i) each(i);
    for (Read& read : prepacked_reads_)
        if (!Buffer::being_written(read.found) && read.buffer->version() == read.found) read.version = read.found;
}

void Plan::step(const Record& r) {
    if (launches_are_guarded.load(std::memory_order_relaxed) && !is_host_call(r))
        launch_guarded(r, args_->data() + r.args);
    else if (r.units <= r.grain)
        r.kernel.fn(args_->data() + r.args, {0, r.units});
    else
        ThreadPool::instance().run(r.kernel.fn, args_->data() + r.args, r.units, r.grain);
}

void Plan::step_chain(size_t chain, bool all_threads, const RowChainObserver& observer) {
    run_row_chain(chains_[chain], recording_.records, args_->data(), chain_memory_[chain], all_threads, observer);
}

template <class Each, class EachChain> int64_t Plan::replay(Each each, EachChain each_chain) {
    const auto& records = recording_.records;
    for (const Rows& rows : recording_.row_maps) rows->check();
    if (prepacked_ && prepacked_is_stale()) compute_prepacked(each);
    int64_t stopped = -1;
    size_t chain = 0;
    for (size_t i = prepacked_; i < records.size() && stopped < 0; ++i) {
        if (chain < chains_.size() && chains_[chain].first == i) {  // it has neither guards nor conditions
            each_chain(chain);
            i = chains_[chain++].last - 1;
            continue;
        }
        if (records[i].skipped()) continue;
        each(i);
        if (records[i].guard && *records[i].guard) stopped = (int64_t)i;
    }
    return stopped;
}

int64_t Plan::run() {
    return replay([this](size_t i) { step(recording_.records[i]); }, [this](size_t chain) { step_chain(chain); });
}

int64_t Plan::run_profiled() {
    using clock = std::chrono::steady_clock;
    const auto since = [](auto start) { return std::chrono::duration<double>(clock::now() - start).count(); };
    return replay(
        [&](size_t i) {
            const auto start = clock::now();
            step(recording_.records[i]);
            add_seconds(i, since(start));
        },
        [&](size_t c) {  // the chain's time, divided as that of all threads
            const RowChain& chain = chains_[c];
            std::vector<double> seconds(chain.last - chain.first);
            const auto start = clock::now();
            step_chain(c, true, [&](size_t record, const std::byte*, int64_t, int64_t, double taken) {
                seconds[record - chain.first] += taken;
            });
            const double share = since(start) / std::accumulate(seconds.begin(), seconds.end(), 1e-12);
            for (size_t i = 0; i < seconds.size(); ++i) add_seconds(chain.first + i, seconds[i] * share);
        });
}

int64_t Plan::run_timing_chunks(std::vector<std::vector<double>>& seconds) {
    seconds.resize(recording_.records.size());
    const auto each = [&](size_t i) {
        using clock = std::chrono::steady_clock;
        const Record& r = recording_.records[i];
        seconds[i].resize((size_t)((r.units + r.grain - 1) / r.grain), 1e9);
        auto start = clock::now();
        for (size_t chunk = 0; chunk < seconds[i].size(); ++chunk) {
            const int64_t begin = (int64_t)chunk * r.grain;
            r.kernel.fn(args_->data() + r.args, {begin, std::min(begin + r.grain, r.units)});
            const auto end = clock::now();
            seconds[i][chunk] = std::min(seconds[i][chunk], std::chrono::duration<double>(end - start).count());
            start = end;
        }
    };
    const auto each_chain = [&](size_t c) {
        step_chain(c, false, [&](size_t record, const std::byte*, int64_t begin, int64_t, double taken) {
            seconds[record].resize((size_t)chains_[c].blocks(), 1e9);
            double& least = seconds[record][(size_t)(begin / chains_[c].block)];
            least = std::min(least, taken);
        });
    };
    return replay(each, each_chain);
}

}  // namespace netlet
