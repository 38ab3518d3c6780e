// What the simulated GPU does with memory, streams and graphs, for tests/devices/test_simulation.py. Each scenario
// returns an empty string, or what it expected.
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/device.h"
#include "cuda/launch.h"
#include "device_memory.h"
#include "runtime.h"

namespace netlet::cuda {
namespace {

struct AddArgs {
    float* y;
    const float* x;
    int64_t n;
};
__device__ void add_to(AddArgs a) {
    for (int64_t i = first_index(); i < a.n; i += all_threads()) a.y[i] += a.x[i];
}
void launch_add(const void* args, int64_t, Stream& s) { launch<add_to>(s, 2, 0, *static_cast<const AddArgs*>(args)); }

__device__ void fail_always(AddArgs) { __shfl_sync(0u, 0, 0); }
void launch_failure(const void* args, int64_t, Stream& s) {
    launch<fail_always>(s, 1, 0, *static_cast<const AddArgs*>(args));
}

// A failure that no scenario expects.
struct Unexpected {
    std::string message;
};
void require(bool holds, const std::string& expected) {
    if (!holds) throw Unexpected{expected};
}
void require_works(const char* error) { require(!error, std::string("no error, received: ") + (error ? error : "")); }
void require_fails(const char* error, const std::string& part) {
    require(error && std::string(error).find(part) != std::string::npos,
            "an error with '" + part + "', received: " + (error ? error : "none"));
}

struct Scene {
    std::unique_ptr<Backend> backend = sim::make_backend();
    Backend& b = *backend;
    static constexpr int n = 1000;
    static constexpr size_t bytes = n * sizeof(float);
    float *x = nullptr, *y = nullptr, *pinned = nullptr;

