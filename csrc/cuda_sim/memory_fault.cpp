#include "memory_fault.h"

#include <pthread.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "device_memory.h"
#include "fiber.h"
#include "scheduler.h"

namespace netlet::sim {

namespace {

pthread_t running_thread;
struct sigaction other_action;

std::string describe(const void* address) {
    if (is_below_stack(address)) return "a thread's local variables need more than the stack of the simulation";
    if (reinterpret_cast<uintptr_t>(address) < 4096) return "access through a null pointer, or to no valid address";
    const std::string place = describe_device_address(address);
    if (!place.empty()) return "out of bounds: access to " + place;
    char text[32];
    snprintf(text, sizeof(text), "%p", address);
    return std::string("access to the address ") + text + ", which is not device memory";
}

// The thread of the kernel is left where it is; the handler's own stack is free again once it is left.
void handle(int signal, siginfo_t* info, void*) {
    if (pthread_equal(pthread_self(), running_thread)) fail(describe(info->si_addr));
    sigaction(signal, &other_action, nullptr);  // the access is repeated, and faults again
}

}  // namespace

CatchMemoryFaults::CatchMemoryFaults() {
    static char stack[64 * 1024];  // the fault may be that the thread's own stack is full
    const stack_t handler_stack{stack, 0, sizeof(stack)};
    sigaltstack(&handler_stack, &stack_before_);
    struct sigaction action{};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    running_thread = pthread_self();
    sigaction(SIGSEGV, &action, &before_);
    other_action = before_;
}

CatchMemoryFaults::~CatchMemoryFaults() {
    sigaction(SIGSEGV, &before_, nullptr);
    sigaltstack(&stack_before_, nullptr);
}

}  // namespace netlet::sim
