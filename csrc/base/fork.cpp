#include "base/fork.h"

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace netlet {

namespace {

std::atomic<uint32_t> generation{0};

#if !defined(_WIN32)
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { ++generation; });
#endif

}  // namespace

uint32_t fork_generation() { return generation.load(std::memory_order_relaxed); }

void ForkSafeMutex::wait_and_lock(uint32_t now) {
    const uint32_t mine = locked_here();
    uint32_t wanted = mine;
    for (;;) {
        if ((now & ~waiting) != mine) {
            if (word_.compare_exchange_weak(now, wanted, std::memory_order_acquire, std::memory_order_relaxed)) return;
            continue;
        }
        if (!(now & waiting) && !word_.compare_exchange_weak(now, now | waiting, std::memory_order_relaxed)) continue;
        word_.wait(mine | waiting, std::memory_order_relaxed);
        now = word_.load(std::memory_order_relaxed);
        wanted = mine | waiting;  // other threads may be waiting too
    }
}

}  // namespace netlet
