// launch() for the simulated GPU: copies the arguments and queues the kernel.
#pragma once
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/launcher.h"
#include "scheduler.h"

namespace netlet::sim {

// An argument that may hold pointers. Bytes between its members, which may hold what is left of an older pointer, are 0
// in `members`.
struct Span {
    const void* data;
    const unsigned char* members;
    size_t bytes;
};

// The mask of a type. GCC 12 masks other bytes too in arrays of structs; a pointer there is not checked.
template <class T> const unsigned char* members_of() {
    struct Mask {
        alignas(T) unsigned char bytes[sizeof(T)];
        Mask() {
            memset(bytes, 0xff, sizeof(bytes));
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
            if constexpr (std::is_class_v<T>) __builtin_clear_padding(reinterpret_cast<T*>(bytes));
#endif
#endif
        }
    };
    static const Mask mask;
    return mask.bytes;
}

struct QueuedKernel {
    Kernel kernel;
    Gate gate;
    std::shared_ptr<const void> args;  // kernel.args points there
    std::vector<Span> spans;           // of args
};

void queue_kernel(SimStream* stream, QueuedKernel&& queued);

// The name of a kernel's body as the compiler writes it: "relu<float>".
template <auto Body> const char* body_name() {
    static const std::string name = [](std::string text) {
        text = text.substr(text.find("Body = ") + 7);
        text = text.substr(0, text.size() - 1);
        for (const std::string space : {"netlet::", "cuda::", "{anonymous}::", "(anonymous namespace)::"})
            for (size_t at; (at = text.find(space)) != std::string::npos;) text.erase(at, space.size());
        return text.substr(0, text.find('('));
    }(__PRETTY_FUNCTION__);
    return name.c_str();
}

}  // namespace netlet::sim

namespace netlet::cuda {

template <auto Body, int Threads = 256, [[maybe_unused]] int Blocks = 1, class... Args>
void launch(const Stream& s, dim3 grid, size_t shared_bytes, const Args&... args) {
    static_assert(Threads >= 1 && Threads <= sim::most_threads);
    static_assert((std::is_trivially_copyable_v<Args> && ...), "arguments are copied to the device byte by byte");
    const auto copy = std::make_shared<std::tuple<Args...>>(args...);
    sim::QueuedKernel queued;
    std::apply(
        [&](const auto&... each) {
            const auto add = [&]<class T>(const T& argument) {
                if constexpr (std::is_pointer_v<T> || std::is_class_v<T>)
                    queued.spans.push_back({&argument, sim::members_of<T>(), sizeof(T)});
            };
            (add(each), ...);
        },
        *copy);
    queued.kernel = {sim::body_name<Body>(),
                     {grid.x, grid.y, grid.z},
                     Threads,
                     shared_bytes,
                     [](const void* all) {
                         std::apply([](const auto&... each) { Body(each...); },
                                    *static_cast<const std::tuple<Args...>*>(all));
                     },
                     copy.get()};
    queued.gate = s.gate;
    queued.args = copy;
    sim::queue_kernel(static_cast<sim::SimStream*>(s.raw), std::move(queued));
}

}  // namespace netlet::cuda
