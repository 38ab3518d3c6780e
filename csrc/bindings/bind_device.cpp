// GPUs: which there are, the current one, and copies to and from them.
#include "base/device.h"

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "dispatch/dispatch.h"

namespace netlet::bindings {

namespace {

py::list described_devices() {
    py::list found;
    for (const Device& device : devices()) {
        py::dict d;
        d["name"] = device.str();
        if (device.is_cpu()) {
            d["description"] = active_isa();
        } else {
            const DeviceInfo info = info_of(device);
            d["description"] = std::string(info.name);
            d["memory_bytes"] = info.memory_bytes;
            d["free_bytes"] = info.free_bytes;
            d["multiprocessors"] = info.multiprocessors;
            d["capability"] = info.capability;
        }
        found.append(d);
    }
    return found;
}

std::vector<std::string> kernels_of(const std::string& name) {
    const Device device = find_device(name);
    std::vector<std::string> found;
    const auto names = kernel_names();
    for (size_t i = 0; i < names.size(); ++i)
        if (device.is_cpu() || backend_of(device).launcher((uint16_t)i)) found.push_back(names[i]);
    return found;
}

}  // namespace

void bind_device(py::module_& m) {
    using namespace py::literals;
    m.def("load_backend", &load_backend, "path"_a, "Loads the kernels of a kind of GPU from a shared library.",
          NoGil());
    m.def("devices", &described_devices, "Each device: its name and what is known of it.");
    m.def("device_kernels", &kernels_of, "device"_a, "Names of the kernels that a device has.");
    m.def("current_device", [] { return current_device().str(); });
    m.def(
        "set_default_device", [](const std::string& name) { set_default_device(find_device(name)); }, "name"_a,
        "Where threads create tensors and run ops that have set no device of their own.");
    m.def(
        "set_own_device",
        [](const std::optional<std::string>& name) -> std::optional<std::string> {
            const auto before = own_device();
            set_own_device(name ? std::optional(find_device(*name)) : std::nullopt);
            return before ? std::optional(before->str()) : std::nullopt;
        },
        "name"_a, "Where this thread creates tensors and runs ops; returns what it had set before.");
    m.def(
        "to_device",
        [](const StoredArg& x, const std::string& name) {
            const OperandScope taken;  // the note is not for the next op
            const Device device = find_device(name);
            if (x->recorded()) throw RuntimeError("to_device: this tensor is part of a recorded step");
            const GilReleased nogil;
            return on_device(x, device);
        },
        "x"_a, "name"_a, "The same values in the memory of a device; x itself if it is there.");
    m.def(
        "move_to_device",
        [](const Tensor& x, const std::string& name) {
            if (x->recorded()) throw RuntimeError("move_to_device: this tensor is part of a recorded step");
            x->buffer->move_to(find_device(name));
        },
        "x"_a, "name"_a, "Moves the memory that this tensor is part of; all tensors that share it follow.", NoGil());
    m.def(
        "synchronize",
        [](const std::string& name) {
            const Device device = find_device(name);
            if (device.is_cpu()) return;
            const DeviceLock lock(device);
            check_device(device, backend_of(device).synchronize(device.index), "synchronize");
        },
        "name"_a, "Waits until the work of a device is done.", NoGil());
}

}  // namespace netlet::bindings
