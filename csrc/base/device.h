// Devices: the CPU, GPUs, and simulated GPUs. A backend, a shared library of its own, brings the kernels of one kind of
// GPU; `netlet._core` knows it by the interface below only.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/launcher.h"

namespace netlet {

struct Device {
    enum class Kind : uint8_t { cpu, cuda, sim };
    Kind kind = Kind::cpu;
    int index = 0;
    bool operator==(const Device&) const = default;
    bool is_cpu() const { return kind == Kind::cpu; }
    std::string str() const;  // "cpu:0", "cuda:0", "sim:0"
};

struct DeviceInfo {
    char name[256];
    int64_t memory_bytes, free_bytes;
    int multiprocessors;
    int capability;  // 90 is compute capability 9.0
};

// A captured sequence of launches and copies, owned by the backend.
struct Graph;

// What a backend offers. A function that can fail returns null, or the message of the error, which stays valid until
// the thread's next call. All calls for a device come under its lock (DeviceLock), and its work runs in order.
class Backend {
  public:
    virtual ~Backend() = default;
    virtual Device::Kind kind() const = 0;
    virtual int devices() = 0;
    virtual const char* info(int device, DeviceInfo& info) = 0;
    // The kernel at that index of kernels.def, or null if this backend has none.
    virtual Launcher launcher(uint16_t kernel) const = 0;

    // Memory is allocated and released in the order of the device's work: what is queued before `release` may use it.
    // Returns a null `memory` and no message if there is not enough.
    virtual const char* allocate(int device, size_t bytes, void*& memory) = 0;
    virtual void release(int device, void* memory) = 0;
    // Host memory that the device reads while later work is queued.
    virtual const char* allocate_pinned(int device, size_t bytes, void*& memory) = 0;
    virtual void release_pinned(int device, void* memory) = 0;

    // Copies return when the bytes have arrived, `queue_` ones at once: their memory must live until `synchronize`.
    virtual const char* to_device(int device, void* to, const void* from, size_t bytes) = 0;
    virtual const char* to_host(int device, void* to, const void* from, size_t bytes) = 0;
    virtual const char* queue_to_device(int device, void* to, const void* pinned, size_t bytes) = 0;
    virtual const char* queue_to_host(int device, void* pinned, const void* from, size_t bytes) = 0;
    virtual const char* queue_copy(int device, void* to, const void* from, size_t bytes) = 0;
    virtual const char* queue_zero(int device, void* memory, size_t bytes) = 0;

    virtual const char* launch(int device, Launcher launcher, const void* args, int64_t units, const Gate& gate) = 0;
    // Writes `value` to *stopped if *flag is not 0 and *stopped still is 0.
    virtual const char* queue_stop(int device, const int32_t* flag, int32_t* stopped, int32_t value) = 0;
    // Adds 1 to *count unless *stopped is not 0.
    virtual const char* queue_count(int device, const int32_t* stopped, int64_t* count) = 0;
    virtual const char* synchronize(int device) = 0;

    // What is queued between begin and end is captured and does not run.
    virtual const char* begin_capture(int device) = 0;
    virtual const char* end_capture(int device, Graph*& graph) = 0;
    virtual const char* queue_graph(int device, Graph* graph) = 0;
    virtual void release_graph(int device, Graph* graph) = 0;
};

// Loads the backend in that shared library. RuntimeError if it cannot be loaded or is of another version of netlet.
void load_backend(const std::string& path);
std::vector<Device> devices();                // the CPU first
Device find_device(const std::string& name);  // "cpu", "sim:0", "gpu:0" (any kind of real GPU); ValueError if unknown
DeviceInfo info_of(Device device);
Backend& backend_of(Device device);

// Whether a backend was loaded. Until then there is the CPU only, and eager ops look at no thread's device.
extern std::atomic<bool> gpus_loaded;

// The device on which this thread creates tensors and runs eager ops: the one that it has set, else the default.
Device chosen_device();
inline Device current_device() { return gpus_loaded.load(std::memory_order_relaxed) ? chosen_device() : Device{}; }
std::optional<Device> own_device();  // that this thread has set
void set_own_device(std::optional<Device> device);
void set_default_device(Device device);  // of all threads

// Makes a device the current one during the lifetime of this object.
class DeviceScope {
  public:
    explicit DeviceScope(Device device) : before_(own_device()) { set_own_device(device); }
    ~DeviceScope() { set_own_device(before_); }
    DeviceScope(const DeviceScope&) = delete;
    DeviceScope& operator=(const DeviceScope&) = delete;

  private:
    const std::optional<Device> before_;
};

// An eager op runs where its operands are, if the thread has set no device. The conversion of each argument notes where
// it is; the scope of the op then takes the note.
void note_operand(Device device);
class OperandScope {
  public:
    OperandScope() {
        if (gpus_loaded.load(std::memory_order_relaxed)) applied_ = take_note();
    }
    ~OperandScope() {
        if (applied_) set_own_device(std::nullopt);
    }
    OperandScope(const OperandScope&) = delete;
    OperandScope& operator=(const OperandScope&) = delete;

  private:
    static bool take_note();
    bool applied_ = false;
};

// Held while a thread uses a device. One thread may hold it several times.
class DeviceLock {
  public:
    explicit DeviceLock(Device device);

  private:
    std::unique_lock<std::recursive_mutex> lock_;
};

// Throws RuntimeError with the message of a backend, if there is one: "sim:0: launch of x failed: ...".
void check_device(Device device, const char* message, const std::string& what);

}  // namespace netlet
