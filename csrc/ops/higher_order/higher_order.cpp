#include "ops/higher_order/higher_order.h"

#include <algorithm>

#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/reduce/reduce.h"

namespace netlet::ops {

namespace {

bool any_wanted(const BackwardPass& pass, const Tensors& xs) {
    return std::any_of(xs.begin(), xs.end(), [&](const Tensor& x) { return pass.wants(x); });
}

// "lstm" of lstm_fwd_f32.
std::string op_of(const std::string& kernel) {
    for (const char* end : {"_fwd", "_f32", "_f64"})
        if (const size_t at = kernel.find(end); at != std::string::npos) return kernel.substr(0, at);
    return kernel;
}

// The gradients of one step by its kernels. Registers a step that raises if they are differentiated again.
Tensors differentiate_once(Tape& tape, const std::shared_ptr<BackwardStep>& step, const Grads& dy) {
    Tensors wanted, dx;
    for (const Tensor& x : step->inputs)
        if (tape.wants(x)) wanted.push_back(x);
    {
        BackwardPass pass(tape, {step}, wanted, true);
        pass.retains = true;
        Grads seeds;
        for (const Tensor& d : dy) seeds.push_back(d ? identity(tape, d) : nullptr);  // kernels may write over them
        step->run(tape, seeds);
        // A tensor that is an input twice has one gradient.
        for (size_t i = 0; i < step->inputs.size(); ++i) {
            const Tensor& x = step->inputs[i];
            const bool first =
                std::find(step->inputs.begin(), step->inputs.begin() + (long)i, x) == step->inputs.begin() + (long)i;
            dx.push_back(x && first ? pass.found(x) : nullptr);
        }
    }
    Tensors inputs, outputs;
    for (const Tensors* from : {(const Tensors*)&step->inputs, &dy})
        for (const Tensor& x : *from)
            if (x && x->requires_grad) inputs.push_back(x);
    for (const Tensor& d : dx)
        if (d) outputs.push_back(d);
    if (!inputs.empty() && !outputs.empty())
        tape.on_backward(inputs, outputs, [name = op_of(step->kernel), scope = step->scope](Tape&, const Grads&) {
            throw ValueError("GradientTape: there is no second derivative through " + name +
                             (scope.empty() ? "" : " of layer '" + scope + "'") +
                             ": its gradient can be used, but not differentiated again");
        });
    return dx;
}

}  // namespace

Tensors higher_gradients(Tape& tape, const BackwardList& list, const Tensors& targets, const Tensors& seeds,
                         const Tensors& sources) {
    const BackwardSteps steps = list.steps;  // a copy: the ops below may append to the list
    BackwardPass pass(tape, steps, sources, false);
    std::unordered_map<const TensorImpl*, Tensor> grads;
    auto add_to = [&](const Tensor& x, const Tensor& dx) {
        Tensor& sum = grads[x.get()];
        sum = sum ? add(tape, sum, dx) : dx;
    };
    for (size_t i = 0; i < targets.size(); ++i) {
        if (targets[i]->shape != seeds[i]->shape)
            throw ValueError("gradients: the seed's shape differs from the target's");
        add_to(targets[i], seeds[i]);
    }
    for (size_t i = steps.size(); i-- > 0;) {
        const BackwardStep& step = *steps[i];
        if (!any_wanted(pass, step.inputs)) continue;
        Grads dy;
        bool any = false;
        for (const Tensor& y : step.outputs) {
            auto it = grads.find(y.get());
            dy.push_back(it != grads.end() ? it->second : nullptr);
            any = any || dy.back();
        }
        if (!any) continue;
        Scope scope(tape, step.scope);
        const Tensors dx =
            step.higher ? step.higher(tape, step.inputs, step.outputs, dy) : differentiate_once(tape, steps[i], dy);
        for (size_t k = 0; k < dx.size(); ++k)
            if (dx[k] && pass.wants(step.inputs[k])) add_to(step.inputs[k], dx[k]);
    }
    Tensors result;
    for (const Tensor& s : sources) {
        auto it = grads.find(s.get());
        result.push_back(it != grads.end() ? it->second : nullptr);
    }
    return result;
}

HigherOrder by_definition(Definition definition) {
    return [definition = std::move(definition)](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
        Tensors sources;
        std::vector<size_t> places;
        for (size_t i = 0; i < x.size(); ++i)
            if (tape.wants(x[i]) && std::find(sources.begin(), sources.end(), x[i]) == sources.end()) {
                sources.push_back(x[i]);
                places.push_back(i);
            }
        const auto list = std::make_shared<BackwardList>();
        Tensors targets, seeds;
        {
            const Listening listening(*list, tape);
            const Tensors y = definition(tape, x);
            for (size_t i = 0; i < y.size(); ++i)
                if (dy[i]) {
                    targets.push_back(y[i]);
                    seeds.push_back(dy[i]);
                }
        }
        const Tensors found = higher_gradients(tape, *list, targets, seeds, sources);
        Tensors dx(x.size());
        for (size_t i = 0; i < places.size(); ++i) dx[places[i]] = found[i];
        return dx;
    };
}

Tensor sum_to(Tape& tape, const Tensor& x, const Shape& shape) {
    if (x->shape == shape) return x;
    std::vector<int> axes;
    const int lead = x->shape.rank() - shape.rank();
    for (int i = 0; i < x->shape.rank(); ++i)
        if (i < lead || shape[i - lead] != x->shape[i]) axes.push_back(i);
    return reshape(tape, axes.empty() ? x : sum(tape, x, axes, true), shape);
}

Tensor zeros_like(Tape& tape, const Tensor& x) { return full(tape, x->shape, x->dtype, 0); }

Tensor affine(Tape& tape, const Tensor& x, double scale, double shift) {
    Tensor y = scale == 1 ? x : multiply(tape, x, constant(scale, x->dtype));
    return shift == 0 ? y : add(tape, y, constant(shift, x->dtype));
}

Tensor negative(Tape& tape, const Tensor& x) { return unary(tape, UnaryOp::negative, x); }

Tensor indicator(Tape& tape, CompareOp op, const Tensor& a, const Tensor& b) {
    return cast(tape, compare(tape, op, a, b), a->dtype);
}

Tensor indicator(Tape& tape, CompareOp op, const Tensor& a, double b) {
    return indicator(tape, op, a, constant(b, a->dtype));
}

}  // namespace netlet::ops
