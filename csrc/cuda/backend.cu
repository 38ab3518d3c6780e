// The backend of NVIDIA's GPUs, and of the simulated one: memory, copies, launches and graphs by the CUDA runtime API.
// Each device has one stream, so its work runs in order.
#include <cuda_runtime.h>

#include <memory>
#include <string>
#include <vector>

#include "base/device.h"
#include "cuda/launch.h"
#if defined(NETLET_CUDA_SIM)
#include "device_memory.h"
#include "runtime.h"
#endif

struct netlet::Graph {
    cudaGraphExec_t executable = nullptr;
};

namespace netlet::cuda {
namespace {

__device__ void stop(const int32_t* flag, int32_t* stopped, int32_t value) {
    if (*flag && !*stopped) *stopped = value;
}
__device__ void count_step(const int32_t* stopped, int64_t* count) {
    if (!*stopped) ++*count;
}

constexpr int least_capability = 80;  // cp.async and bfloat16 tensor cores

const char* message(std::string text) {
    static thread_local std::string latest;
    latest = std::move(text);
    return latest.c_str();
}

class CudaBackend final : public Backend {
  public:
    CudaBackend() {
        int count = 0;
        const cudaError_t error = cudaGetDeviceCount(&count);
        if (error != cudaSuccess) {
            cudaGetLastError();
            none_ = std::string("CUDA: ") + cudaGetErrorString(error);
            if (error == cudaErrorInsufficientDriver)
                none_ += " (expected a driver at least as new as the CUDA runtime of this build)";
            count = 0;
        } else if (count == 0) {
            none_ = "CUDA: no device";
        }
        states_ = std::vector<State>((size_t)count);
    }

    Device::Kind kind() const override {
#if defined(NETLET_CUDA_SIM)
        return Device::Kind::sim;
#else
        return Device::Kind::cuda;
#endif
    }
    int devices() override { return (int)states_.size(); }

    const char* info(int device, DeviceInfo& info) override {
        if (states_.empty()) return message(none_);
        if (const char* error = use(device)) return error;
        cudaDeviceProp properties;
        size_t free = 0, total = 0;
        if (const char* error = check(device, "info", cudaGetDeviceProperties(&properties, device))) return error;
        if (const char* error = check(device, "info", cudaMemGetInfo(&free, &total))) return error;
        info = {};
        for (size_t i = 0; i + 1 < sizeof(info.name) && properties.name[i]; ++i) info.name[i] = properties.name[i];
        info.memory_bytes = (int64_t)total;
        info.free_bytes = (int64_t)free;
        info.multiprocessors = properties.multiProcessorCount;
        info.capability = properties.major * 10 + properties.minor;
        return nullptr;
    }

    Launcher launcher(uint16_t kernel) const override {
        return kernel < (uint16_t)KernelIndex::count ? launchers[kernel] : nullptr;
    }

    const char* allocate(int device, size_t bytes, void*& memory) override {
        memory = nullptr;
        if (const char* error = use(device)) return error;
        const cudaError_t error = cudaMallocAsync(&memory, bytes, stream(device));
        if (error == cudaErrorMemoryAllocation) {
            cudaGetLastError();
            memory = nullptr;
            return nullptr;
        }
        const std::string doing = "allocating " + std::to_string(bytes) + " bytes";
        return check(device, doing.c_str(), error);
    }
    void release(int device, void* memory) override {
        use(device);
        cudaFreeAsync(memory, stream(device));
        if (states_[(size_t)device].lost.empty()) cudaGetLastError();
    }
    const char* allocate_pinned(int device, size_t bytes, void*& memory) override {
        if (const char* error = use(device)) return error;
        const std::string doing = "allocating " + std::to_string(bytes) + " pinned bytes";
        return check(device, doing.c_str(), cudaHostAlloc(&memory, bytes, cudaHostAllocDefault));
    }
    void release_pinned(int device, void* memory) override {
        use(device);
        cudaFreeHost(memory);
        if (states_[(size_t)device].lost.empty()) cudaGetLastError();
    }

    const char* to_device(int device, void* to, const void* from, size_t bytes) override {
        if (const char* error = copy(device, to, from, bytes, cudaMemcpyHostToDevice)) return error;
        return synchronize(device);
    }
    const char* to_host(int device, void* to, const void* from, size_t bytes) override {
        if (const char* error = copy(device, to, from, bytes, cudaMemcpyDeviceToHost)) return error;
        return synchronize(device);
    }
    const char* queue_to_device(int device, void* to, const void* pinned, size_t bytes) override {
        if (const char* error = require_pinned(pinned, bytes)) return error;
        return copy(device, to, pinned, bytes, cudaMemcpyHostToDevice);
    }
    const char* queue_to_host(int device, void* pinned, const void* from, size_t bytes) override {
        if (const char* error = require_pinned(pinned, bytes)) return error;
        return copy(device, pinned, from, bytes, cudaMemcpyDeviceToHost);
    }
    const char* queue_copy(int device, void* to, const void* from, size_t bytes) override {
        return copy(device, to, from, bytes, cudaMemcpyDeviceToDevice);
    }
    const char* queue_zero(int device, void* memory, size_t bytes) override {
        if (bytes == 0) return nullptr;
        if (const char* error = use(device)) return error;
        return check(device, "zeroing memory", cudaMemsetAsync(memory, 0, bytes, stream(device)));
    }

