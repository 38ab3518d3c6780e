// The tape: where every operation is emitted.
//
// A tape is *eager* (each kernel runs at once: users of `ops`, custom loops and GradientTape use this) or it *records*
// (each kernel becomes a Record; `compile` makes a Plan of them). An op's code is the same for both:
//
//     Tensor relu(Tape& tape, const Tensor& x) {
//         Tensor y = tape.empty(x->shape, x->dtype);
//         ReluArgs args{};
//         tape.emit(NETLET_KERNEL_FOR(relu_fwd, x->dtype), args, {in(args.x, x), out(args.y, y)},
//                   Work{x->size(), grain});
//         if (tape.needs_grad({x}))
//             tape.on_backward({x}, {y}, [=](Tape& tape, const Grads& dy) {
//                 if (Grad dx = tape.grad(x)) {
//                     ... emit relu_bwd, which writes dx.tensor, or adds to it if dx.accumulate
//                 }
//             }, [](Tape& tape, const Tensors& x, const Tensors& y, const Grads& dy) {
//                 return Tensors{ ... dx computed by differentiable ops, for second derivatives ... };
//             });
//         return y;
//     }
//
// Capture in the closure only what backward needs: captured tensors stay alive until backward has run.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/device.h"
#include "plan/backward.h"
#include "plan/record.h"
#include "plan/tensor.h"
#include "plan/transfer.h"

namespace netlet {

class Plan;

// What each of several recordings that take turns on one tape has of its own: see Tape::swap. The shards of a batch are
// recorded in this way.
struct Strand {
    std::vector<std::string> scopes;
    std::vector<std::shared_ptr<BackwardList>> listeners;
    BackwardPass* pass = nullptr;
    std::unordered_map<const TensorImpl*, BackwardPass::State> grad_targets;
    std::shared_ptr<const Skip> skip;
};

// One pointer field of an argument struct and the tensor that it will point to.
struct Operand {
    void* field;
    const Tensor& tensor;
    bool reads, writes;
    bool optional = false;  // without a tensor the field stays null
    bool by_row = false;    // see Work::rows
};
template <class T> Operand in(const T*& field, const Tensor& t) { return {(void*)&field, t, true, false}; }
template <class T> Operand out(T*& field, const Tensor& t) { return {(void*)&field, t, false, true}; }
template <class T> Operand inout(T*& field, const Tensor& t) { return {(void*)&field, t, true, true}; }
template <class T> Operand in_if(const T*& field, const Tensor& t) { return {(void*)&field, t, true, false, true}; }
template <class T> Operand out_if(T*& field, const Tensor& t, bool adds = false) {
    return {(void*)&field, t, adds, true, true};
}
// The operand that writes a gradient, or adds to it; `accumulate` is the flag in the same arguments that says which.
template <class T> Operand into(T*& field, bool& accumulate, const Grad& g) {
    accumulate = g.accumulate;
    return {(void*)&field, g.tensor, g.accumulate, true};
}
template <class T> Operand into_if(T*& field, bool& accumulate, const Grad& g) {
    accumulate = g.accumulate;
    return {(void*)&field, g.tensor, g.accumulate, true, true};
}
// An operand that the units of a row read or write the same row of: see Work::rows.
inline Operand by_row(Operand o) {
    o.by_row = true;
    return o;
}

// How a record may be split: `units` of work in chunks of `grain`. Both depend on shapes alone, never on the number
// of threads, so that results do not either. One chunk (grain >= units) stays on the calling thread.
struct Work {
    int64_t units = 1;
    int64_t grain = 1;
    double flops = 0;  // for describe()
    // The result depends on the operands alone and is worth its memory (packed weights). A plan that does not write the
    // operands caches the result across runs and computes it again after someone has written them.
    bool prepack = false;
    // If not 0, the units are those of so many rows of a batch, or of equal groups of them, one row after the other: of
    // each operand that is `by_row`, which has as many rows of equal bytes, they use the same row alone. A plan may run
    // several such records a few rows at a time (plan/row_chain.h).
    int64_t rows = 0;
};
// The grain of chunks of about `elements`, where each unit has `unit` of them.
inline int64_t grain_for(int64_t elements, int64_t unit) {
    return std::max<int64_t>(1, elements / std::max<int64_t>(1, unit));
}
// Blocks of about `block` items that hold whole rows, or each a part of one row, where rows have `each` items; and for
// how many groups of rows they are: Work::rows.
struct RowBlocks {
    int64_t block, rows;
};
RowBlocks row_blocks(int64_t rows, int64_t each, int64_t block);
inline Work one_chunk(int64_t units, double flops = 0) { return {units, units > 0 ? units : 1, flops}; }
// For kernels that stream through memory: a unit is one element, a chunk is 16k elements (a few microseconds).
inline Work elementwise_work(int64_t elements, double flops_each = 1) {
    return {elements, 16384, flops_each * (double)elements};
}

// The same work, whose units are those of so many rows (Work::rows), or the elements of an array whose first axis is the
// batch's.
inline Work with_rows(Work work, int64_t rows) {
    work.rows = rows;
    return work;
}
inline Work with_rows(const Work& work, const Shape& shape) { return with_rows(work, shape.rank() > 1 ? shape[0] : 0); }

class Tape : public std::enable_shared_from_this<Tape> {
  public:
    enum class Mode { eager, record };
    // `trains`: the recorded step updates tensors that it reads, so the plan caches nothing (see Work::prepack).
    explicit Tape(Mode mode, bool trains = false);
    ~Tape();
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    // The innermost tape that this thread has entered. A thread that has entered none uses its own eager tape.
    static Tape& current();
    static bool outside();  // true if this thread has entered no tape
    static void enter(Tape* tape);
    static void leave(Tape* tape);

