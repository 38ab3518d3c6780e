// Greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020): places the
// largest value first, each at the lowest offset where it overlaps no value that is alive at the same time.
#include "plan/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "base/buffer.h"

namespace netlet {

MemoryPlan pack(const std::vector<Lifetime>& values) {
    MemoryPlan plan;
    plan.offsets.assign(values.size(), 0);
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a].bytes > values[b].bytes; });

    constexpr int64_t align = Buffer::alignment;
    struct Placed {
        int64_t begin, end;
        int first, last;
    };
    std::vector<Placed> placed;  // sorted by begin
    for (size_t i : order) {
        const Lifetime& v = values[i];
        if (v.first > v.last) continue;
        const int64_t bytes = (v.bytes + align - 1) / align * align;
        int64_t at = 0;
        for (const Placed& p : placed) {
            if (p.last < v.first || v.last < p.first) continue;
            if (p.begin >= at + bytes) break;
            at = std::max(at, p.end);
        }
        plan.offsets[i] = at;
        plan.total = std::max(plan.total, at + bytes);
        const Placed p{at, at + bytes, v.first, v.last};
        placed.insert(
            std::upper_bound(placed.begin(), placed.end(), p, [](auto& a, auto& b) { return a.begin < b.begin; }), p);
    }
    return plan;
}

}  // namespace netlet