    const char* launch(int device, Launcher launcher, const void* args, int64_t units, const Gate& gate) override {
        if (const char* error = use(device)) return error;
        Stream& s = states_[(size_t)device].launch;
        s.gate = gate;
        launcher(args, units, s);
        return check(device, "launching a kernel", cudaGetLastError());
    }
    const char* queue_stop(int device, const int32_t* flag, int32_t* stopped, int32_t value) override {
        return launch_cell_kernel(device,
                                  [&](const Stream& s) { cuda::launch<stop, 1>(s, 1, 0, flag, stopped, value); });
    }
    const char* queue_count(int device, const int32_t* stopped, int64_t* count) override {
        return launch_cell_kernel(device,
                                  [&](const Stream& s) { cuda::launch<count_step, 1>(s, 1, 0, stopped, count); });
    }
    const char* synchronize(int device) override {
        if (const char* error = use(device)) return error;
        return check(device, "waiting for the device", cudaStreamSynchronize(stream(device)));
    }

    const char* begin_capture(int device) override {
        if (const char* error = use(device)) return error;
        return check(device, "beginning a capture",
                     cudaStreamBeginCapture(stream(device), cudaStreamCaptureModeThreadLocal));
    }
    const char* end_capture(int device, Graph*& graph) override {
        if (const char* error = use(device)) return error;
        cudaGraph_t captured = nullptr;
        graph = nullptr;
        if (const char* error = check(device, "ending a capture", cudaStreamEndCapture(stream(device), &captured)))
            return error;
        auto made = std::make_unique<Graph>();
        const cudaError_t error = cudaGraphInstantiate(&made->executable, captured, 0);
        cudaGraphDestroy(captured);
        if (const char* text = check(device, "building a graph", error)) return text;
        graph = made.release();
        return nullptr;
    }
    const char* queue_graph(int device, Graph* graph) override {
        if (const char* error = use(device)) return error;
        return check(device, "launching a graph", cudaGraphLaunch(graph->executable, stream(device)));
    }
    void release_graph(int device, Graph* graph) override {
        use(device);
        if (graph) cudaGraphExecDestroy(graph->executable);
        delete graph;
    }

  private:
    struct State {
        Stream launch{};
        std::string lost;  // the error after which the driver refuses all calls of this process
    };

    cudaStream_t stream(int device) { return static_cast<cudaStream_t>(states_[(size_t)device].launch.raw); }

    template <class Launch> const char* launch_cell_kernel(int device, Launch&& launch_it) {
        if (const char* error = use(device)) return error;
        Stream& s = states_[(size_t)device].launch;
        s.gate = {};
        launch_it(s);
        return check(device, "launching a kernel", cudaGetLastError());
    }

    // Makes it the thread's device, with a stream.
    const char* use(int device) {
        if (device < 0 || device >= devices())
            return message(none_.empty() ? "CUDA: there is no device " + std::to_string(device) : none_);
        State& state = states_[(size_t)device];
#if defined(NETLET_CUDA_SIM)
        if (!state.lost.empty() && cudaFree(nullptr) == cudaSuccess) state.lost.clear();  // netlet_sim_revive
#endif
        if (!state.lost.empty()) return message(state.lost);
        if (const char* error = check(device, "choosing the device", cudaSetDevice(device))) return error;
        if (state.launch.raw) return nullptr;
        cudaDeviceProp properties;
        if (const char* error = check(device, "info", cudaGetDeviceProperties(&properties, device))) return error;
        state.launch.multiprocessors = properties.multiProcessorCount;
        state.launch.capability = properties.major * 10 + properties.minor;
        if (state.launch.capability < least_capability)
            return message(std::string("CUDA: expected compute capability 8.0 or later, but ") + properties.name +
                           " has " + std::to_string(properties.major) + "." + std::to_string(properties.minor));
        cudaStream_t stream = nullptr;
        const cudaError_t error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
        if (const char* text = check(device, "creating a stream", error)) return text;
        state.launch.raw = stream;
        return nullptr;
    }

    // Null, or the message of the error. If the driver repeats the error at the next call, the device is lost.
    const char* check(int device, const char* doing, cudaError_t error) {
        if (error == cudaSuccess) return nullptr;
        cudaGetLastError();
        const std::string text = std::string("CUDA, ") + doing + ": " + cudaGetErrorString(error);
        if (error != cudaErrorMemoryAllocation && cudaFree(nullptr) != cudaSuccess) {
            State& state = states_[(size_t)device];
            state.lost = text + ". The device cannot be used any more in this process.";
            return message(state.lost);
        }
        cudaGetLastError();
        return message(text);
    }

    const char* copy(int device, void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
        if (bytes == 0) return nullptr;
        if (const char* error = use(device)) return error;
        return check(device, "copying", cudaMemcpyAsync(to, from, bytes, kind, stream(device)));
    }

    // The driver takes other memory too, but copies it at once or later, as it likes.
    static const char* require_pinned([[maybe_unused]] const void* memory, [[maybe_unused]] size_t bytes) {
#if defined(NETLET_CUDA_SIM)
        if (bytes && !sim::is_pinned(memory, bytes))
            return message("CUDA, queueing a copy: expected pinned memory of the host, received other memory");
#endif
        return nullptr;
    }

    std::string none_;  // why there is no device
    std::vector<State> states_;
};

}  // namespace
}  // namespace netlet::cuda

#if defined(NETLET_CUDA_SIM)
std::unique_ptr<netlet::Backend> netlet::sim::make_backend() { return std::make_unique<cuda::CudaBackend>(); }
#endif

// Null if the program was built from another version or with another list of kernels.
extern "C" __attribute__((visibility("default"))) netlet::Backend* netlet_backend(const char* version) {
    if (std::string(version) != NETLET_BUILD) return nullptr;
    static netlet::cuda::CudaBackend backend;
    return &backend;
}
