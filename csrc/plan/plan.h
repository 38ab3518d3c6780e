// A recorded step, ready to be replayed: a flat array of {kernel, arguments, split} over one arena. A run allocates
// nothing, looks nothing up and calls Python only where a record is a host call (plan/host_call.h). Prepacked records,
// whose results do not change from run to run (the packing of an inference plan's weights), come first. A run skips
// them while their operands are unchanged.
#pragma once
#include <atomic>
#include <deque>
#include <mutex>
#include <vector>

#include "base/fork.h"
#include "plan/batches.h"
#include "plan/record.h"
#include "plan/row_chain.h"

namespace netlet {

class GpuExecutor;
struct MemoryPlan;

class Plan {
  public:
    explicit Plan(Recording recording, Device device = {});
    ~Plan();
    Device device() const { return device_; }

    const std::vector<Source>& sources() const { return recording_.sources; }
    size_t outputs() const { return recording_.outputs.size(); }
    const Output& output(size_t i) const { return recording_.outputs[i]; }
    const std::vector<Record>& records() const { return recording_.records; }
    int64_t arena_bytes() const { return arena_bytes_; }
    int64_t unplanned_bytes() const { return unplanned_bytes_; }
    const std::vector<RowChain>& row_chains() const { return chains_; }

    // Replays the step for each batch. The sources and outputs fit the plan: the bindings check them.
    Ran run_batches(const Batches& batches);

    // A plan has one user at a time. The user holds a Session while it calls bind_output, feed and run; during that
    // time the buffers that the plan writes count as being written. RuntimeError if a function that a plan calls asks
    // for a plan that is in use: it could wait for itself.
    class Session {
      public:
        explicit Session(Plan& plan) : lock_(locked(plan.mutex_)), plan_(plan) { plan_.begin_writes(); }
        ~Session() { plan_.end_writes(); }
        Session(const Session&) = delete;
        Session& operator=(const Session&) = delete;

      private:
        static std::unique_lock<ForkSafeMutex> locked(ForkSafeMutex& mutex);
        std::unique_lock<ForkSafeMutex> lock_;
        Plan& plan_;
    };

    // ---- on the CPU --------------------------------------------------------------------------------------------
    // Points source i at the caller's rows [first, first + count), or at the rows that `rows` lists (only if
    // gathers(i)).
    void feed(size_t i, const void* data, const int64_t* rows, int64_t first, int64_t count);
    bool gathers(size_t i) const { return recording_.sources[i].cell != nullptr; }
    // Makes the plan write output i to the caller's memory.
    void bind_output(size_t i, void* data) { bind(recording_.outputs[i].slot, data); }

    // Replays the step. Returns -1, or the index of the record whose guard stopped the run.
    int64_t run();
    int64_t run_profiled();  // adds the time that each record takes to seconds(record)
    // Replays the step on the calling thread alone. `seconds` has the shortest time of each chunk of each record so far.
    int64_t run_timing_chunks(std::vector<std::vector<double>>& seconds);

    // ---- on every device ---------------------------------------------------------------------------------------
    double seconds(size_t record) const { return seconds_[record].load(std::memory_order_relaxed); }
    // Replays the step up to the first record that writes a non-finite value or whose guard is set, and returns the
    // index of that record, or -1. It stops after the last guard, so no weight is updated.
    int64_t find_nonfinite();

  private:
    void find_prepacked();
    void find_watched();
    void begin_writes();
    void end_writes();
    bool prepacked_is_stale() const;
    template <class Each> void compute_prepacked(Each each);
    void step(const Record& r);
    void step_chain(size_t chain, bool all_threads = true, const RowChainObserver& observer = {});
    template <class Each, class EachChain> int64_t replay(Each each, EachChain each_chain);
    struct Use {
        std::byte* field;
        int64_t offset;
    };
    void bind(int slot, const void* data);
    int64_t find_nonfinite_in_chain(size_t chain);

    Ran run_on_cpu(const Batches& batches);
    const int64_t* checked_rows(const int64_t* rows, int64_t count, int64_t limit);
    void add_seconds(size_t record, double taken);
    void start_gpu(const MemoryPlan& memory);

    Recording recording_;
    const Device device_;
    std::unique_ptr<GpuExecutor> gpu_;  // null on the CPU
    std::shared_ptr<Buffer> arena_, args_;
    std::vector<int64_t> batch_rows_;           // of the last batch, which find_nonfinite gathers again
    std::vector<std::vector<Use>> uses_;        // by slot; filled for inputs and outputs
    std::vector<std::atomic<double>> seconds_;  // of each record
    // The first `prepacked_` records run only if a buffer that they read has been written since they last ran.
    static constexpr uint64_t never = UINT64_MAX;
    struct Read {
        std::shared_ptr<Buffer> buffer;
        uint64_t version;    // the version that the prepacked records have read, or `never`
        uint64_t found = 0;  // the version when they begin to run
    };
    size_t prepacked_ = 0;
    std::vector<Read> prepacked_reads_;
    // The buffers outside the arena that the plan writes, and those that its row maps watch.
    struct Write {
        std::shared_ptr<Buffer> buffer;
        uint64_t version;  // in a session: before it began; otherwise: after the last one ended
    };
    std::vector<Write> writes_;
    std::vector<std::vector<size_t>> watched_;  // for each row map and buffer that it watches: index in writes_
    std::vector<RowChain> chains_;
    std::deque<RowChainMemory> chain_memory_;  // of each chain
    int64_t arena_bytes_ = 0, unplanned_bytes_ = 0;
    ForkSafeMutex
        mutex_;  // if a fork interrupts a run, the child may run again: no run reads what an unfinished run has written
};

}  // namespace netlet
