#include "plan/backward.h"

#include <algorithm>

#include "plan/tape.h"

namespace netlet {

void BackwardList::enter(Tape& tape) {
    if (tape_) throw RuntimeError("GradientTape: this tape is already recording");
    tape.listeners_.push_back(shared_from_this());
    tape_ = &tape;
    thread_ = std::this_thread::get_id();
}

void BackwardList::leave() {
    if (!tape_) return;
    if (thread_ != std::this_thread::get_id())
        throw RuntimeError("GradientTape: this tape is recording on another thread; leave its block on that thread");
    auto& listeners = tape_->listeners_;
    const auto it = std::find(listeners.begin(), listeners.end(), shared_from_this());
    tape_ = nullptr;
    if (it != listeners.end()) listeners.erase(it);
}

BackwardPass::BackwardPass(Tape& tape, const BackwardSteps& steps, const Tensors& sources, bool silent)
    : tape_(tape), outer_(tape.pass_), silent_(silent) {
    for (const Tensor& s : sources) sources_.insert(s.get());
    reached_ = sources_;
    for (const auto& step : steps)
        if (std::any_of(step->inputs.begin(), step->inputs.end(), [&](const Tensor& x) { return wants(x); }))
            for (const Tensor& y : step->outputs) reached_.insert(y.get());
    tape.pass_ = this;
    if (silent) tape.listeners_.swap(listeners_);
    tape.scopes_.swap(scopes_);
}

BackwardPass::~BackwardPass() {
    tape_.pass_ = outer_;
    if (silent_) {
        tape_.listeners_.swap(listeners_);
        // Since then, lists may have left, and others may have entered that still listen.
        auto& all = tape_.listeners_;
        std::erase_if(all, [](const auto& list) { return !list->listening(); });
        for (const auto& list : listeners_)
            if (std::find(all.begin(), all.end(), list) == all.end()) all.push_back(list);
    }
    tape_.scopes_.swap(scopes_);
}

void BackwardPass::run(BackwardList& list, bool retain) {
    for (size_t i = list.steps.size(); i-- > 0;) {
        BackwardStep& step = *list.steps[i];
        retains = retain || list.steps[i].use_count() > 1;
        Grads dy;
        bool any = false;
        for (const Tensor& y : step.outputs) {
            dy.push_back(found(y));
            any = any || dy.back();
        }
        if (any) {
            tape_.scopes_ = {step.scope};
            step.run(tape_, dy);
        }
        // No later step needs the gradients of these outputs. An eager tape frees their memory here.
        for (const Tensor& y : step.outputs)
            if (!is_source(y)) grads.erase(y.get());
        if (!retain) list.steps.pop_back();
    }
}

Tensors gradients(Tape& tape, BackwardList& list, const Tensors& targets, const Tensors& seeds, const Tensors& sources,
                  bool retain) {
    BackwardPass pass(tape, list.steps, sources, true);
    for (const Tensor& s : sources) tape.take_grad_target(s, pass);
    for (size_t i = 0; i < targets.size(); ++i) {
        if (targets[i]->shape != seeds[i]->shape)
            throw ValueError("gradients: expected a seed with the target's shape, received another shape");
        pass.grads[targets[i].get()] = {seeds[i], true};
    }
    pass.run(list, retain);
    Tensors result;
    for (const Tensor& s : sources) result.push_back(pass.found(s));
    return result;
}

}  // namespace netlet
