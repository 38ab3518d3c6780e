#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#if !defined(__x86_64__) || !defined(__linux__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace netlet::sim {

namespace {

constexpr size_t stack_bytes = 128 * 1024, guard_bytes = 4096;

std::vector<char*> stacks;  // where each begins

// The end of a stack. A page without access lies below each, so that an overflow does not write to another one.
char* stack_end(int stack) {
    while ((int)stacks.size() <= stack) {
        void* memory = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) abort();
        mprotect(memory, guard_bytes, PROT_NONE);
        stacks.push_back(static_cast<char*>(memory));
    }
    // Stacks that begin at the same offset in a page would compete for the same lines of the L1 cache.
    return stacks[stack] + stack_bytes - stack % 61 * 320;
}

#if defined(__SANITIZE_ADDRESS__)
void leave_for(const void* bottom, size_t bytes) { __sanitizer_start_switch_fiber(nullptr, bottom, bytes); }
const Context* left;  // the stack that was left by the switch under way
void arrive() {
    Context& from = const_cast<Context&>(*left);
    __sanitizer_finish_switch_fiber(nullptr, &from.bottom, &from.bytes);
}
void (*started)();
void arrive_and_start() {
    arrive();
    started();
}
#endif

}  // namespace

bool is_below_stack(const void* address) {
    for (const char* stack : stacks)
        if (address >= stack && address < stack + guard_bytes) return true;
    return false;
}

#if defined(__x86_64__) && defined(__linux__)

// Saves the registers that a called function must preserve; the return address is on the stack already.
asm(R"(
.text
.p2align 4
.type netlet_sim_switch,@function
netlet_sim_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size netlet_sim_switch,.-netlet_sim_switch
)");
extern "C" void netlet_sim_switch(void** from, void* to) asm("netlet_sim_switch");

void switch_stack(Context& from, const Context& to) {
#if defined(__SANITIZE_ADDRESS__)
    left = &from;
    leave_for(to.bottom, to.bytes);
    netlet_sim_switch(&from.state, to.state);
    arrive();
#else
    netlet_sim_switch(&from.state, to.state);
#endif
}

void start_stack(Context& from, int stack, void (*entry)()) {
    void** top = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(stack_end(stack)) & ~uintptr_t(15));
    *--top = nullptr;  // the return address of `entry`; keeps the alignment that the ABI demands
#if defined(__SANITIZE_ADDRESS__)
    started = entry;
    entry = arrive_and_start;
#endif
    *--top = reinterpret_cast<void*>(entry);
    for (int registers = 0; registers < 6; ++registers) *--top = nullptr;
#if defined(__SANITIZE_ADDRESS__)
    left = &from;
    leave_for(stacks[stack] + guard_bytes, stack_bytes - guard_bytes);
    __asan_unpoison_memory_region(stacks[stack] + guard_bytes, stack_bytes - guard_bytes);
    netlet_sim_switch(&from.state, top);
    arrive();
#else
    netlet_sim_switch(&from.state, top);
#endif
}

#else

static ucontext_t* context_of(Context& context) {
    if (!context.state) context.state = new ucontext_t;
    return static_cast<ucontext_t*>(context.state);
}

void switch_stack(Context& from, const Context& to) {
    swapcontext(context_of(from), static_cast<ucontext_t*>(to.state));
}

void start_stack(Context& from, int stack, void (*entry)()) {
    ucontext_t next;
    getcontext(&next);
    next.uc_stack.ss_sp = stack_end(stack) - stack_bytes / 2;
    next.uc_stack.ss_size = stack_bytes / 2;
    next.uc_link = nullptr;
    makecontext(&next, entry, 0);
    swapcontext(context_of(from), &next);
}

#endif

}  // namespace netlet::sim
