// Locks that a forked child can take. Only the forking thread exists in the child, so an ordinary mutex that another
// thread held at the fork is never unlocked there.
#pragma once
#include <atomic>
#include <cstdint>

namespace netlet {

// The number of forks between the process that loaded netlet and this one.
uint32_t fork_generation();

// A mutex (for std::lock_guard and std::unique_lock) that records which process locked it. In a forked child, a lock
// from before the fork counts as free. The protected data must be usable in any state in which a thread may leave it.
class ForkSafeMutex {
  public:
    ForkSafeMutex() = default;
    ForkSafeMutex(const ForkSafeMutex&) = delete;
    ForkSafeMutex& operator=(const ForkSafeMutex&) = delete;

    void lock() {
        uint32_t now = 0;
        if (!word_.compare_exchange_strong(now, locked_here(), std::memory_order_acquire)) wait_and_lock(now);
    }
    bool try_lock() {
        const uint32_t mine = locked_here();
        uint32_t now = word_.load(std::memory_order_relaxed);
        return (now & ~waiting) != mine && word_.compare_exchange_strong(now, mine, std::memory_order_acquire);
    }
    void unlock() {
        if (word_.exchange(0, std::memory_order_release) & waiting) word_.notify_one();
    }

  private:
    static constexpr uint32_t waiting = 1;  // a thread sleeps until the mutex is unlocked
    static uint32_t locked_here() { return 2 * fork_generation() + 2; }
    void wait_and_lock(uint32_t now);

    std::atomic<uint32_t> word_{
        0};  // 0: free; else locked_here() of the process that locked it, plus `waiting` if a thread sleeps
};

}  // namespace netlet
