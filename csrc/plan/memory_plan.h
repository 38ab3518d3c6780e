// Packs values into one arena: two values may share bytes if they are never alive at the same time.
#pragma once
#include <cstdint>
#include <vector>

namespace netlet {

struct Lifetime {
    int64_t bytes;
    int first, last;  // first and last record that touches the value, inclusive; first > last: never used
};

struct MemoryPlan {
    std::vector<int64_t> offsets;  // one for each lifetime
    int64_t total = 0;
};

MemoryPlan pack(const std::vector<Lifetime>& values);

}  // namespace netlet
