#include "plan/row_chain.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <mutex>
#include <numeric>
#include <thread>
#include <unordered_map>

#include "base/buffer.h"
#include "base/cpu_info.h"
#include "base/thread_pool.h"
#include "plan/memory_plan.h"
#include "plan/tape.h"

namespace netlet {

namespace {

constexpr size_t most_argument_bytes = 2048;
constexpr int64_t fewest_rows = 8;            // fewer do not balance between threads
constexpr int64_t large_value = 1024 * 1024;  // bytes: smaller ones stay in the L2 cache as they are
constexpr int64_t block_bytes = 256 * 1024;   // half of a small L2 cache
constexpr int64_t most_places = 64;

int64_t bytes_of(const RecordOperand& o) { return o.shape.size() * (int64_t)size_of(o.dtype); }

// How the records of a chain touch one slot, or one buffer that exists before the plan.
struct Touch {
    bool by_row, written;
    int64_t offset, bytes;
    bool matches(const RecordOperand& o) const {
        return by_row && o.by_row && o.offset == offset && bytes_of(o) == bytes;
    }
};

class Builder {
  public:
    // Adds the next record if its rows need nothing but the same rows of what the chain has written so far.
    bool add(const Record& r) {
        const int64_t rows = std::gcd(rows_, r.rows);
        if (rows < fewest_rows || r.skip || r.guard || r.args_bytes > most_argument_bytes) return false;
        for (const RecordOperand& o : r.operands) {
            if (o.by_row && bytes_of(o) % rows != 0) return false;
            const auto found = touched_.find(key(o));
            if (found == touched_.end()) continue;
            const bool read_only = !o.writes && !found->second.written;
            if (!read_only && !found->second.matches(o)) return false;
        }
        for (const RecordOperand& o : r.operands) {
            if (o.writes && !o.by_row) return false;
            const auto [at, added] = touched_.try_emplace(key(o), Touch{o.by_row, o.writes, o.offset, bytes_of(o)});
            at->second.by_row = at->second.matches(o);
            at->second.written = at->second.written || o.writes;
        }
        rows_ = rows;
        return true;
    }
    int64_t rows() const { return rows_; }

