// What a plan runs over: the caller's arrays, and which of their rows.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "plan/tensor.h"

namespace netlet {

// `count` steps over rows first, first + batch, ... of the sources, or of the rows that `order` lists.
struct Batches {
    std::vector<Tensor> sources;     // in the plan's order
    const int64_t* order = nullptr;  // rows of the sources; null: in order
    int64_t first = 0, count = 1;
    double seconds = 1e9;  // ends early after this time, so that the caller can show progress and handle signals
    struct Output {
        std::byte* data;     // host memory of the first step's output
        int64_t step_bytes;  // from one step's output to the next; 0: each step writes over the last
    };
    std::vector<Output> outputs;
    std::vector<std::pair<Tensor, const double*>> scalars;  // float64 cells, and their value in each step
    bool profiled = false;                                  // adds the time of each record to Plan::seconds
};

struct Ran {
    int64_t done = 0;      // steps
    int64_t stopped = -1;  // the record whose guard stopped the next step, or -1
};

}  // namespace netlet
