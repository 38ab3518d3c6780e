// Replays a plan on a GPU. The step is captured once as a graph; each batch copies its rows and scalars to the device
// and queues the graph. The host waits once for many steps.
//
// Inputs and outputs are slots of the arena. A guard cannot end a queued step, so it closes a gate, `stopped`, which
// every kernel reads: what follows does nothing, in the later steps too.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plan/batches.h"
#include "plan/record.h"

namespace netlet {

class GpuExecutor {
  public:
    // `args`: the arguments of all records, their pointers set. `slots`: the place of each slot in the arena.
    // `timed(record, seconds)` is called for each record of a profiled step.
    GpuExecutor(Device device, const Recording& recording, std::byte* args, std::vector<std::byte*> slots,
                std::function<void(size_t, double)> timed);
    ~GpuExecutor();
    GpuExecutor(const GpuExecutor&) = delete;
    GpuExecutor& operator=(const GpuExecutor&) = delete;

    Ran run(const Batches& batches);
    // Runs record i on the last batch and waits for it. Returns whether it wrote a non-finite value or set its guard.
    bool finds_nonfinite(size_t i);
    // Opens the gate that a guard closed, for finds_nonfinite.
    void restart();

  private:
    // Pinned host memory for what the steps of one wait read, which is given out in order.
    class Pinned {
      public:
        explicit Pinned(GpuExecutor& executor) : executor_(executor) {}
        ~Pinned();
        void reserve(size_t bytes);
        void rewind() { used_ = 0; }
        std::byte* take(size_t bytes);

      private:
        GpuExecutor& executor_;
        void* memory_ = nullptr;
        size_t bytes_ = 0, used_ = 0;
    };
    struct State {  // in device memory
        int64_t done;
        int32_t stopped;  // the index of the record whose guard closed the gate, + 1
    };

    void queue_record(size_t i);
    void run_record(size_t i);
    void queue_step(bool profiled);
    void queue_batch(const Batches& batches, int64_t step);
    size_t pinned_bytes(const Batches& batches) const;
    void feed(size_t source, const Batches& batches, int64_t row);
    const int64_t* checked_rows(const Batches& batches, size_t source, int64_t row);
    void upload(void* to, const void* from, size_t bytes);
    template <class T> T read(const void* device_memory) const;
    State& state() const { return *reinterpret_cast<State*>(state_->data()); }
    void check(const char* message, const std::string& what) const;
    std::string name_of_record(size_t i) const;

    const Device device_;
    Backend& backend_;
    const Recording& recording_;
    std::byte* const args_;
    const std::vector<std::byte*> slots_;
    const std::function<void(size_t, double)> timed_;
    std::vector<Launcher> launchers_;  // of each record
    std::vector<Gate> gates_;
    std::shared_ptr<Buffer> state_;
    std::vector<std::shared_ptr<Buffer>> batch_,
        rows_;  // of each source, in device memory: rows of a host array; row numbers
    Pinned pinned_;
    Graph* graph_ = nullptr;
    bool tried_ = false;  // the first step runs record by record, so that a fault names its record
};

}  // namespace netlet
