// Stacks, and the switch from one to another. All of it belongs to one thread of the host at a time.
#pragma once
#include <cstddef>

namespace netlet::sim {

// A stack that does not run: what switch_stack saved.
struct Context {
    void* state = nullptr;
#if defined(__SANITIZE_ADDRESS__)
    const void* bottom = nullptr;  // AddressSanitizer must know which stack runs
    size_t bytes = 0;
#endif
};

// Saves the running stack in `from` and goes on with `to`.
void switch_stack(Context& from, const Context& to);

// Saves the running stack in `from` and calls `entry`, which never returns, on the stack of that number.
void start_stack(Context& from, int stack, void (*entry)());

// Whether it is in the page below a stack, which a stack reaches that is too small.
bool is_below_stack(const void* address);

}  // namespace netlet::sim
