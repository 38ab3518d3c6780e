// Where a step wrote its first number that is not finite.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "plan/gpu_executor.h"
#include "plan/host_call.h"
#include "plan/plan.h"

namespace netlet {

namespace {

// Whether the record has written a number that is not finite to part `part` of `parts` equal parts of an operand.
bool writes_nonfinite(const Record& r, const std::byte* args, int64_t part, int64_t parts) {
    auto any = [](const auto* p, int64_t n) { return std::any_of(p, p + n, [](auto v) { return !std::isfinite(v); }); };
    for (const RecordOperand& o : r.operands) {
        if (!o.writes || !is_floating(o.dtype)) continue;
        const std::byte* p = nullptr;
        std::memcpy(&p, args + o.field, sizeof p);
        if (!p) continue;
        const int64_t n = o.shape.size() / parts;
        p += part * n * (int64_t)size_of(o.dtype);
        if (o.dtype == DType::f32 ? any((const float*)p, n) : any((const double*)p, n)) return true;
    }
    return false;
}

}  // namespace

// Runs the chain and returns the first record that writes a non-finite value, or -1.
int64_t Plan::find_nonfinite_in_chain(size_t chain) {
    int64_t found = -1;
    step_chain(chain, false, [&](size_t record, const std::byte* args, int64_t begin, int64_t end, double) {
        for (int64_t row = begin; row < end && (found < 0 || (int64_t)record < found); ++row)
            if (writes_nonfinite(recording_.records[record], args, row, chains_[chain].rows)) found = (int64_t)record;
    });
    return found;
}

int64_t Plan::find_nonfinite() {
    // Clears the arena, because some records write only a part of a value: non-finite numbers that an earlier run left
    // in the rest must not be found.
    if (gpu_)
        gpu_->restart();
    else
        std::memset(arena_->data(), 0, (size_t)arena_bytes_);
    for (Read& read : prepacked_reads_) read.version = never;
    for (const Rows& rows : recording_.row_maps) rows->check();
    int64_t last = -1;
    for (size_t i = 0; i < recording_.records.size(); ++i)
        if (recording_.records[i].guard && !is_host_call(recording_.records[i])) last = (int64_t)i;
    size_t chain = 0;
    for (int64_t i = 0; i <= last; ++i) {
        const Record& r = recording_.records[(size_t)i];
        if (chain < chains_.size() && chains_[chain].first == (size_t)i) {
            if (const int64_t found = find_nonfinite_in_chain(chain); found >= 0) return found;
            i = (int64_t)chains_[chain++].last - 1;
            continue;
        }
        if (gpu_ && gpu_->finds_nonfinite((size_t)i)) return i;
        if (gpu_ || r.skipped()) continue;
        step(r);
        if (writes_nonfinite(r, args_->data() + r.args, 0, 1) || (r.guard && *r.guard)) return i;
    }
    return -1;
}

}  // namespace netlet
