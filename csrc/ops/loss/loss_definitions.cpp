// The losses as compositions of other ops, after Keras's losses.py; the kernels of this folder compute the same in one
// record. Gradients of these flow to the targets too, and can be differentiated again.
#include "ops/activation/activation.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher_order/higher_order.h"
#include "ops/index/index.h"
#include "ops/loss/loss_common.h"
#include "ops/reduce/reduce.h"
#include "ops/softmax/softmax.h"

namespace netlet::ops {

namespace {

Tensor log_of(Tape& tape, const Tensor& x) { return unary(tape, UnaryOp::log, x); }
Tensor square(Tape& tape, const Tensor& x) { return unary(tape, UnaryOp::square, x); }
Tensor at_least(Tape& tape, const Tensor& x, double low) { return maximum(tape, x, constant(low, x->dtype)); }

// f(t, x), element by element.
Tensor value(Tape& tape, Pointwise kind, const Tensor& t, const Tensor& x, const PointwiseOptions& o) {
    auto minus = [&](const Tensor& a, const Tensor& b) { return subtract(tape, a, b); };
    auto times = [&](const Tensor& a, const Tensor& b) { return multiply(tape, a, b); };
    switch (kind) {
        case Pointwise::squared_error: return square(tape, minus(t, x));
        case Pointwise::absolute_error: return unary(tape, UnaryOp::abs, minus(t, x));
        case Pointwise::huber: {
            const Tensor e = unary(tape, UnaryOp::abs, minus(x, t));
            const Tensor near = affine(tape, square(tape, e), 0.5),
                         far = affine(tape, e, o.delta, -0.5 * o.delta * o.delta);
            return where(tape, compare(tape, CompareOp::less_equal, e, constant(o.delta, e->dtype)), near, far);
        }
        case Pointwise::log_cosh: {
            const Tensor e = minus(x, t), tail = activation(tape, affine(tape, e, -2), Activation::softplus);
            return affine(tape, add(tape, e, tail), 1, -0.69314718055994531);
        }
        case Pointwise::absolute_percentage_error: {
            const Tensor size = at_least(tape, unary(tape, UnaryOp::abs, t), o.epsilon);
            return affine(tape, unary(tape, UnaryOp::abs, divide(tape, minus(t, x), size)), 100);
        }
        case Pointwise::squared_logarithmic_error: {
            auto f = [&](const Tensor& v) { return log_of(tape, affine(tape, at_least(tape, v, o.epsilon), 1, 1)); };
            return square(tape, minus(f(x), f(t)));
        }
        case Pointwise::poisson: return minus(x, times(t, log_of(tape, affine(tape, x, 1, o.epsilon))));
        case Pointwise::kl_divergence: {
            const Tensor p = clip(tape, t, o.epsilon, 1), q = clip(tape, x, o.epsilon, 1);
            return times(p, log_of(tape, divide(tape, p, q)));
        }
        case Pointwise::binary_crossentropy: {
            const Tensor p = clip(tape, x, o.epsilon, 1 - o.epsilon),
                         s = affine(tape, t, 1 - o.smoothing, 0.5 * o.smoothing);
            const Tensor yes = times(s, log_of(tape, p)),
                         no = times(affine(tape, s, -1, 1), log_of(tape, affine(tape, p, -1, 1)));
            return negative(tape, add(tape, yes, no));
        }
        case Pointwise::binary_crossentropy_logits: {
            const Tensor s = affine(tape, t, 1 - o.smoothing, 0.5 * o.smoothing);
            return minus(activation(tape, x, Activation::softplus), times(x, s));
        }
        case Pointwise::hinge: return at_least(tape, affine(tape, times(t, x), -1, 1), 0);
        case Pointwise::squared_hinge: return square(tape, at_least(tape, affine(tape, times(t, x), -1, 1), 0));
        case Pointwise::count: break;
    }
    throw RuntimeError("loss: unknown kind");
}

Tensor log_probabilities(Tape& tape, const Tensor& x, const CrossentropyOptions& o) {
    if (o.logits) return log_softmax(tape, x, -1);
    const Tensor p = divide(tape, x, sum(tape, x, std::vector<int>{-1}, true));
    return log_of(tape, clip(tape, p, o.epsilon, 1 - o.epsilon));
}

// A scalar is one row of one.
Tensor sum_of_rows(Tape& tape, const Tensor& x) {
    return x->shape.rank() ? sum(tape, x, std::vector<int>{-1}, false) : x;
}

}  // namespace

Tensor pointwise_definition(Tape& tape, Pointwise kind, const Tensor& t, const Tensor& x, const Tensor& w,
                            Reduction reduction, const PointwiseOptions& options) {
    const double cols = (double)std::max<int64_t>(1, RowShape(x->shape).cols);
    const Tensor rows = affine(tape, sum_of_rows(tape, value(tape, kind, t, x, options)),
                               kind == Pointwise::kl_divergence ? 1 : 1 / cols);
    return loss_reduce(tape, rows, w, nullptr, reduction);
}

Tensor crossentropy_definition(Tape& tape, const Tensor& t, const Tensor& x, const Tensor& w, Reduction reduction,
                               const CrossentropyOptions& options) {
    const double classes = (double)std::max<int64_t>(1, x->shape.back());
    const Tensor p = affine(tape, t, 1 - options.smoothing, options.smoothing / classes);
    const Tensor rows = sum_of_rows(tape, multiply(tape, p, log_probabilities(tape, x, options)));
    return loss_reduce(tape, negative(tape, rows), w, nullptr, reduction);
}

Tensor sparse_crossentropy_definition(Tape& tape, const Tensor& given, const Tensor& x, const Tensor& w,
                                      Reduction reduction, const CrossentropyOptions& options) {
    const Shape outer = without_last(x->shape);
    const Tensor labels = tape.view(given, outer);
    const Tensor hot = one_hot(tape, labels, x->shape.back(), -1, x->dtype);
    const Tensor rows = sum_of_rows(tape, multiply(tape, hot, log_probabilities(tape, x, options)));
    return loss_reduce(tape, negative(tape, rows), w,
                       options.ignore ? not_label(tape, labels, outer, *options.ignore) : nullptr, reduction);
}

Tensor hinge_labels_definition(Tape& tape, const Tensor& t) {
    auto equals = [&](double v) { return compare(tape, CompareOp::equal, t, constant(v, t->dtype)); };
    const Tensor binary = all(tape, logical(tape, LogicalOp::logical_or, equals(0), equals(1)), std::nullopt, false);
    return where(tape, binary, affine(tape, t, 2, -1), t);
}

// v w mask, summed and divided as `reduction` says; see LossReduceArgs.
Tensor reduction_definition(Tape& tape, const Tensor& v, const Tensor& given_w, const Tensor& mask,
                            Reduction reduction) {
    Tensor w = given_w, counted = mask ? cast(tape, tape.view(mask, v->shape), v->dtype) : nullptr;
    if (w) {  // its trailing axes of 1 do not line up with those of v
        Shape shape;
        for (int i = 0; i < v->shape.rank(); ++i)
            shape.push_back(i < w->shape.rank() && w->shape[i] == v->shape[i] ? v->shape[i] : 1);
        w = tape.view(w, shape);
    }
    Tensor y = w ? multiply(tape, v, w) : v;
    if (counted) y = multiply(tape, y, counted);
    if (reduction == Reduction::none) return y;
    y = sum(tape, y, std::nullopt, false);
    if (reduction == Reduction::sum) return y;
    Tensor divisor;
    if (reduction == Reduction::mean_with_weight && w)
        divisor = sum(tape, counted ? multiply(tape, w, counted) : w, std::nullopt, false);
    else if (counted)
        divisor = sum(tape, counted, std::nullopt, false);
    else
        return affine(tape, y, v->size() ? 1 / (double)v->size() : 0);
    const Tensor zero = constant(0, v->dtype), none = equal(tape, divisor, zero);
    return where(tape, none, zero, divide(tape, y, where(tape, none, constant(1, v->dtype), divisor)));
}

}  // namespace netlet::ops
