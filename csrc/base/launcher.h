// What launches a kernel of a GPU. Plain types: the host code of netlet includes it without CUDA's headers.
#pragma once
#include "base/types.h"

namespace netlet {

// A launched kernel does nothing while one of these int32 cells in device memory is not 0: a step that was stopped
// updates no weight, and a record inside of Tape::begin_skip is left out. The host does not wait for either.
struct Gate {
    static constexpr int most = 4;
    const int32_t* closed[most] = {};
};

// The work of a device, in order.
struct Stream {
    void* raw;            // cudaStream_t
    int multiprocessors;  // of the device
    int capability;       // 90 is compute capability 9.0
    Gate gate;            // of the record that is launched
};

// A kernel of a GPU. `args` (host memory, pointers into device memory) and `units` are those of the record. It launches
// what the record needs, allocates nothing and waits for nothing, so that it can be captured in a graph.
using Launcher = void (*)(const void* args, int64_t units, Stream& stream);

}  // namespace netlet
