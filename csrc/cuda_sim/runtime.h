// What tests ask the simulated GPU.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/device.h"

namespace netlet::sim {

// What ran so far.
struct Counts {
    int64_t kernels, graphs, copies_to_device, copies_to_host, copies_on_device, synchronizations;
};
extern Counts counts;

// A backend beside that of netlet_backend(), with a stream of its own.
std::unique_ptr<Backend> make_backend();

// Ends all queued work and makes a lost device usable again. Returns the error of that work, or an empty string.
std::string revive();

}  // namespace netlet::sim
