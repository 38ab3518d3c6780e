// Devices: the CPU, GPUs, and simulated GPUs. A backend, a shared library of its own, brings the kernels of one kind of
// GPU; `netlet._core` knows it by the interface below only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/launcher.h"

namespace netlet {

struct Device {
    enum class Kind : uint8_t { cpu, cuda, sim };
    Kind kind = Kind::cpu;
    int index = 0;
    bool operator==(const Device&) const = default;
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
    virtual const char* synchronize(int device) = 0;

    // What is queued between begin and end is captured and does not run.
    virtual const char* begin_capture(int device) = 0;
    virtual const char* end_capture(int device, Graph*& graph) = 0;
    virtual const char* queue_graph(int device, Graph* graph) = 0;
    virtual void release_graph(int device, Graph* graph) = 0;
};

}  // namespace netlet
