// Reverse-mode differentiation. While a BackwardList listens to a tape, each op that runs there appends a step. A
// backward pass over the list then computes gradients: `run` of each step emits kernels that write where `Tape::grad` says.
//
// `higher` of a step computes the same gradients by ops whose own gradients flow. The pass uses it where another list
// listens while gradients are computed, so that they can be differentiated again (ops/higher_order/higher_order.h).
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

// Where the gradient of a tensor is to be written; `accumulate` if an earlier use of it has written there already.
struct Grad {
    Tensor tensor;
    bool accumulate = false;
    Rows rows = nullptr;  // from grad_by_rows alone: which rows differ from zero; who writes must keep it true
    explicit operator bool() const { return tensor != nullptr; }
};

// Emits the kernels that write the gradients of a step's inputs.
using Backward = std::function<void(Tape&, const Grads& dy)>;
// Returns the gradient of each input, computed by ops from inputs x, outputs y and dy; null where none flows or where
// Tape::wants(x) is false. Parameters of the op are all that it needs to capture.
using HigherOrder = std::function<Tensors(Tape&, const Tensors& x, const Tensors& y, const Grads& dy)>;

struct BackwardStep {
    Tensors inputs, outputs;
    Backward run;
    HigherOrder higher;  // empty: this op can be differentiated once only
    std::string scope;
    const char* kernel;  // the last one that the op emitted; names the op in errors
};
using BackwardSteps = std::vector<std::shared_ptr<BackwardStep>>;

// The steps of one GradientTape. One thread at a time.
class BackwardList : public std::enable_shared_from_this<BackwardList> {
  public:
    BackwardSteps steps;

    // From now on the ops that run on `tape` append their steps, until `leave` or the end of that tape.
    void enter(Tape& tape);
    // RuntimeError on another thread than the one that entered; nothing to do where it does not listen.
    void leave();
    bool listening() const { return tape_ != nullptr; }

    // Held while gradients are computed from the steps, which changes them.
    ForkSafeMutex& mutex() { return mutex_; }

  private:
    friend class Tape;
    Tape* tape_ = nullptr;
    std::thread::id thread_;  // that entered
    ForkSafeMutex mutex_;
};

// Listens while it lives.
class Listening {
  public:
    Listening(BackwardList& list, Tape& tape) : list_(list) { list.enter(tape); }
    ~Listening() { list_.leave(); }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

  private:
    BackwardList& list_;
};

// Gradients of the targets, each weighted by its seed and all added up, with regard to the sources; null where no target
// depends on a source. Emitted on `tape`, without steps of their own. Steps that nobody else holds are released as they
// are passed, unless `retain`. Seeds may be written over.
Tensors gradients(Tape& tape, BackwardList& list, const Tensors& targets, const Tensors& seeds, const Tensors& sources,
                  bool retain = false);

// The state of one backward pass. The tape that the pass emits on reads it when an op calls `wants`, `grad` or `retains`. An op
// may run a pass of its own inside of another.
class BackwardPass {
  public:
    // `silent`: nobody listens to what is emitted while this pass lives.
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

  private:
    Tape& tape_;
    BackwardPass* const outer_;
    const bool silent_;
    std::vector<std::shared_ptr<BackwardList>> listeners_;
    std::vector<std::string> scopes_;
    std::unordered_set<const TensorImpl*> sources_, reached_;
};

}  // namespace netlet
