#include "plan/launch.h"

#include "base/error.h"

namespace netlet {

Launcher launcher_for(Device device, const Kernel& kernel, const std::string& scope) {
    if (const Launcher launcher = backend_of(device).launcher(kernel.index)) return launcher;
    throw NotImplementedError(std::string(kernel.name) + " has no kernel for " + device.str() +
                              (scope.empty() ? "" : " (layer " + scope + ")") +
                              ": run this op on the CPU, in `with netlet.device(\"cpu\")`");
}

void launch(Device device, const Kernel& kernel, const void* args, int64_t units, const Gate& gate) {
    const Launcher launcher = launcher_for(device, kernel, "");
    const DeviceLock lock(device);
    check_device(device, backend_of(device).launch(device.index, launcher, args, units, gate), kernel.name);
}

}  // namespace netlet
