#include "ops/branch/nested_pass.h"

#include <algorithm>
#include <unordered_set>

namespace netlet::ops {

void nested_gradients(Tape& tape, BackwardList& list, const Tensors& targets, const Tensors& seeds,
                      const Tensors& sources, std::vector<Grad>& into, bool retain) {
    BackwardPass pass(tape, list.steps, sources, true);
    for (size_t i = 0; i < sources.size(); ++i)
        pass.grads[sources[i].get()] = {into[i].tensor, into[i].accumulate, nullptr, nullptr};
    for (size_t i = 0; i < targets.size(); ++i) pass.grads[targets[i].get()] = {seeds[i], true, nullptr, nullptr};
    for (size_t i = list.steps.size(); i-- > 0;) {
        const std::shared_ptr<BackwardStep> step = list.steps[i];
        if (!retain) list.steps.pop_back();
        pass.retains = retain || step.use_count() > 1;
        Grads dy;
        for (const Tensor& y : step->outputs) dy.push_back(pass.found(y));
        if (std::any_of(dy.begin(), dy.end(), [](const Tensor& d) { return d != nullptr; })) {
            const Scope scope(tape, step->scope);
            step->run(tape, dy);
        }
        for (const Tensor& y : step->outputs) pass.grads.erase(y.get());
    }
    for (size_t i = 0; i < sources.size(); ++i) into[i].accumulate = pass.grads[sources[i].get()].written;
}

Tensors outer_inputs(const BackwardSteps& steps) {
    std::unordered_set<const TensorImpl*> known;
    Tensors inputs;
    for (const auto& step : steps) {
        for (const Tensor& x : step->inputs)
            if (x && x->requires_grad && known.insert(x.get()).second) inputs.push_back(x);
        for (const Tensor& y : step->outputs) known.insert(y.get());
    }
    return inputs;
}

Tensors own_outputs(const BackwardSteps& steps, const Tensors& results) {
    std::unordered_set<const TensorImpl*> made;
    for (const auto& step : steps)
        for (const Tensor& y : step->outputs) made.insert(y.get());
    Tensors outputs;
    for (const Tensor& y : results)
        if (y && made.erase(y.get())) outputs.push_back(y);
    return outputs;
}

}  // namespace netlet::ops
