// What tests ask the simulated GPU.
#pragma once
#include <cstdint>
#include <memory>

#include "base/device.h"

namespace netlet::sim {

// What ran so far.
struct Counts {
    int64_t kernels, graphs, copies_to_device, copies_to_host, copies_on_device, synchronizations;
};
extern Counts counts;

// A backend beside that of netlet_backend(), with a stream of its own.
std::unique_ptr<Backend> make_backend();

// Makes a lost device usable again; what was queued is dropped.
void revive();

}  // namespace netlet::sim
