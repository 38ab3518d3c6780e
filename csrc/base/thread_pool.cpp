#include "base/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "base/compiler.h"
#include "base/cpu_info.h"
#include "base/error.h"

namespace netlet {

namespace {

// Longer than the gap between two records of a plan, far shorter than a scheduler's slice.
constexpr std::chrono::microseconds polling_time{20};

// Polls until `done()` is true, but not for long. A pause takes 40 to 140 cycles, depending on the CPU, so the clock
// decides.
template <class Done>
void poll(Done done) {
    if (done()) return;
    const auto end = std::chrono::steady_clock::now() + polling_time;
    do {
        for (int i = 0; i < 16; ++i) {
            pause_polling();
            if (done()) return;
        }
    } while (std::chrono::steady_clock::now() < end);
}

int default_threads() {
    if (const char* s = std::getenv("NETLET_NUM_THREADS"); s && *s) {
        char* end = nullptr;
        const long n = std::strtol(s, &end, 10);
        if (*end || n < 1 || n > 4096)
            throw ValueError("NETLET_NUM_THREADS=" + std::string(s) + ": expected a whole number from 1 to 4096");
        return (int)n;
    }
    return usable_cpus();
}

std::atomic<ThreadPool*> the_pool{nullptr};
ForkSafeMutex creation;
thread_local bool inside_a_chunk = false;

}  // namespace

ThreadPool::ThreadPool(int threads) : generation_(fork_generation()), threads_(threads) {}

ThreadPool& ThreadPool::instance() {
    auto usable = [](ThreadPool* pool) { return pool && pool->generation_ == fork_generation(); };
    if (ThreadPool* pool = the_pool.load(std::memory_order_acquire); usable(pool)) return *pool;
    std::lock_guard lock(creation);
    ThreadPool* pool = the_pool.load(std::memory_order_acquire);
    if (usable(pool)) return *pool;
    // The workers of a pool from before a fork do not exist in this process, so a new pool of the same size replaces
    // it. Pools are never destroyed, because threads may use them until the process ends.
    pool = new ThreadPool(pool ? pool->num_threads() : default_threads());
    the_pool.store(pool, std::memory_order_release);
    return *pool;
}

void ThreadPool::set_num_threads(int n) {
    if (n < 1) throw ValueError("set_num_threads: expected at least 1 thread, received " + std::to_string(n));
    std::lock_guard lock(mutex_);
    if (n < threads_.load()) stop_workers();
    threads_.store(n);
}

void ThreadPool::start_workers(int64_t wanted) {
    try {
        while ((int64_t)workers_.size() < wanted) {
            Worker& worker = workers_.emplace_back();
            try {
                worker.thread =
                    std::thread([this, &worker, seen = epoch_.load(std::memory_order_relaxed)] { work(worker, seen); });
            } catch (...) {
                workers_.pop_back();
                throw;
            }
            // A new thread begins on this one's CPU, too.
            if (keep_off(worker.thread, current_cpu(), worker.before)) allow(worker.thread, worker.before);
            started_.store((int64_t)workers_.size(), std::memory_order_relaxed);
        }
    } catch (const std::exception&) {
        // The system refused another thread (memory, permission). The existing threads do the work, with the same
        // result.
    }
}

void ThreadPool::stop_workers() {
    stop_.store(true);
    epoch_.fetch_add(1);
    epoch_.notify_all();
    for (Worker& w : workers_) w.thread.join();
    workers_.clear();
    started_.store(0, std::memory_order_relaxed);
    stop_.store(false);
}

bool ThreadPool::claim(uint32_t epoch, int64_t* chunk) {
    uint64_t t = ticket_.load(std::memory_order_acquire);
    while ((uint32_t)(t >> 32) == epoch && (int64_t)(uint32_t)t > 0)
        // The lower half counts the unclaimed chunks. The job does not end before this chunk is done, so its fields
        // stay valid until then.
        if (ticket_.compare_exchange_weak(t, t - 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
            *chunk = (int64_t)(uint32_t)t - 1;
            return true;
        }
    return false;
}

void ThreadPool::run_chunks(uint32_t epoch) {
    inside_a_chunk = true;
    for (int64_t left; claim(epoch, &left);) {
        const int64_t begin = (chunks_ - 1 - left) * grain_;
        fn_(args_, {begin, std::min(begin + grain_, units_)});
        if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_all();
    }
    inside_a_chunk = false;
}

void ThreadPool::work(Worker& self, uint32_t seen) {
    for (;;) {
        uint32_t epoch = epoch_.load(std::memory_order_acquire);
        if (epoch == seen) poll([&] { return (epoch = epoch_.load(std::memory_order_acquire)) != seen; });
        if (epoch == seen) {
            self.slept_on.store(current_cpu(), std::memory_order_relaxed);
            epoch_.wait(seen, std::memory_order_acquire);
            self.slept_on.store(-1, std::memory_order_relaxed);
            epoch = epoch_.load(std::memory_order_acquire);
        }
        seen = epoch;
        if (stop_.load(std::memory_order_acquire)) return;
        run_chunks(epoch);
    }
}

// A thread may wake up on the CPU where it fell asleep. If that is the caller's by now, the two share it until the system
// moves one of them: on a virtual machine with two CPUs (Linux 6.18) after 30 to 60 ms. So such a worker may not
// use that CPU while it is woken.
void ThreadPool::wake(int64_t helpers) {
    const int cpu = current_cpu();
    for (Worker& w : workers_)
        if (cpu >= 0 && w.slept_on.load(std::memory_order_relaxed) == cpu) w.moved = keep_off(w.thread, cpu, w.before);
    if (helpers >= (int64_t)workers_.size())
        epoch_.notify_all();
    else
        for (int64_t i = 0; i < helpers; ++i) epoch_.notify_one();
    for (Worker& w : workers_)
        if (w.moved) allow(w.thread, w.before), w.moved = false;
}

void ThreadPool::run(KernelFn fn, const void* args, int64_t units, int64_t grain) {
    const int64_t chunks = (units + grain - 1) / grain;
    if (chunks <= 1) {
        if (units > 0) fn(args, {0, units});
        return;
    }
    const int threads = num_threads();
    std::unique_lock lock(mutex_, std::defer_lock);
    if (threads == 1 || inside_a_chunk || chunks > INT32_MAX || !lock.try_lock()) {
        for (int64_t begin = 0; begin < units; begin += grain) fn(args, {begin, std::min(begin + grain, units)});
        return;
    }
    const int64_t helpers = std::min<int64_t>(chunks, threads) - 1;
    start_workers(helpers);
    fn_ = fn;
    args_ = args;
    units_ = units;
    grain_ = grain;
    chunks_ = chunks;
    unfinished_.store(chunks, std::memory_order_relaxed);
    const uint32_t epoch = epoch_.load(std::memory_order_relaxed) + 1;
    ticket_.store((uint64_t)epoch << 32 | (uint64_t)chunks, std::memory_order_release);
    epoch_.store(epoch, std::memory_order_release);
    wake(helpers);
    run_chunks(epoch);
    int64_t left;
    poll([&] { return unfinished_.load(std::memory_order_acquire) == 0; });
    while ((left = unfinished_.load(std::memory_order_acquire)) != 0) unfinished_.wait(left, std::memory_order_acquire);
}

}  // namespace netlet
