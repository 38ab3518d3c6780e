// A recorded step, ready to be replayed: a flat array of {kernel, arguments, split} over one arena. A run allocates
// nothing, looks nothing up and never asks Python. Records that only prepare what does not change from run to run (the
// packing of an inference plan's weights) stand in front and are passed over while their operands stay as they are.
#pragma once
#include <atomic>
#include <mutex>
#include <vector>

#include "base/fork.h"
#include "plan/record.h"

namespace netlet {

class Plan {
  public:
    explicit Plan(Recording recording);

    const std::vector<Source>& sources() const { return recording_.sources; }
    size_t outputs() const { return recording_.outputs.size(); }
    const Output& output(size_t i) const { return recording_.outputs[i]; }
    const std::vector<Record>& records() const { return recording_.records; }
    int64_t arena_bytes() const { return arena_bytes_; }
    int64_t unplanned_bytes() const { return unplanned_bytes_; }

    // One user at a time; hold a Session around bind, feed and run. While it lives, the memory that the plan writes counts
    // as being written.
    class Session {
      public:
        explicit Session(Plan& plan) : lock_(plan.mutex_), plan_(plan) { plan_.begin_writes(); }
        ~Session() { plan_.end_writes(); }
        Session(const Session&) = delete;
        Session& operator=(const Session&) = delete;

      private:
        std::lock_guard<ForkSafeMutex> lock_;
        Plan& plan_;
    };

    // Points source i at the caller's rows [first, first + count), or at the rows that `rows` lists (feeds only).
    void feed(size_t i, const void* data, const int64_t* rows, int64_t first, int64_t count);
    // Memory for the rows of one batch. It belongs to the plan, since find_nonfinite gathers the last batch once more.
    std::vector<int64_t>& batch_rows(int64_t count) {
        batch_rows_.resize((size_t)count);
        return batch_rows_;
    }
    bool gathers(size_t i) const { return recording_.sources[i].cell != nullptr; }
    // Lets the plan write output i to the caller's memory.
    void bind_output(size_t i, void* data) { bind(recording_.outputs[i].slot, data); }

    // Replays the step. Returns -1, or the record whose guard stopped it.
    int64_t run();
    // The same with each record's seconds added up.
    int64_t run_profiled();
    double seconds(size_t record) const { return seconds_[record].load(std::memory_order_relaxed); }
    // Replays a step up to its first record that writes a value that is not finite, and returns that record, or -1.
    // Goes no further than the last guard, so nothing is updated.
    int64_t find_nonfinite();

  private:
    void find_prepacked();
    void find_watched();
    void begin_writes();
    void end_writes();
    bool prepacked_is_stale() const;
    template <class Each> void compute_prepacked(Each each);
    void step(const Record& r);
    template <class Each> int64_t replay(Each each);
    struct Use {
        std::byte* field;
        int64_t offset;
    };
    void bind(int slot, const void* data);
    bool writes_nonfinite(const Record& r) const;

    Recording recording_;
    std::shared_ptr<Buffer> arena_, args_;
    std::vector<int64_t> batch_rows_;
    std::vector<std::vector<Use>> uses_;        // by slot; filled for inputs and outputs
    std::vector<std::atomic<double>> seconds_;  // of each record
    // The first records of the plan, `prepacked_` in number, run only when one of the buffers that they read has been written
    // since.
    static constexpr uint64_t never = UINT64_MAX;
    struct Read {
        std::shared_ptr<Buffer> buffer;
        uint64_t version;    // of what the kept records have read, or `never`
        uint64_t found = 0;  // while they run
    };
    size_t prepacked_ = 0;
    std::vector<Read> prepacked_reads_;
    // Memory outside the arena that the plan writes, and what its maps of rows watch.
    struct Write {
        std::shared_ptr<Buffer> buffer;
        uint64_t version;  // before the session began, after it ended
    };
    std::vector<Write> writes_;
    std::vector<std::vector<size_t>> watched_;  // for each map, for each buffer that it watches: which of writes_
    int64_t arena_bytes_ = 0, unplanned_bytes_ = 0;
    ForkSafeMutex
        mutex_;  // a run that a fork cut off is begun anew: it reads nothing that an earlier run left half done
};

}  // namespace netlet