    Scene() {
        void* memory;
        require_works(b.allocate(0, bytes, memory)), x = static_cast<float*>(memory);
        require_works(b.allocate(0, bytes, memory)), y = static_cast<float*>(memory);
        require_works(b.allocate_pinned(0, bytes, memory)), pinned = static_cast<float*>(memory);
        set(x, 1);
        set(y, 0);
    }
    ~Scene() {
        b.release(0, x);
        b.release(0, y);
        b.release_pinned(0, pinned);
    }
    void set(float* on_device, float value) {
        require_works(b.to_device(0, on_device, std::vector<float>(n, value).data(), bytes));
    }
    float get(const float* on_device) {
        std::vector<float> values(n);
        require_works(b.to_host(0, values.data(), on_device, bytes));
        for (const float v : values) require(v == values[0] || v != v, "the same value everywhere");
        return values[0];
    }
    const char* add(const float* from, const Gate& gate = {}) {
        const AddArgs args{y, from, n};
        return b.launch(0, launch_add, &args, n, gate);
    }
};

void work_runs_late() {
    Scene s;
    std::memset(s.pinned, 0, Scene::bytes);
    require_works(s.add(s.x));
    require_works(s.b.queue_to_host(0, s.pinned, s.y, Scene::bytes));
    require(s.pinned[0] == 0, "nothing before synchronize");
    require_works(s.b.synchronize(0));
    require(s.pinned[0] == 1 && s.pinned[999] == 1, "the sum after synchronize");
    s.pinned[0] = 5;
    require_works(s.b.queue_to_device(0, s.x, s.pinned, Scene::bytes));
    for (int i = 0; i < Scene::n; ++i) s.pinned[i] = 7;  // too early: the copy has not run
    require(s.get(s.x) == 7, "a copy that reads its source late");
}

void memory_is_poisoned() {
    Scene s;
    void* memory = nullptr;
    require_works(s.b.allocate(0, Scene::bytes, memory));
    require(std::isnan(s.get(static_cast<float*>(memory))), "NaN in new memory");
    s.b.release(0, memory);
}

void graphs_replay() {
    Scene s;
    Graph* graph = nullptr;
    require_works(s.b.begin_capture(0));
    {
        AddArgs args{s.y, s.x, Scene::n};
        require_works(s.b.launch(0, launch_add, &args, 0, Gate{}));
        args = {};  // what was captured is a copy
    }
    require_works(s.b.queue_to_host(0, s.pinned, s.y, Scene::bytes));
    require_works(s.b.end_capture(0, graph));
    require(s.get(s.y) == 0, "nothing to run while it is captured");
    for (int i = 0; i < 3; ++i) require_works(s.b.queue_graph(0, graph));
    s.b.release_graph(0, graph);  // what is queued still runs
    require_works(s.b.synchronize(0));
    require(s.pinned[0] == 3, "three replays");
}

void gates_close() {
    Scene s;
    void* memory = nullptr;
    require_works(s.b.allocate(0, 4, memory));
    Gate gate;
    gate.closed[1] = static_cast<const int32_t*>(memory);
    for (const int32_t closed : {0, 1}) {
        require_works(s.b.to_device(0, memory, &closed, 4));
        require_works(s.add(s.x, gate));
        require(s.get(s.y) == 1, "one addition: the second is stopped");
    }
    s.b.release(0, memory);
}

void host_pointer_in_a_graph() {
    Scene s;
    const std::vector<float> host(100000, 1.f);
    require_works(s.b.begin_capture(0));
    require_fails(s.add(host.data()), "kernel add_to: byte 8 of an argument of 24 bytes points to memory of the host");
}

void host_pointer_on_the_stack() {
    Scene s;
    const float host[4] = {};
    require_fails(s.add(host), "points to memory of the host");
}

void host_copy_in_a_graph() {
    Scene s;
    std::vector<float> host(Scene::n);
    require_works(s.b.begin_capture(0));
    require_fails(s.b.queue_to_device(0, s.x, host.data(), Scene::bytes), "expected pinned memory");
}

void released_memory_in_a_graph() {
    Scene s;
    void* memory = nullptr;
    require_works(s.b.allocate(0, Scene::bytes, memory));
    Graph* graph = nullptr;
    require_works(s.b.begin_capture(0));
    require_works(s.add(static_cast<float*>(memory)));
    require_works(s.b.end_capture(0, graph));
    s.b.release(0, memory);
    require_works(s.b.queue_graph(0, graph));
    require_fails(s.b.synchronize(0), "byte 8 of an argument of 24 bytes points to device memory that was released");
    s.b.release_graph(0, graph);
}

void synchronize_in_a_capture() {
    Scene s;
    require_works(s.b.begin_capture(0));
    require_fails(s.b.synchronize(0), "not permitted when stream is capturing");
    Graph* graph = nullptr;
    s.b.end_capture(0, graph);
    s.b.release_graph(0, graph);
    require(s.get(s.y) == 0, "a device that works");
}

void out_of_memory() {
    Scene s;
    void* memory = nullptr;
    DeviceInfo info;
    require_works(s.b.info(0, info));
    require(info.free_bytes <= info.memory_bytes - 2 * (int64_t)Scene::bytes, "less free memory than there is");
    require_works(s.b.allocate(0, (size_t)info.free_bytes + 1, memory));
    require(!memory, "no memory");
    require_works(s.add(s.x));  // the device is as good as before
    require(s.get(s.y) == 1, "1");
}

void copies_beyond_the_end() {
    Scene s;
    std::vector<float> host(2 * Scene::n);
    require_fails(s.b.to_device(0, s.x, host.data(), Scene::bytes + 1), "invalid argument");
    require_fails(s.b.to_host(0, host.data(), host.data() + 1000, 4), "invalid argument");
    require(s.get(s.x) == 1, "a device that works");
}

void a_failure_loses_the_device() {
    Scene s;
    const AddArgs args{};
    require_works(s.b.launch(0, launch_failure, &args, 0, Gate{}));
    const std::string part = "kernel fail_always, block (0, 0, 0), thread ";
    require_fails(s.b.synchronize(0), part);
    void* memory = nullptr;
    DeviceInfo info;
    Graph* graph = nullptr;
    for (int i = 0; i < 2; ++i) {
        require_fails(s.b.synchronize(0), part);
        require_fails(s.b.allocate(0, 4, memory), part);
        require_fails(s.b.to_host(0, s.pinned, s.x, 4), part);
        require_fails(s.b.begin_capture(0), part);
        require_fails(s.b.end_capture(0, graph), part);
        require_fails(s.b.info(0, info), part);
        require_fails(s.add(s.x), part);
    }
}

void copies_are_counted() {
    Scene s;
    const sim::Counts before = sim::counts;
    s.set(s.x, 3);
    require_works(s.b.queue_copy(0, s.y, s.x, Scene::bytes));
    require(sim::counts.copies_on_device == before.copies_on_device, "a copy that has not run");
    require(s.get(s.y) == 3, "3");
    require_works(s.b.queue_zero(0, s.y, Scene::bytes));
    require(s.get(s.y) == 0, "0");
    require(sim::counts.copies_to_device == before.copies_to_device + 1 &&
                sim::counts.copies_on_device == before.copies_on_device + 1 &&
                sim::counts.copies_to_host == before.copies_to_host + 2,
            "1 copy to the device, 1 on it, 2 to the host");
}

#define NETLET_SCENARIO(name) {#name, name}
const struct {
    const char* name;
    void (*play)();
} scenarios[] = {
    NETLET_SCENARIO(work_runs_late),
    NETLET_SCENARIO(memory_is_poisoned),
    NETLET_SCENARIO(graphs_replay),
    NETLET_SCENARIO(gates_close),
    NETLET_SCENARIO(host_pointer_in_a_graph),
    NETLET_SCENARIO(host_pointer_on_the_stack),
    NETLET_SCENARIO(host_copy_in_a_graph),
    NETLET_SCENARIO(released_memory_in_a_graph),
    NETLET_SCENARIO(synchronize_in_a_capture),
    NETLET_SCENARIO(out_of_memory),
    NETLET_SCENARIO(copies_beyond_the_end),
    NETLET_SCENARIO(a_failure_loses_the_device),
    NETLET_SCENARIO(copies_are_counted),
};

}  // namespace
}  // namespace netlet::cuda

// Returns null, or what the scenario expected.
extern "C" __attribute__((visibility("default"))) const char* netlet_sim_scenario(const char* name) {
    static std::string message;
    message = "there is no such scenario";
    for (const auto& scenario : netlet::cuda::scenarios) {
        if (std::strcmp(scenario.name, name) != 0) continue;
        try {
            scenario.play();
            message.clear();
        } catch (const netlet::cuda::Unexpected& unexpected) {
            message = "expected " + unexpected.message;
        }
        netlet::sim::revive();
    }
    return message.empty() ? nullptr : message.c_str();
}

// After each test: one that fails must not make the others fail. Returns null, or the error of work that was queued.
extern "C" __attribute__((visibility("default"))) const char* netlet_sim_revive() {
    static std::string message;
    message = netlet::sim::revive();
    return message.empty() ? nullptr : message.c_str();
}