    bool recording() const { return mode_ == Mode::record; }
    // Whether a plan of this tape would cache a result that depends on x alone (see Work::prepack): x exists before
    // the plan or is itself cached, and the recorded step does not train, which would write x.
    bool prepacks(const Tensor& x) const {
        if (!recording() || trains_ || on_gpu()) return false;
        return x->recorded() ? prepacked_slots_.count(x->slot) > 0 : x->buffer->tracked();
    }

    // Where the ops of this tape run: the device that is current when the tape is made, or
    // when `current` returns a thread's own eager tape.
    Device device() const { return device_; }
    // Whether they run on a GPU, which has its own kernels: an op then emits the unpacked form of its arguments and
    // none of the layouts that only the CPU's kernels use.
    bool on_gpu() const { return !device().is_cpu(); }
    // A tensor of values that the op computed on the host, where the kernels of this tape can read it.
    Tensor constant(const Tensor& host) const { return on_device(host, device()); }

    // ---- what ops call ------------------------------------------------------------------------------------------
    Tensor empty(const Shape& shape, DType dtype);
    // The same memory with another shape, `offset` bytes further. It appends no backward step; the calling op does.
    Tensor view(const Tensor& x, const Shape& shape, int64_t offset = 0);

    // Compiles only with arguments of the type that kernels.def lists for the kernel.
    template <class Args, class... Listed>
    void emit(const KernelOf<Listed...>& kernel, Args& args, std::initializer_list<Operand> operands,
              const Work& work) {
        check_args<Args>(kernel);
        emit_bytes(kernel, &args, sizeof args, {operands.begin(), operands.size()}, work);
    }
    template <class Args, class... Listed>
    void emit(const KernelOf<Listed...>& kernel, Args& args, const std::vector<Operand>& operands, const Work& work) {
        check_args<Args>(kernel);
        emit_bytes(kernel, &args, sizeof args, operands, work);
    }

    // Whether a list listens and one of these inputs requires a gradient.
    bool needs_grad(std::initializer_list<Tensor> inputs) const;
    // Whether the plan may run what is made of these inputs by rows (Work::rows): no backward pass needs all rows of it.
    bool may_run_by_row(std::initializer_list<Tensor> inputs) const {
        return recording() && !on_gpu() && !needs_grad(inputs);
    }
    bool listened() const { return !listeners_.empty(); }
    // Appends a step to every list that listens. Without `higher` the op can be differentiated once only.
    void on_backward(const Tensors& inputs, const Tensors& outputs, Backward run, HigherOrder higher = nullptr);
    // Inside a backward pass: whether x's gradient is needed, ...
    bool wants(const Tensor& x) const { return pass_ && pass_->wants(x); }
    Grad grad(const Tensor& x);  // ... and where `run` writes it; null if it is not needed
    // Whether this step may run again; if so, it must not overwrite what it has saved for backward.
    bool retains() const { return pass_ && pass_->retains; }
    // As grad, for an op that writes few rows of x's gradient. If the result has a row map, the op updates the map.
    Grad grad_by_rows(const Tensor& x);
    // Declares that records of this tape read or write the row map.
    void rely_on(const Rows& rows);
    // Lets x's gradient share the memory of `dy`, where y is a view of x and x has no gradient yet. If it returns
    // false, the op must add `dy` to grad(x) itself.
    bool alias_grad(const Tensor& x, const Tensor& y, const Tensor& dy);

    // Calls fn at the end of the recording, so that its records come last; an eager tape calls it at once. Use it for
    // state that a step updates for later steps: a run that a guard ends has not changed that state.
    void at_end(std::function<void(Tape&)> fn);

    // A number that differs between the random ops of one step (eager: between all calls of this thread).
    uint32_t next_stream();
    static void reset_eager_streams();
    // The int64 scalar cell that random ops read as the step count. A recorded training step increments it at its end.
    const Tensor& step() const { return step_; }
    void set_step(const Tensor& int64_cell) { step_ = int64_cell; }

