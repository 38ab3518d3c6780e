// netlet's own small thread pool. Lazy (a thread starts with the first work that has a chunk for it), rebuilt in a forked
// child, a short spin and then asleep in the kernel. How work is cut into chunks is the caller's choice, made from shapes;
// the pool only decides who runs which chunk, so results never depend on the number of threads.
#pragma once
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fork.h"
#include "base/types.h"

namespace netlet {

class ThreadPool {
  public:
    static ThreadPool& instance();

    // fn(args, chunk) for every chunk of `grain` units in [0, units); returns when all are done. The caller works too.
    // Where another thread is using the pool, the caller does all chunks itself.
    void run(KernelFn fn, const void* args, int64_t units, int64_t grain);

    int num_threads() const { return threads_.load(std::memory_order_relaxed); }
    void set_num_threads(int n);  // ValueError below 1
    int64_t workers_started() const { return started_.load(std::memory_order_relaxed); }

  private:
    explicit ThreadPool(int threads);
    void start_workers(int64_t wanted);
    void stop_workers();
    void work(uint32_t seen);
    bool claim(uint32_t epoch, int64_t* chunk);
    void run_chunks(uint32_t epoch);

    const uint32_t generation_;  // the process that its workers live in
    std::atomic<int> threads_;
    std::mutex mutex_;  // held while a job runs: one job at a time
    std::vector<std::thread> workers_;
    std::atomic<int64_t> started_{0};  // workers_.size(), for those who do not hold the mutex

    // The job. `ticket_` is epoch (upper half) and next chunk (lower half) in one word: a worker that wakes late finds
    // another epoch and cannot claim a chunk of a job that it has not seen.
    KernelFn fn_ = nullptr;
    const void* args_ = nullptr;
    int64_t units_ = 0, grain_ = 1, chunks_ = 0;
    alignas(64) std::atomic<uint64_t> ticket_{0};
    alignas(64) std::atomic<uint32_t> epoch_{0};
    alignas(64) std::atomic<int64_t> unfinished_{0};
    std::atomic<bool> stop_{false};
};

}  // namespace netlet
