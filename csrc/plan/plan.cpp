#include "plan/plan.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "base/thread_pool.h"
#include "plan/memory_plan.h"

namespace netlet {

Plan::Plan(Recording recording) : recording_(std::move(recording)) {
    auto& records = recording_.records;
    auto& slots = recording_.slots;

    // Lifetimes, in records. Inputs and outputs live in the caller's memory and need no place here.
    std::vector<Lifetime> lifetimes(slots.size());
    for (size_t s = 0; s < slots.size(); ++s) lifetimes[s] = {slots[s].bytes, (int)records.size(), -1};
    for (size_t i = 0; i < records.size(); ++i)
        for (const RecordOperand& o : records[i].operands)
            if (o.slot >= 0 && slots[(size_t)o.slot].kind == Slot::Kind::temporary) {
                Lifetime& life = lifetimes[(size_t)o.slot];
                life.first = std::min(life.first, (int)i);
                life.last = (int)i;
            }
    const MemoryPlan memory = pack(lifetimes);
    arena_bytes_ = memory.total;
    for (const Lifetime& life : lifetimes)
        if (life.first <= life.last) unplanned_bytes_ += life.bytes;
    arena_ = Buffer::allocate((size_t)arena_bytes_);
    args_ = Buffer::allocate(recording_.args.size());
    std::memcpy(args_->data(), recording_.args.data(), recording_.args.size());
    recording_.args = {};

    uses_.resize(slots.size());
    for (Record& r : records)
        for (RecordOperand& o : r.operands) {
            std::byte* field = args_->data() + r.args + o.field;
            if (o.slot >= 0 && slots[(size_t)o.slot].kind != Slot::Kind::temporary) {
                uses_[(size_t)o.slot].push_back({field, o.offset});
                continue;
            }
            void* p =
                o.slot >= 0 ? arena_->data() + memory.offsets[(size_t)o.slot] + o.offset : o.buffer->data() + o.offset;
            std::memcpy(field, &p, sizeof p);
        }
    seconds_.assign(records.size(), 0);
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

int64_t Plan::run() {
    ThreadPool& pool = ThreadPool::instance();
    const std::byte* args = args_->data();
    for (const Record& r : recording_.records) {
        if (r.units <= r.grain)
            r.kernel.fn(args + r.args, {0, r.units});
        else
            pool.run(r.kernel.fn, args + r.args, r.units, r.grain);
        if (r.guard && *r.guard) return &r - recording_.records.data();
    }
    return -1;
}

int64_t Plan::run_profiled() {
    using clock = std::chrono::steady_clock;
    ThreadPool& pool = ThreadPool::instance();
    for (size_t i = 0; i < recording_.records.size(); ++i) {
        const Record& r = recording_.records[i];
        const auto start = clock::now();
        pool.run(r.kernel.fn, args_->data() + r.args, r.units, r.grain);
        seconds_[i] += std::chrono::duration<double>(clock::now() - start).count();
        if (r.guard && *r.guard) return (int64_t)i;
    }
    return -1;
}

bool Plan::writes_nonfinite(const Record& r) const {
    auto any = [](const auto* p, int64_t n) { return std::any_of(p, p + n, [](auto v) { return !std::isfinite(v); }); };
    for (const RecordOperand& o : r.operands) {
        if (!o.writes || !is_floating(o.dtype)) continue;
        const void* p = nullptr;
        std::memcpy(&p, args_->data() + r.args + o.field, sizeof p);
        if (!p) continue;
        if (o.dtype == DType::f32 ? any((const float*)p, o.shape.size()) : any((const double*)p, o.shape.size()))
            return true;
    }
    return false;
}

int64_t Plan::find_nonfinite() {
    // What an earlier run left behind must not be taken for this one's: some records write a part of a value only.
    std::memset(arena_->data(), 0, (size_t)arena_bytes_);
    ThreadPool& pool = ThreadPool::instance();
    for (size_t i = 0; i < recording_.records.size(); ++i) {
        const Record& r = recording_.records[i];
        pool.run(r.kernel.fn, args_->data() + r.args, r.units, r.grain);
        if (writes_nonfinite(r)) return (int64_t)i;
        if (r.guard) return *r.guard ? (int64_t)i : -1;
    }
    return -1;
}

}  // namespace netlet
