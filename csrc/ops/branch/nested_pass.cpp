#include "ops/branch/nested_pass.h"

#include <unordered_set>

#include "ops/copy/copy.h"

namespace netlet::ops {

void nested_gradients(Tape& tape, BackwardList& list, const Tensors& outputs, const Grads& dy, const Tensors& sources,
                      std::vector<Grad>& into, bool retain) {
    Grads seeds;
    for (const Tensor& d : dy) seeds.push_back(d ? identity(tape, d) : nullptr);
    BackwardPass pass(tape, list.steps, sources, true);
    for (size_t i = 0; i < sources.size(); ++i) pass.grads[sources[i].get()] = {into[i].tensor, into[i].accumulate};
    for (size_t i = 0; i < outputs.size(); ++i)
        if (seeds[i]) pass.grads[outputs[i].get()] = {seeds[i], true};
    pass.run(list, retain);
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
