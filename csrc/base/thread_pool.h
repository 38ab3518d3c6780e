// netlet's own small thread pool. A worker thread starts when a job first has a chunk for it; an idle worker spins for
// a short time and then sleeps in the kernel. A forked child gets a new pool. The caller cuts the work into chunks, by
// shapes alone; the pool only decides which thread runs which chunk, so results never depend on the number of threads.
#pragma once
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "base/fork.h"
#include "base/thread_place.h"
#include "base/types.h"

namespace netlet {

class ThreadPool {
  public:
    static ThreadPool& instance();

    // Runs fn(args, chunk) for every chunk of `grain` units in [0, units) and returns when all are done. The caller
    // runs chunks too. If another thread is using the pool, the caller runs all chunks itself.
    void run(KernelFn fn, const void* args, int64_t units, int64_t grain);

    int num_threads() const { return threads_.load(std::memory_order_relaxed); }
    void set_num_threads(int n);  // ValueError below 1
    int64_t workers_started() const { return started_.load(std::memory_order_relaxed); }

  private:
    explicit ThreadPool(int threads);
    struct Worker {
        std::thread thread;
        std::atomic<int> slept_on{-1};  // the CPU where it fell asleep; -1 while it is awake
        bool moved = false;
        Affinity before{};  // where it may run, while it is moved
    };

    void start_workers(int64_t wanted);
    void stop_workers();
    void work(Worker& self, uint32_t seen);
    void wake(int64_t helpers);
    bool claim(uint32_t epoch, int64_t* chunk);
    void run_chunks(uint32_t epoch);

    const uint32_t generation_;  // fork_generation() of the process that made the pool
    std::atomic<int> threads_;
    std::mutex mutex_;  // held while a job runs: one job at a time
    std::deque<Worker> workers_;
    std::atomic<int64_t> started_{0};  // workers_.size(), for readers that do not hold the mutex

    // The current job. `ticket_` holds the epoch (upper half) and the number of unclaimed chunks (lower half) in one
    // word. A worker that wakes late finds another epoch there and cannot claim a chunk of a job that it has not seen.
    KernelFn fn_ = nullptr;
    const void* args_ = nullptr;
    int64_t units_ = 0, grain_ = 1, chunks_ = 0;
    alignas(64) std::atomic<uint64_t> ticket_{0};
    alignas(64) std::atomic<uint32_t> epoch_{0};
    alignas(64) std::atomic<int64_t> unfinished_{0};
    std::atomic<bool> stop_{false};
};

}  // namespace netlet