    // The value of a recorded tensor that is computed from constants alone, such as shapes and masks; null if it
    // depends on an input, a Variable or a random number.
    Tensor known_value(const Tensor& x) const;

    // The layer that ops are emitted for; describe() and errors name it.
    void push_scope(const std::string& name) { scopes_.push_back(name); }
    void pop_scope() {
        // An interrupt can cause a pop on a tape without the matching push.
        if (!scopes_.empty()) scopes_.pop_back();
    }
    std::string scope() const;

    // ---- what the training engine calls -------------------------------------------------------------------------
    // A value that the caller supplies at each run. The plan reads the caller's memory, without a copy.
    Tensor input(const Shape& shape, DType dtype, const std::string& name);
    // The same for rows gathered from a larger array: `cell` is the FeedCell that a gather record of this tape reads.
    void add_feed(const Tensor& cell, const Shape& shape, DType dtype, const std::string& name);
    // Makes backward write x's gradient to `target`, memory that the caller chose (a part of the flat gradient
    // segment). With `rows`, the gradient is zero except in the rows that the map marks. If an op writes the gradient
    // without updating the map, `whole` is called; it emits a record that marks all rows.
    void set_grad_target(const Tensor& x, const Tensor& target, const Rows& rows = nullptr,
                         std::function<void(Tape&)> whole = nullptr);
    // Makes the tape record the backward steps of its ops in a list that it owns.
    void listen_to_itself() {
        own_steps_ = std::make_shared<BackwardList>();
        own_steps_->enter(*this);
    }
    BackwardList& own_steps() {
        if (!own_steps_) throw RuntimeError("gradients: expected a tape that records backward steps");
        return *own_steps_;
    }
    // Moves the target that set_grad_target set for x, if any, to the pass that computes x's gradient.
    void take_grad_target(const Tensor& x, BackwardPass& pass);
    // Exchanges what a strand has of its own. Another thread may then enter the tape and go on with its strand.
    void swap(Strand& strand);
    // Makes every record so far that writes `flag` (one int32) a guard: a run ends right after it if the flag is not 0.
    void guard(const Tensor& flag);
    // Records that are emitted before the matching end_skip do not run while `flag` (one int32) is not 0. Nests.
    void begin_skip(const Tensor& flag);
    void end_skip() {
        if (skip_) skip_ = skip_->outer;
    }
    // Whether y can be an output without a copy: recorded here, without an offset, and not yet an input or an output.
    bool can_output(const Tensor& y) const;
    std::shared_ptr<Plan> compile(const std::vector<Tensor>& outputs);

  private:
    friend class BackwardList;
    friend class BackwardPass;
    template <class Args, class... Listed>
    static void check_args(const KernelOf<Listed...>& kernel) {
        static_assert(std::is_trivially_copyable_v<Args> && alignof(Args) <= 16, "kernel arguments are plain data");
        static_assert((std::is_same_v<Args, Listed> || ...), "this kernel takes other arguments: see kernels.def");
        if constexpr (sizeof...(Listed) > 1) {
            constexpr bool takes[] = {std::is_same_v<Args, Listed>...};
            if (!takes[kernel.which])
                throw RuntimeError(std::string(kernel.name) + ": expected arguments of its own element type");
        }
    }
    Tensor operand(const Operand&, const Kernel&) const;
    void emit_bytes(const Kernel&, void* args, size_t size, std::span<const Operand>, const Work&);
    void run_now(const Kernel&, void* args, std::span<const Operand>, const Work&) const;
    void run_on_gpu(const Kernel&, void* args, std::span<const Operand>, const Work&) const;
    void check_owner(const Tensor& x, const Kernel&) const;

    Mode mode_;
    const bool trains_;
    Device device_;
    uint64_t id_;
    uint32_t next_stream_ = 0;
    Tensor step_;
    std::vector<std::string> scopes_;
    Recording recording_;
    std::unordered_set<int> prepacked_slots_;  // slots that prepacked records write

    std::vector<std::shared_ptr<BackwardList>> listeners_;
    std::shared_ptr<BackwardList> own_steps_;
    BackwardPass* pass_ = nullptr;  // the innermost one that is running
    std::unordered_map<const TensorImpl*, BackwardPass::State> grad_targets_;
    const char* last_kernel_ = "";
    std::shared_ptr<const Skip> skip_;  // the innermost one that has begun
    std::vector<std::function<void(Tape&)>> at_end_;
    std::atomic<const void*> thread_{nullptr};  // the thread that has entered it: address of its thread_local
};

// Names the ops that are emitted during its lifetime.
class Scope {
  public:
    Scope(Tape& tape, const std::string& name) : tape_(tape) { tape_.push_scope(name); }
    ~Scope() { tape_.pop_scope(); }

  private:
    Tape& tape_;
};

}  // namespace netlet
