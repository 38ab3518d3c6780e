// Runs one kernel now: on the CPU's threads, or in the queue of a GPU.
#pragma once
#include "base/device.h"
#include "base/thread_pool.h"
#include "base/types.h"

namespace netlet {

// The launcher that a GPU has for the kernel. NotImplementedError, which names the kernel and `scope`, if it has none.
Launcher launcher_for(Device device, const Kernel& kernel, const std::string& scope);

void launch(Device device, const Kernel& kernel, const void* args, int64_t units, const Gate& gate);

inline void run_kernel(Device device, const Kernel& kernel, void* args, int64_t units, int64_t grain) {
    if (device.is_cpu())
        ThreadPool::instance().run(kernel.fn, args, units, grain);
    else
        launch(device, kernel, args, units, {});
}

}  // namespace netlet