  private:
    static const void* key(const RecordOperand& o) {
        return o.slot >= 0 ? (const void*)(uintptr_t)(2 * (size_t)o.slot + 1) : o.buffer.get();
    }
    int64_t rows_ = 0;  // gcd(0, n) = n
    std::unordered_map<const void*, Touch> touched_;
};

// The first and the last record that touch a slot, and whether all do so by row.
struct SlotUse {
    size_t first = SIZE_MAX, last = 0;
    bool by_row;
};

std::vector<SlotUse> uses_of_slots(const Recording& recording) {
    std::vector<SlotUse> uses;
    for (const Slot& slot : recording.slots) uses.push_back({.by_row = slot.kind == Slot::Kind::temporary});
    for (size_t i = 0; i < recording.records.size(); ++i)
        for (const RecordOperand& o : recording.records[i].operands) {
            if (o.slot < 0) continue;
            SlotUse& use = uses[(size_t)o.slot];
            use.first = std::min(use.first, i);
            use.last = i;
            use.by_row =
                use.by_row && o.by_row && o.offset == 0 && bytes_of(o) == recording.slots[(size_t)o.slot].bytes;
        }
    return uses;
}

// Gives the chain its private memory; false if it saves too little.
bool plan_memory(const Recording& recording, const std::vector<SlotUse>& uses, RowChain& chain) {
    std::vector<Lifetime> values;  // of the private slots, for one row
    std::unordered_map<int, size_t> value_of;
    for (size_t i = chain.first; i < chain.last; ++i)
        for (const RecordOperand& o : recording.records[i].operands) {
            const SlotUse* use = o.slot >= 0 ? &uses[(size_t)o.slot] : nullptr;
            if (!use || !use->by_row || use->first < chain.first || use->last >= chain.last) continue;
            const int64_t row_bytes = bytes_of(o) / chain.rows;
            if (value_of.try_emplace(o.slot, values.size()).second)
                values.push_back({row_bytes, (int)use->first, (int)use->last});
            chain.privates.push_back({i, o.slot, o.field, 0, row_bytes});
        }
    const int64_t cpus = usable_cpus();
    const bool large = std::any_of(values.begin(), values.end(),
                                   [&](const Lifetime& v) { return v.bytes * chain.rows >= large_value; });
    if (!large || chain.rows < cpus) return false;  // record by record, more threads have work
    const int64_t row_bytes = pack(values).total;
    chain.block = std::clamp<int64_t>(block_bytes / row_bytes, 1, chain.rows / std::max(fewest_rows, cpus));
    for (Lifetime& v : values) v.bytes *= chain.block;
    const MemoryPlan memory = pack(values);
    for (RowChain::Private& p : chain.privates) p.offset = memory.offsets[value_of[p.slot]];
    constexpr int64_t page = 4096;
    chain.bytes = (memory.total + page - 1) / page * page;
    chain.places =
        std::min({chain.blocks(), most_places, std::max<int64_t>(cpus, ThreadPool::instance().num_threads())});
    return true;
}

struct Run {
    const RowChain& chain;
    const std::vector<Record>& records;
    const std::byte* args;
    RowChainMemory& memory;
    const RowChainObserver& observer;
    std::mutex* mutex;  // of the observer
};

// A place for the private memory of a block. There are as many as threads when the plan was made; if there are more
// threads now, some wait.
class Place {
  public:
    Place(RowChainMemory& memory, int64_t places) : memory_(memory) {
        const uint64_t all = places == 64 ? ~uint64_t{0} : (uint64_t{1} << places) - 1;
        uint64_t taken = memory_.in_use.load(std::memory_order_relaxed);
        for (;;) {
            const uint64_t free = ~taken & all;
            if (free == 0) {
                std::this_thread::yield();
                taken = memory_.in_use.load(std::memory_order_relaxed);
                continue;
            }
            bit_ = free & -free;
            if (memory_.in_use.compare_exchange_weak(taken, taken | bit_, std::memory_order_acquire)) break;
        }
    }
    ~Place() { memory_.in_use.fetch_and(~bit_, std::memory_order_release); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    int64_t number() const { return std::countr_zero(bit_); }

  private:
    RowChainMemory& memory_;
    uint64_t bit_ = 0;
};

void run_block(const Run& run, std::byte* memory, int64_t block) {
    using clock = std::chrono::steady_clock;
    const RowChain& chain = run.chain;
    const int64_t begin = block * chain.block, end = std::min(begin + chain.block, chain.rows);
    alignas(64) std::byte args[most_argument_bytes];
    size_t next = 0;
    for (size_t i = chain.first; i < chain.last; ++i) {
        const Record& r = run.records[i];
        std::memcpy(args, run.args + r.args, r.args_bytes);
        for (; next < chain.privates.size() && chain.privates[next].record == i; ++next) {
            const RowChain::Private& p = chain.privates[next];
            // The kernel counts rows from the first of the batch, which has no memory here.
            const uintptr_t row0 = (uintptr_t)(memory + p.offset) - (uintptr_t)(begin * p.row_bytes);
            std::memcpy(args + p.field, &row0, sizeof row0);
        }
        const Range units{begin * (r.units / chain.rows), end * (r.units / chain.rows)};
        if (!run.observer) {
            r.kernel.fn(args, units);
            continue;
        }
        const auto from = clock::now();
        r.kernel.fn(args, units);
        const double seconds = std::chrono::duration<double>(clock::now() - from).count();
        const std::lock_guard lock(*run.mutex);
        run.observer(i, args, begin, end, seconds);
    }
}

void run_blocks(const void* args, Range blocks) {
    const Run& run = *static_cast<const Run*>(args);
    const Place place(run.memory, run.chain.places);
    std::byte* memory = run.memory.begin + place.number() * run.chain.bytes;
    for (int64_t block = blocks.begin; block < blocks.end; ++block) run_block(run, memory, block);
}

}  // namespace

RowBlocks row_blocks(int64_t rows, int64_t each, int64_t block) {
    if (rows < fewest_rows || each < 1) return {block, 0};
    if (block <= each) {
        const int64_t fewest = (each + block - 1) / block;
        for (int64_t parts = fewest; parts <= 2 * fewest; ++parts)
            if (each % parts == 0) return {each / parts, rows};
    } else
        for (int64_t together = block / each; 2 * together * each >= block; --together)
            if (rows % together == 0) return {together * each, rows / together};
    return {block, 0};
}

std::vector<RowChain> find_row_chains(const Recording& recording, size_t from) {
    std::vector<RowChain> chains;
    const auto& records = recording.records;
    const std::vector<SlotUse> uses = uses_of_slots(recording);
    for (size_t first = from; first < records.size();) {
        Builder builder;
        size_t last = first;
        while (last < records.size() && records[last].rows > 0 && builder.add(records[last])) ++last;
        RowChain chain{first, last, builder.rows(), 1, 0, 1, {}};
        if (last - first > 1 && plan_memory(recording, uses, chain)) chains.push_back(std::move(chain));
        first = std::max(last, first + 1);
    }
    return chains;
}

void run_row_chain(const RowChain& chain, const std::vector<Record>& records, const std::byte* args,
                   RowChainMemory& memory, bool all_threads, const RowChainObserver& observer) {
    memory.in_use = 0;  // the plan has one user at a time; one that a fork interrupted has left its places taken
    std::mutex mutex;
    const Run run{chain, records, args, memory, observer, &mutex};
    if (all_threads)
        ThreadPool::instance().run(run_blocks, &run, chain.blocks(), 1);
    else
        run_blocks(&run, {0, chain.blocks()});
}

}  // namespace netlet
