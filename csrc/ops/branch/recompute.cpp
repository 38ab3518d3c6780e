#include "ops/branch/recompute.h"

#include <algorithm>

#include "ops/branch/nested_pass.h"
#include "ops/copy/copy.h"
#include "ops/higher_order/higher_order.h"
#include "plan/replay.h"
#include "plan/silence.h"

namespace netlet::ops {

namespace {

// What the backward step needs: how to compute the outputs again, and with which random numbers.
struct Part {
    std::function<Tensors()> again;
    Streams streams;
    std::vector<size_t> places;  // indices of the outputs among the results
};

Tensors outputs_again(const Part& part) {
    const Replay replay(part.streams);
    const Tensors results = part.again();
    Tensors outputs;
    for (size_t place : part.places) {
        if (place >= results.size()) throw RuntimeError("remat: expected the same results when a function runs again");
        outputs.push_back(results[place]);
    }
    return outputs;
}

void backward(Tape& tape, const Part& part, const Tensors& inputs, const Grads& dy) {
    Tensors sources;
    std::vector<Grad> into;
    for (const Tensor& x : inputs)
        if (tape.wants(x)) {
            sources.push_back(x);
            into.push_back(tape.grad(x));
        }
    const std::vector<Grad> given = into;
    const auto list = std::make_shared<BackwardList>();
    Tensors y;
    {
        const Silence silence(tape);
        const Listening listening(*list, tape);
        y = outputs_again(part);
    }
    for (size_t i = 0; i < y.size(); ++i)
        if (dy[i] && y[i]->shape != dy[i]->shape)
            throw RuntimeError("remat: expected results of the same shapes when a function runs again");
    nested_gradients(tape, *list, y, dy, sources, into, false);
    for (size_t i = 0; i < into.size(); ++i)
        if (!into[i].accumulate) zero(tape, given[i]);
}

}  // namespace

Tensors recomputed(Tape& tape, const std::function<Tensors()>& first, const std::function<Tensors()>& again) {
    if (!tape.listened()) return first();
    Part part{again, {}, {}};
    const auto list = std::make_shared<BackwardList>();
    Tensors results;
    {
        const Silence silence(tape);
        const Listening listening(*list, tape);
        const StreamLog log(part.streams);
        results = first();
    }
    const Tensors inputs = outer_inputs(list->steps), outputs = own_outputs(list->steps, results);
    list->steps.clear();
    if (inputs.empty() || outputs.empty()) return results;
    for (const Tensor& y : outputs)
        part.places.push_back((size_t)(std::find(results.begin(), results.end(), y) - results.begin()));
    tape.on_backward(
        inputs, outputs, [=](Tape& t, const Grads& dy) { backward(t, part, inputs, dy); },
        by_definition([=](Tape&, const Tensors&) { return outputs_again(part); }));
    return results;
}

}  // namespace netlet::ops
