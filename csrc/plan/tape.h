// The tape: where every operation is emitted.
//
// A tape is *eager* (each kernel runs at once: what users of `ops`, custom loops and GradientTape see) or it *records*
// (each kernel becomes a Record; `compile` makes a Plan of them). An op's code does not know which:
//
//     Tensor relu(Tape& tape, const Tensor& x) {
//         Tensor y = tape.empty(x->shape, x->dtype);
//         ReluArgs args{};
//         tape.emit(NETLET_KERNEL_FOR(relu_fwd, x->dtype), args, {in(args.x, x), out(args.y, y)}, Work{x->size(), grain});
//         if (tape.needs_grad({x}))
//             tape.on_backward({x}, {y}, [=](Tape& tape, const Grads& dy) {
//                 if (Grad dx = tape.grad(x)) { ... emit relu_bwd, which writes dx.tensor, or adds to it if dx.accumulate }
//             }, [](Tape& tape, const Tensors& x, const Tensors& y, const Grads& dy) {
//                 return Tensors{ ... dx by ops whose gradients flow: what makes second derivatives possible ... };
//             });
//         return y;
//     }
//
// Capture in the closure only what backward needs: what is captured stays alive until backward has run.
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

#include "plan/backward.h"
#include "plan/record.h"
#include "plan/tensor.h"

namespace netlet {

class Plan;

// One pointer field of an argument struct and the tensor that it shall point to.
struct Operand {
    void* field;
    const Tensor& tensor;
    bool reads, writes;
    bool optional = false;  // without a tensor the field stays null
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

// How a record may be split: `units` of work in chunks of `grain`. Both depend on shapes alone, never on the number
// of threads, so that results do not either. One chunk (grain >= units) stays on the calling thread.
struct Work {
    int64_t units = 1;
    int64_t grain = 1;
    double flops = 0;  // for describe()
    // The result follows from the operands alone and is worth its memory: a plan that does not write the operands itself
    // keeps it from one run to the next, and computes it again once somebody has written them (packed weights).
    bool prepack = false;
};
// The grain of chunks of about `elements`, where each unit has `unit` of them.
inline int64_t grain_for(int64_t elements, int64_t unit) {
    return std::max<int64_t>(1, elements / std::max<int64_t>(1, unit));
}
inline Work one_chunk(int64_t units, double flops = 0) { return {units, units > 0 ? units : 1, flops}; }
// For kernels that stream: units are elements, chunks of 16k elements (a few microseconds each).
inline Work elementwise_work(int64_t elements, double flops_each = 1) {
    return {elements, 16384, flops_each * (double)elements};
}

class Tape : public std::enable_shared_from_this<Tape> {
  public:
    enum class Mode { eager, record };
    // `trains`: a recorded step that writes what it reads, so that a plan keeps nothing (see Work::prepack).
    explicit Tape(Mode mode, bool trains = false);
    ~Tape();
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    // The innermost tape that this thread has entered; outside any, the thread's own eager tape without gradients.
    static Tape& current();
    static bool outside();  // this thread has entered none
    static void enter(Tape* tape);
    static void leave(Tape* tape);

    bool recording() const { return mode_ == Mode::record; }
    // Whether a plan of this tape would keep what follows from x alone (see Work::prepack): x is there already or is kept
    // itself, and no step of training is recorded, which would write it.
    bool prepacks(const Tensor& x) const {
        if (!recording() || trains_) return false;
        return x->recorded() ? prepacked_slots_.count(x->slot) > 0 : x->buffer->tracked();
    }

    // ---- what ops call ------------------------------------------------------------------------------------------
    Tensor empty(const Shape& shape, DType dtype);
    // The same bytes under another shape, `offset` bytes in. No gradient flows: that is the op's business.
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

    // Whether somebody listens who may ask for gradients of one of these.
    bool needs_grad(std::initializer_list<Tensor> inputs) const;
    bool listened() const { return !listeners_.empty(); }
    // Appends a step to the lists of all who listen. Without `higher` the op can be differentiated once only.
    void on_backward(const Tensors& inputs, const Tensors& outputs, Backward run, HigherOrder higher = nullptr);
    // Inside a backward pass: whether x's gradient is asked for, ...
    bool wants(const Tensor& x) const { return pass_ && pass_->wants(x); }
    Grad grad(const Tensor& x);  // ... and where `run` writes it; null if it is not
    // Whether this step may run once more, so that what it has saved for backward must not be overwritten.
    bool retains() const { return pass_ && pass_->retains; }
    // The same for an op that writes few rows of it and says which, if the place of x's gradient has a map of rows.
    Grad grad_by_rows(const Tensor& x);
    // A record that is emitted next reads or writes this map.
    void rely_on(const Rows& rows);
    // Lets x's gradient share the memory of `dy`, where x is a view's origin and nothing else has reached it yet.
    // False: the op must add `dy` to grad(x) itself.
    bool alias_grad(const Tensor& x, const Tensor& y, const Tensor& dy);

