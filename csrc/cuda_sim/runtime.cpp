#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cuda_runtime.h"
#include "device_memory.h"
#include "launch_sim.h"
#include "runtime.h"

namespace netlet::sim {

struct Work {
    std::function<std::string()> run;  // returns its error, or an empty string
    void* releases = nullptr;          // memory, which a device that is lost releases too
};

struct SimGraph {
    std::shared_ptr<std::vector<Work>> works = std::make_shared<std::vector<Work>>();
};
struct SimStream {
    std::deque<Work> queue;
    std::unique_ptr<SimGraph> capture;  // where work goes while there is one
};

Counts counts;

namespace {

std::string lost;  // the error that ended all work of the device
cudaError_t last_error = cudaSuccess;
std::vector<SimStream*> streams;

cudaError_t lose(const std::string& message) {
    lost = message;
    return cudaErrorLaunchFailure;
}

void drop_queue(SimStream* stream) {
    for (const Work& work : stream->queue)
        if (work.releases) release_device(work.releases);
    stream->queue.clear();
}

// Runs what was queued.
cudaError_t drain(SimStream* stream) {
    while (!stream->queue.empty() && lost.empty()) {
        const Work work = std::move(stream->queue.front());
        stream->queue.pop_front();
        const std::string error = work.run();
        if (!error.empty()) lose(error);
    }
    if (lost.empty()) return cudaSuccess;
    for (SimStream* each : streams) drop_queue(each);
    return cudaErrorLaunchFailure;
}

void queue(SimStream* stream, Work work) {
    if (stream->capture)
        stream->capture->works->push_back(std::move(work));
    else
        stream->queue.push_back(std::move(work));
}

std::string check_pointers(const QueuedKernel& k) {
    for (const Span& span : k.spans)
        for (size_t at = 0; at + 8 <= span.bytes; at += 8) {
            uint64_t word, members;
            std::memcpy(&word, static_cast<const char*>(span.data) + at, 8);
            std::memcpy(&members, span.members + at, 8);
            if (~members) continue;  // no pointer: it would fill the word
            if (const char* wrong = wrong_pointer(word))
                return std::string("kernel ") + k.kernel.name + ": byte " + std::to_string(at) + " of an argument of " +
                       std::to_string(span.bytes) + " bytes " + wrong;
        }
    return {};
}

}  // namespace

void queue_kernel(SimStream* stream, QueuedKernel&& queued) {
    if (!lost.empty()) return;
    const Kernel& k = queued.kernel;
    const auto limit = [&](const std::string& what, uint64_t most, uint64_t got) {
        if (got <= most && got > 0) return;
        lose(std::string("kernel ") + k.name + ": expected " + what + " from 1 to " + std::to_string(most) +
             ", received " + std::to_string(got));
    };
    limit("grid.x", 0x7fffffff, k.grid[0]);
    limit("grid.y", 65535, k.grid[1]);
    limit("grid.z", 65535, k.grid[2]);
    limit("shared_bytes + 1", most_shared + 1, k.shared_bytes + 1);
    const std::string wrong = check_pointers(queued);
    if (!wrong.empty()) lose(wrong);
    if (!lost.empty()) return;
    queue(stream, {[queued = std::move(queued)]() -> std::string {
              for (const int32_t* closed : queued.gate.closed)
                  if (closed && *closed) return {};
              // Again: memory may have been released since.
              const std::string wrong = check_pointers(queued);
              if (!wrong.empty()) return wrong;
              ++counts.kernels;
              static const char* const fails = getenv("NETLET_SIM_FAILS");  // a fault on demand, for tests
              if (fails && std::strstr(queued.kernel.name, fails))
                  return std::string("kernel ") + queued.kernel.name + ": it fails because NETLET_SIM_FAILS names it";
              return run(queued.kernel);
          }});
}

std::string revive() {
    std::string error;
    for (SimStream* each : streams) {
        each->capture.reset();
        if (lost.empty() && drain(each) != cudaSuccess) error = lost;
    }
    lost.clear();
    last_error = cudaSuccess;
    return error;
}

}  // namespace netlet::sim

using namespace netlet::sim;

#define NETLET_IF_ALIVE                                                                                                \
    if (!lost.empty()) return cudaErrorLaunchFailure

static cudaError_t fails(cudaError_t error) {
    last_error = error;
    return error;
}

const char* cudaGetErrorString(cudaError_t error) {
    switch (error) {
        case cudaSuccess: return "no error";
        case cudaErrorMemoryAllocation: return "out of memory";
        case cudaErrorInvalidDevice: return "invalid device ordinal";
        case cudaErrorLaunchFailure: return lost.c_str();
        case cudaErrorStreamCaptureUnsupported: return "operation not permitted when stream is capturing";
        default: return "invalid argument";
    }
}
cudaError_t cudaGetLastError() {
    NETLET_IF_ALIVE;
    const cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}
