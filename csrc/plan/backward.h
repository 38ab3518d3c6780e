// Reverse-mode differentiation. While a BackwardList listens to a tape, each op that runs on the tape appends a step. A
// backward pass over the list then computes gradients: `run` of each step emits kernels that write to the tensors that
// `Tape::grad` returns.
//
// `higher` of a step computes the same gradients with differentiable ops. It is used when another list listens while
// gradients are computed, so that the gradients can be differentiated again (ops/higher_order/higher_order.h).
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/fork.h"
#include "plan/row_map.h"
#include "plan/tensor.h"

namespace netlet {

class Tape;

using Tensors = std::vector<Tensor>;
using Grads = Tensors;  // gradients of an op's outputs; null where none flows

// The tensor to which a step writes a gradient. With `accumulate`, the step adds to what earlier steps have written.
struct Grad {
    Tensor tensor;
    bool accumulate = false;
    Rows rows = nullptr;  // only from grad_by_rows: which rows may differ from zero; a step that writes rows updates it
    explicit operator bool() const { return tensor != nullptr; }
};

// Emits the kernels that write the gradients of a step's inputs.
using Backward = std::function<void(Tape&, const Grads& dy)>;
// Returns the gradient of each input, computed by ops from inputs x, outputs y and dy; null where none flows or where
// Tape::wants(x) is false. It needs to capture only the parameters of the op.
using HigherOrder = std::function<Tensors(Tape&, const Tensors& x, const Tensors& y, const Grads& dy)>;

struct BackwardStep {
    Tensors inputs, outputs;
    Backward run;
    HigherOrder higher;  // empty: this op can be differentiated once only
    std::string scope;
    const char* kernel;  // the last kernel that the op emitted; names the op in errors
};
using BackwardSteps = std::vector<std::shared_ptr<BackwardStep>>;

// The steps of one GradientTape. One thread at a time.
class BackwardList : public std::enable_shared_from_this<BackwardList> {
  public:
    BackwardSteps steps;

    // Ops that run on `tape` append their steps to this list, until `leave` or until the tape is destroyed.
    void enter(Tape& tape);
    // Throws RuntimeError on another thread than the one that entered. Does nothing if the list does not listen.
    void leave();
    bool listening() const { return tape_ != nullptr; }

    // Held while gradients are computed from the steps, which changes them.
    ForkSafeMutex& mutex() { return mutex_; }

  private:
    friend class Tape;
    Tape* tape_ = nullptr;
    std::thread::id thread_;  // the thread that entered
    ForkSafeMutex mutex_;
};

// Makes the list listen to the tape during the lifetime of this object.
class Listening {
  public:
    Listening(BackwardList& list, Tape& tape) : list_(list) { list.enter(tape); }
    ~Listening() { list_.leave(); }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

  private:
    BackwardList& list_;
};

// Returns the gradients of the sum of all targets, each weighted by its seed, with respect to the sources; null for a
// source on which no target depends. The kernels are emitted on `tape` and append no backward steps. Unless `retain`,
// the pass removes each step from the list, which frees the step if no other list holds it. Seeds may be overwritten.
Tensors gradients(Tape& tape, BackwardList& list, const Tensors& targets, const Tensors& seeds, const Tensors& sources,
                  bool retain = false);

// The state of one backward pass. The tape that the pass emits on reads it when an op calls `wants`, `grad` or
// `retains`. Passes may be nested.
class BackwardPass {
  public:
    // With `silent`, ops append no backward steps during the lifetime of this pass.
    BackwardPass(Tape& tape, const BackwardSteps& steps, const Tensors& sources, bool silent);
    ~BackwardPass();
    BackwardPass(const BackwardPass&) = delete;
    BackwardPass& operator=(const BackwardPass&) = delete;

    // Whether x needs a gradient and depends on a source.
    bool wants(const Tensor& x) const { return x && x->requires_grad && reached_.count(x.get()) > 0; }

    struct State {
        Tensor tensor;
        bool written = false;
        Rows rows = nullptr;
        std::function<void(Tape&)> whole = nullptr;
    };
    std::unordered_map<const TensorImpl*, State> grads;  // keys are kept alive by the steps and by the caller
    Tensor found(const Tensor& x) const {
        auto it = grads.find(x.get());
        return it != grads.end() && it->second.written ? it->second.tensor : nullptr;
    }
    bool is_source(const Tensor& x) const { return sources_.count(x.get()) > 0; }
    bool retains = false;

    // Runs the steps of the list, the last one first, each with the gradients of its outputs that `grads` then holds.
    // Unless `retain`, removes each step from the list.
    void run(BackwardList& list, bool retain);

  private:
    Tape& tape_;
    BackwardPass* const outer_;
    const bool silent_;
    std::vector<std::shared_ptr<BackwardList>> listeners_;
    std::vector<std::string> scopes_;
    std::unordered_set<const TensorImpl*> sources_, reached_;
};

}  // namespace netlet
