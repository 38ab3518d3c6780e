// Stacks, and the switch from one to another. All of it belongs to one thread of the host at a time.
#pragma once
#include <cstddef>

namespace netlet::sim {

// A stack that does not run: what switch_stack saved.
struct Context {
    void* state = nullptr;
};

// Saves the running stack in `from` and goes on with `to`.
void switch_stack(Context& from, const Context& to);

// Saves the running stack in `from` and calls `entry`, which never returns, on the stack of that number.
void start_stack(Context& from, int stack, void (*entry)());

}  // namespace netlet::sim
