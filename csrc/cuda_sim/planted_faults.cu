// Kernels with and without a planted fault, for tests/devices/test_simulation.py: the simulation must name each fault,
// and must let the same kernel without it pass.
#include <cstring>
#include <memory>
#include <string>

#include "base/device.h"
#include "cuda/launch.h"
#include "cuda/mma.h"
#include "cuda/reduce.h"
#include "cuda/shared.h"
#include "device_memory.h"
#include "runtime.h"
#include "scheduler.h"

namespace netlet::cuda {
namespace {

constexpr int threads = 64;

// What all of them take: 64 floats each; `faulty` plants the fault.
struct FaultArgs {
    float* y;
    const float* x;
    bool faulty;
};

// y[i] = x[63 - i], through shared memory.
__device__ void missing_barrier(FaultArgs a) {
    auto s = shared_array<float>(0, threads);
    const int i = (int)threadIdx.x;
    s[i] = a.x[i];
    if (!a.faulty) __syncthreads();
    a.y[i] = s[threads - 1 - i];
}

// The second round overwrites what other threads still read in the first.
__device__ void race(FaultArgs a) {
    auto s = shared_array<float>(0, threads);
    const int i = (int)threadIdx.x;
    float v = a.x[i];
    for (int round = 0; round < 2; ++round) {
        s[i] = v;
        __syncthreads();
        v = s[(i + 33) % threads];
        if (!a.faulty) __syncthreads();
    }
    a.y[i] = v;
}

__device__ void missing_warp_barrier(FaultArgs a) {
    auto s = shared_array<float>(0, threads);
    const int i = (int)threadIdx.x;
    s[i] = a.x[i];
    if (!a.faulty) __syncwarp();
    a.y[i] = s[i ^ 1];
}

__device__ void divergent_barrier(FaultArgs a) {
    auto s = shared_array<float>(0, threads);
    const int i = (int)threadIdx.x;
    s[i] = a.x[i];
    if (a.faulty && i < 32)
        __syncthreads();
    else
        __syncthreads();
    a.y[i] = s[threads - 1 - i];
}

// Half of a warp waits for the block, the other for the warp.
__device__ void deadlock(FaultArgs a) {
    const int i = (int)threadIdx.x;
    if (a.faulty && i % 2)
        __syncthreads();
    else
        __syncwarp();
    if (!a.faulty || i % 2 == 0) __syncthreads();
    a.y[i] = a.x[i];
}

__device__ void wrong_mask(FaultArgs a) {
    const int i = (int)threadIdx.x;
    const unsigned half = i % 32 < 16 ? 0x0000ffffu : 0xffff0000u;
    const float v = __shfl_xor_sync(a.faulty && i == 5 ? all_lanes : half, a.x[i], 1);
    a.y[i] = v;
}

__device__ void lane_not_in_mask(FaultArgs a) {
    const int i = (int)threadIdx.x;
    a.y[i] = __shfl_sync(a.faulty ? 0xfffffffeu : all_lanes, a.x[i], 1);
}

__device__ void source_not_in_mask(FaultArgs a) {
    const int i = (int)threadIdx.x;
    if (i % 32 < 8) a.y[i] = __shfl_sync(0xffu, a.x[i], a.faulty ? 8 : 7);
}

// The array has 64 elements; those behind it belong to another.
__device__ void out_of_bounds(FaultArgs a) {
    auto s = shared_array<float>(0, threads);
    auto other = shared_array<float>(threads * 4, threads);
    const int i = (int)threadIdx.x;
    other[i] = 0;
    s[i] = a.x[i];
    __syncthreads();
    a.y[i] = s[i + (a.faulty ? 1 : 0)];
}

__device__ void too_large(FaultArgs a) {
    auto s = shared_array<float>(0, a.faulty ? 129 : 128);
    s[threadIdx.x] = a.x[threadIdx.x];
    a.y[threadIdx.x] = s[threadIdx.x];
}

__device__ void misaligned(FaultArgs a) {
    auto s = shared_array<float>(0, 128);
    const int i = (int)threadIdx.x;
    s[i] = a.x[i];
    s[i + 64] = a.x[i];
    __syncthreads();
    a.y[i] = load4(s + (a.faulty ? i : i / 4 * 4)).x;
}

__device__ void uninitialised(FaultArgs a) {
    auto s = shared_array<float>(0, threads);
    const int i = (int)threadIdx.x;
    if (!a.faulty || i != 17) s[i] = a.x[i];
    __syncthreads();
    a.y[i] = s[i ^ 1];
}

__device__ void missing_copy_wait(FaultArgs a) {
    auto s = shared_array<float>(0, threads);
    const int i = (int)threadIdx.x;
    copy_async4(s + i, a.x + i);
    copy_async_commit();
    if (!a.faulty) copy_async_wait<0>();
    __syncthreads();
    a.y[i] = s[i ^ 1];
}

// The tile is filled again while other threads read it.
__device__ void early_copy(FaultArgs a) {
    auto s = shared_array<float>(0, threads);
    const int i = (int)threadIdx.x;
    float sum = 0;
    for (int round = 0; round < 2; ++round) {
        copy_async4(s + i, a.x + i);
        copy_async_commit();
        copy_async_wait<0>();
        __syncthreads();
        sum += s[(i + 33) % threads];
        if (!a.faulty) __syncthreads();
    }
    a.y[i] = sum;
}

__device__ void global_out_of_bounds(FaultArgs a) { a.y[threadIdx.x] = a.x[threadIdx.x + (a.faulty ? 4096 : 0)]; }

__device__ void null_pointer(FaultArgs a) {
    a.y[threadIdx.x] = a.faulty ? *(volatile float*)nullptr : a.x[threadIdx.x];
}

__attribute__((noinline)) __device__ float large_frame(float x) {
    volatile float large[40000];
    for (int i = 39999; i >= 0; i -= 500) large[i] = x;
    return large[39999];
}
__device__ void stack_overflow(FaultArgs a) {
    const float x = a.x[threadIdx.x];
    a.y[threadIdx.x] = a.faulty ? large_frame(x) : x;
}

struct Fault {
    const char* name;
    Launcher launcher;
};
template <auto Body> constexpr Launcher launcher_of = [](const void* args, int64_t, Stream& s) {
    launch<Body, threads>(s, 2, 2 * threads * sizeof(float), *static_cast<const FaultArgs*>(args));
};
#define NETLET_FAULT(name) {#name, launcher_of<name>}
constexpr Fault faults[] = {
    NETLET_FAULT(missing_barrier),
    NETLET_FAULT(race),
    NETLET_FAULT(missing_warp_barrier),
    NETLET_FAULT(divergent_barrier),
    NETLET_FAULT(deadlock),
    NETLET_FAULT(wrong_mask),
    NETLET_FAULT(lane_not_in_mask),
    NETLET_FAULT(out_of_bounds),
    NETLET_FAULT(source_not_in_mask),
    NETLET_FAULT(too_large),
    NETLET_FAULT(misaligned),
    NETLET_FAULT(uninitialised),
    NETLET_FAULT(missing_copy_wait),
    NETLET_FAULT(early_copy),

    NETLET_FAULT(global_out_of_bounds),
    NETLET_FAULT(null_pointer),
    NETLET_FAULT(stack_overflow),
};

}  // namespace
}  // namespace netlet::cuda

