#include "ops/branch/branch.h"

#include <algorithm>
#include <optional>

#include "ops/branch/nested_pass.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher_order/higher_order.h"
#include "plan/silence.h"

namespace netlet::ops {

namespace {

// Records do not run while the cell is not 0, during the lifetime of this object.
class Skipping {
  public:
    Skipping(Tape& tape, const Tensor& cell) : tape_(tape) { tape.begin_skip(cell); }
    ~Skipping() { tape_.end_skip(); }
    Skipping(const Skipping&) = delete;
    Skipping& operator=(const Skipping&) = delete;

  private:
    Tape& tape_;
};

struct Part {
    Tensor open;    // one recorded bool
    Tensor closed;  // int32 cell: 1 if a run skips the part
    std::shared_ptr<BackwardList> list = std::make_shared<BackwardList>();
};

Tensors wanted_of(const Tape& tape, const Tensors& inputs) {
    Tensors wanted;
    std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(wanted), [&](auto& x) { return tape.wants(x); });
    return wanted;
}

// A skipped part must leave a gradient that begins with it at zero, so zeros are written outside of the part.
void backward(Tape& tape, const Part& part, const Tensors& inputs, const Tensors& outputs, const Grads& dy) {
    const Tensors sources = wanted_of(tape, inputs);
    std::vector<Grad> into;
    for (const Tensor& x : sources) {
        Grad dx = tape.grad(x);
        zero(tape, dx);
        dx.accumulate = true;
        into.push_back(dx);
    }
    const bool retains = tape.retains();
    const Skipping skipping(tape, part.closed);
    nested_gradients(tape, *part.list, outputs, dy, sources, into, retains);
}

Tensors gated_after(Tape& tape, const Tensor& open, const BackwardSteps& before, const std::function<Tensors()>& emit);

// The formulas read values inside of the part, through whose steps a second derivative flows too.
Tensors backward_by_ops(Tape& tape, const Part& part, const Tensors& inputs, const Tensors& outputs, const Grads& dy) {
    const Tensors sources = wanted_of(tape, inputs);
    Tensors targets, seeds;
    for (size_t i = 0; i < outputs.size(); ++i)
        if (dy[i]) {
            targets.push_back(outputs[i]);
            seeds.push_back(dy[i]);
        }
    const Tensors found = gated_after(tape, part.open, part.list->steps,
                                      [&] { return higher_gradients(tape, *part.list, targets, seeds, sources); });
    Tensors dx(inputs.size());
    for (size_t i = 0, k = 0; i < inputs.size() && k < sources.size(); ++i) {
        if (inputs[i] != sources[k]) continue;
        if (found[k]) dx[i] = where(tape, part.open, found[k], zeros_like(tape, found[k]));
        ++k;
    }
    return dx;
}

void append_step(Tape& tape, const Part& part, const Tensors& results) {
    const Tensors inputs = outer_inputs(part.list->steps), outputs = own_outputs(part.list->steps, results);
    if (inputs.empty() || outputs.empty()) return;
    tape.on_backward(
        inputs, outputs, [=](Tape& t, const Grads& dy) { backward(t, part, inputs, outputs, dy); },
        [=](Tape& t, const Tensors&, const Tensors&, const Grads& dy) {
            return backward_by_ops(t, part, inputs, outputs, dy);
        });
}

// As `gated`; the steps `before` belong to the part too.
Tensors gated_after(Tape& tape, const Tensor& open, const BackwardSteps& before, const std::function<Tensors()>& emit) {
    if (!tape.recording()) throw RuntimeError("gated(): expected a recording tape, received an eager one");
    if (open->size() != 1) throw ValueError("gated(): expected one bool, received shape " + open->shape.str());
    Part part{open, make_zeros({}, DType::i32, tape.device())};
    part.list->steps = before;
    part.closed->variable = true;
    assign(tape, cast(tape, logical_not(tape, reshape(tape, open, {})), DType::i32), part.closed);
    const bool listened = tape.listened();
    Tensors results;
    {
        const Silence silence(tape);
        const Skipping skipping(tape, part.closed);
        std::optional<Listening> listening;
        if (listened) listening.emplace(*part.list, tape);
        results = emit();
    }
    append_step(tape, part, results);
    return results;
}

// Copies x to the memory of `common`, inside of a part. Each part has its own tensor of that memory, with its own
// gradient.
Tensor copied_to(Tape& tape, const Tensor& x, const Tensor& common) {
    Tensor y = tape.view(common, common->shape);
    assign(tape, x, y);
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x](Tape& t, const Grads& dy) {
                if (Grad dx = t.grad(x)) accumulate(t, dy[0], dx);
            },
            [](Tape&, const Tensors&, const Tensors&, const Grads& dy) { return dy; });
    return y;
}

void check_like(const Tensor& expected, const Tensor& received) {
    if (!expected && !received) return;
    if (!expected || !received || expected->shape != received->shape || expected->dtype != received->dtype)
        throw ValueError("branched(): expected results of the same shapes and dtypes from all branches");
}

// The tensor that follows the parts. Its gradient is that of each part's end: those of parts that a run skips are not
// read.
Tensor joined(Tape& tape, const Tensors& ends, const Tensor& common) {
    Tensor y = tape.view(common, common->shape);
    if (std::any_of(ends.begin(), ends.end(), [&](const Tensor& end) { return tape.needs_grad({end}); }))
        tape.on_backward(
            ends, {y},
            [ends, weak = std::weak_ptr<TensorImpl>(y)](Tape& t, const Grads& dy) {
                for (const Tensor& end : ends)
                    if (!t.alias_grad(end, weak.lock(), dy[0])) accumulate(t, dy[0], t.grad(end));
            },
            [](Tape&, const Tensors& x, const Tensors&, const Grads& dy) { return Tensors(x.size(), dy[0]); });
    return y;
}

}  // namespace

Tensors branched(Tape& tape, const Tensors& opens, const std::vector<std::function<Tensors()>>& emits) {
    if (emits.empty() || emits.size() != opens.size())
        throw ValueError("branched(): expected one bool for each of at least one branch, received " +
                         std::to_string(opens.size()) + " for " + std::to_string(emits.size()));
    Tensors common;             // the memory of each result
    std::vector<Tensors> ends;  // of each result: those of the parts
    for (size_t i = 0; i < emits.size(); ++i) {
        const Tensors written = gated(tape, opens[i], [&] {
            Tensors results = emits[i]();
            if (i == 0)
                for (const Tensor& x : results) common.push_back(x ? tape.empty(x->shape, x->dtype) : nullptr);
            if (results.size() != common.size())
                throw ValueError("branched(): expected as many results from all branches");
            for (size_t k = 0; k < common.size(); ++k) {
                check_like(common[k], results[k]);
                if (common[k]) results[k] = copied_to(tape, results[k], common[k]);
            }
            return results;
        });
        ends.resize(common.size());
        for (size_t k = 0; k < common.size(); ++k) ends[k].push_back(written[k]);
    }
    Tensors results;
    for (size_t k = 0; k < common.size(); ++k)
        results.push_back(common[k] ? joined(tape, ends[k], common[k]) : nullptr);
    return results;
}

Tensors gated(Tape& tape, const Tensor& open, const std::function<Tensors()>& emit) {
    return gated_after(tape, open, {}, emit);
}

}  // namespace netlet::ops
