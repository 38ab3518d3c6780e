#include "base/device.h"

#include <atomic>
#include <cctype>

#include "base/error.h"
#include "base/shared_library.h"

namespace netlet {

namespace {

struct Loaded {
    Backend* backend;
    std::recursive_mutex mutex;  // one for all devices of the backend: its calls are short
};

std::mutex list_mutex;
// Never destroyed: tensors in device memory may live until the process ends.
std::vector<Loaded*>& loaded() {
    static auto* list = new std::vector<Loaded*>;
    return *list;
}

Loaded& find(Device device) {
    const std::lock_guard lock(list_mutex);
    for (Loaded* l : loaded())
        if (l->backend->kind() == device.kind) return *l;
    throw RuntimeError(device.str() + ": expected a device of netlet.devices()");
}

// Why a backend has no device: "; CUDA: no device".
std::string why_absent() {
    std::string why;
    const std::lock_guard lock(list_mutex);
    for (Loaded* l : loaded()) {
        DeviceInfo info{};
        if (l->backend->devices() > 0) continue;
        if (const char* message = l->backend->info(0, info)) why += std::string("; ") + message;
    }
    return why;
}

constinit thread_local std::optional<Device> own;
constinit thread_local Device noted;  // the GPU of an argument of the next op, or the CPU
std::atomic<Device> shared{};

}  // namespace

std::string Device::str() const {
    const char* names[] = {"cpu:", "cuda:", "sim:"};
    return std::string(names[(int)kind]).append(std::to_string(index));
}

void load_backend(const std::string& path) {
    using Entry = Backend* (*)(const char* version);
    const auto entry = (Entry)function_of_library(path, "netlet_backend", "load_backend");
    if (!entry) throw RuntimeError("load_backend: " + path + " is no backend of netlet");
    Backend* backend = entry(NETLET_BUILD);
    if (!backend) throw RuntimeError("load_backend: " + path + " was built for another netlet than " NETLET_BUILD);
    const std::lock_guard lock(list_mutex);
    for (Loaded* l : loaded())
        if (l->backend->kind() == backend->kind()) return;
    loaded().push_back(new Loaded{backend, {}});
    gpus_loaded = true;
}

std::vector<Device> devices() {
    std::vector<Device> found{Device{}};
    const std::lock_guard lock(list_mutex);
    for (Loaded* l : loaded())
        for (int i = 0; i < l->backend->devices(); ++i) found.push_back({l->backend->kind(), i});
    return found;
}

Device find_device(const std::string& name) {
    const auto colon = name.find(':');
    std::string kind = name.substr(0, colon);
    for (char& c : kind) c = (char)std::tolower((unsigned char)c);
    const std::string index = colon == std::string::npos ? "0" : name.substr(colon + 1);
    std::string known;
    for (const Device& device : devices()) {
        const std::string own = device.str(), own_kind = own.substr(0, own.find(':'));
        if (index == std::to_string(device.index) &&
            (kind == own_kind || (kind == "gpu" && device.kind == Device::Kind::cuda)))
            return device;
        known += (known.empty() ? "" : ", ") + own;
    }
    throw ValueError("device: expected one of " + known + ", received '" + name + "'" + why_absent());
}

Backend& backend_of(Device device) { return *find(device).backend; }

DeviceInfo info_of(Device device) {
    const DeviceLock lock(device);
    DeviceInfo info{};
    check_device(device, backend_of(device).info(device.index, info), "netlet.devices()");
    return info;
}

std::atomic<bool> gpus_loaded{false};

Device chosen_device() { return own ? *own : shared.load(std::memory_order_relaxed); }
std::optional<Device> own_device() { return own; }
void set_own_device(std::optional<Device> device) { own = device; }
void set_default_device(Device device) { shared = device; }

void note_operand(Device device) {
    if (!device.is_cpu()) noted = device;
}

bool OperandScope::take_note() {
    const bool applies = !noted.is_cpu() && !own;
    if (applies) own = noted;
    noted = {};
    return applies;
}

DeviceLock::DeviceLock(Device device) : lock_(find(device).mutex) {}

void check_device(Device device, const char* message, const std::string& what) {
    if (message) throw RuntimeError(device.str() + ": " + what + ": " + message);
}

}  // namespace netlet