// Launches the kernel of that name on 64 floats of the device. Returns null, or the message of the error; the device
// can be used again then. y gets the 64 results.
extern "C" __attribute__((visibility("default"))) const char* netlet_sim_fault(const char* name, bool faulty,
                                                                               uint64_t seed, const float* x,
                                                                               float* y) {
    using namespace netlet;
    static std::string message;
    const auto failed = [&](const char* error) {
        if (error) message = error;
        return error != nullptr;
    };
    message.clear();
    const size_t bytes = 64 * sizeof(float);
    for (const cuda::Fault& fault : cuda::faults) {
        if (std::strcmp(fault.name, name) != 0) continue;
        const std::unique_ptr<Backend> backend = sim::make_backend();
        void *on_device = nullptr, *result = nullptr;
        if (!failed(backend->allocate(0, bytes, on_device)) && !failed(backend->allocate(0, bytes, result)) &&
            !failed(backend->to_device(0, on_device, x, bytes))) {
            sim::seed_random(seed);
            const cuda::FaultArgs args{static_cast<float*>(result), static_cast<const float*>(on_device), faulty};
            if (!failed(backend->launch(0, fault.launcher, &args, 64, Gate{})))
                failed(backend->to_host(0, y, result, bytes));
        }
        backend->release(0, on_device);
        backend->release(0, result);
        sim::revive();
        return message.empty() ? nullptr : message.c_str();
    }
    return "there is no such kernel";
}