cudaError_t cudaGetDeviceCount(int* count) {
    *count = 1;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : fails(cudaErrorInvalidDevice); }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    const char* multiprocessors = getenv("NETLET_SIM_MULTIPROCESSORS");
    *properties = {"simulated GPU", device_capacity(), multiprocessors ? atoi(multiprocessors) : 4, 8, 0};
    return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
    NETLET_IF_ALIVE;
    *total = device_capacity();
    *free = *total - device_used();
    return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, size_t bytes) {
    NETLET_IF_ALIVE;
    *memory = bytes ? allocate_device(bytes) : nullptr;
    return *memory || !bytes ? cudaSuccess : fails(cudaErrorMemoryAllocation);
}
// Waits for all work, as CUDA does.
cudaError_t cudaFree(void* memory) {
    for (SimStream* stream : streams) drain(stream);
    if (memory && !release_device(memory)) return fails(cudaErrorInvalidValue);
    NETLET_IF_ALIVE;
    return cudaSuccess;
}
cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t) { return cudaMalloc(memory, bytes); }
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
    if (stream->capture) return fails(cudaErrorStreamCaptureUnsupported);  // each replay would release it
    if (!lost.empty()) return release_device(memory) ? cudaErrorLaunchFailure : cudaErrorInvalidValue;
    const auto release = [memory]() -> std::string {
        return release_device(memory) ? std::string() : "released memory that was not allocated";
    };
    queue(stream, {release, memory});
    return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) {
    NETLET_IF_ALIVE;
    *memory = allocate_pinned(bytes);
    return *memory ? cudaSuccess : fails(cudaErrorMemoryAllocation);
}
cudaError_t cudaFreeHost(void* memory) {
    for (SimStream* stream : streams) drain(stream);
    return release_pinned(memory) ? cudaSuccess : fails(cudaErrorInvalidValue);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    NETLET_IF_ALIVE;
    const bool to_device = kind != cudaMemcpyDeviceToHost, from_device = kind != cudaMemcpyHostToDevice;
    if ((to_device && !is_device(to, bytes)) || (from_device && !is_device(from, bytes)))
        return fails(cudaErrorInvalidValue);
    const void* host = to_device ? from : to;
    if (stream->capture && (!to_device || !from_device) && !is_pinned(host, bytes))
        return fails(cudaErrorStreamCaptureUnsupported);  // a graph would copy from wherever it is by then
    queue(stream, {[=]() -> std::string {
              if ((to_device && !is_device(to, bytes)) || (from_device && !is_device(from, bytes)))
                  return "a copy of " + std::to_string(bytes) + " bytes from or to device memory that was released";
              ++(to_device && from_device ? counts.copies_on_device
                 : to_device              ? counts.copies_to_device
                                          : counts.copies_to_host);
              std::memmove(to, from, bytes);
              return {};
          }});
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
    NETLET_IF_ALIVE;
    if (!is_device(memory, bytes)) return fails(cudaErrorInvalidValue);
    queue(stream, {[=]() -> std::string {
              if (!is_device(memory, bytes)) return "a fill of device memory that was released";
              std::memset(memory, value, bytes);
              return {};
          }});
    return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    NETLET_IF_ALIVE;
    if (streams.empty()) {
        const char* seed = getenv("NETLET_SIM_SEED");
        seed_random(seed ? strtoull(seed, nullptr, 10) : 0);
    }
    streams.push_back(*stream = new SimStream);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    drain(stream);
    std::erase(streams, stream);
    delete stream;
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    NETLET_IF_ALIVE;
    if (stream->capture) return fails(cudaErrorStreamCaptureUnsupported);
    ++counts.synchronizations;
    return drain(stream);
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    NETLET_IF_ALIVE;
    if (stream->capture) return fails(cudaErrorStreamCaptureUnsupported);
    stream->capture = std::make_unique<SimGraph>();
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    *graph = stream->capture.release();
    NETLET_IF_ALIVE;
    return *graph ? cudaSuccess : fails(cudaErrorInvalidValue);
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
    NETLET_IF_ALIVE;
    *executable = new SimGraph(*graph);
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    delete executable;
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    NETLET_IF_ALIVE;
    queue(stream, {[works = executable->works]() -> std::string {
              ++counts.graphs;
              for (const Work& work : *works) {
                  const std::string error = work.run();
                  if (!error.empty()) return error;
              }
              return {};
          }});
    return cudaSuccess;
}

// What was queued and awaited since the start: kernels, graphs, waits of the host.
extern "C" __attribute__((visibility("default"))) void netlet_sim_counts(int64_t (&found)[3]) {
    found[0] = (int64_t)counts.kernels;
    found[1] = (int64_t)counts.graphs;
    found[2] = (int64_t)counts.synchronizations;
}