    // Emits what fn emits after everything else; an eager tape knows no later and does it now. For state that a step
    // brings up to date for the steps to come: a run that is abandoned (see guard) has not touched it.
    void at_end(std::function<void(Tape&)> fn);

    // A number that differs between the random ops of one step (eager: between all calls of this thread).
    uint32_t next_stream();
    static void reset_eager_streams();
    // The int64 cell that random ops read as their step count; a recorded training step advances it at its end.
    const Tensor& step() const { return step_; }
    void set_step(const Tensor& int64_cell) { step_ = int64_cell; }

    // The value of a recorded tensor that is computed from constants alone, as arithmetic on shapes and masks is; null where
    // it depends on an input, a Variable or a random number.
    Tensor known_value(const Tensor& x) const;

    // The layer that ops are emitted for: named by describe() and by errors.
    void push_scope(const std::string& name) { scopes_.push_back(name); }
    void pop_scope() {
        // None is open where an interruption came between a push and its tape.
        if (!scopes_.empty()) scopes_.pop_back();
    }
    std::string scope() const;

    // ---- what the training engine calls -------------------------------------------------------------------------
    // A value that the caller supplies at each run; the plan reads it where it lies, without a copy.
    Tensor input(const Shape& shape, DType dtype, const std::string& name);
    // The same for rows gathered from a larger array: `cell` is the FeedCell that a gather record of this tape reads.
    void add_feed(const Tensor& cell, const Shape& shape, DType dtype, const std::string& name);
    // Lets x's gradient be written to memory that the caller chose (a part of the flat gradient segment). With `rows`:
    // zero but for the rows that the map tells; `whole` shall emit that all may differ, when an op knows nothing of rows.
    void set_grad_target(const Tensor& x, const Tensor& target, const Rows& rows = nullptr,
                         std::function<void(Tape&)> whole = nullptr);
    // Makes the tape keep the backward steps of its ops itself.
    void listen_to_itself() {
        own_steps_ = std::make_shared<BackwardList>();
        own_steps_->enter(*this);
    }
    BackwardList& own_steps() {
        if (!own_steps_) throw RuntimeError("gradients: this tape keeps no backward steps");
        return *own_steps_;
    }
    // Hands the place that was set for x's gradient, if there is one, to a pass that computes it.
    void take_grad_target(const Tensor& x, BackwardPass& pass);
    // A run is abandoned right after the records so far that write `flag` (one int32), if it is not 0 then.
    void guard(const Tensor& flag);
    // Whether the plan can hand y out as it is: recorded here, no input, not an output already.
    bool can_output(const Tensor& y) const;
    std::shared_ptr<Plan> compile(const std::vector<Tensor>& outputs);

  private:
    friend class BackwardList;
    friend class BackwardPass;
    friend Tensors gradients(Tape&, BackwardList&, const Tensors&, const Tensors&, const Tensors&, bool);
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
    void emit_bytes(const Kernel&, void* args, size_t size, std::span<const Operand>, const Work&);
    void check_owner(const Tensor& x, const Kernel&) const;

    Mode mode_;
    const bool trains_;
    uint64_t id_;
    uint32_t next_stream_ = 0;
    Tensor step_;
    std::vector<std::string> scopes_;
    Recording recording_;
    std::unordered_set<int> prepacked_slots_;  // what records with Work::prepack write, from operands that are kept

    std::vector<std::shared_ptr<BackwardList>> listeners_;
    std::shared_ptr<BackwardList> own_steps_;
    BackwardPass* pass_ = nullptr;  // the one under way
    std::unordered_map<const TensorImpl*, BackwardPass::State> grad_targets_;
    const char* last_kernel_ = "";
    std::vector<std::function<void(Tape&)>> at_end_;
    std::atomic<const void*> thread_{nullptr};  // which thread has entered it: the address of a variable of that thread
};

// Names the ops emitted while it lives.
class Scope {
  public:
    Scope(Tape& tape, const std::string& name) : tape_(tape) { tape_.push_scope(name); }
    ~Scope() { tape_.pop_scope(); }

  private:
    Tape& tape_;
};

}  // namespace netlet
