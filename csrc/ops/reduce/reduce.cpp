#include "ops/reduce/reduce.h"

#include "ops/copy/copy.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/cumulative_steps.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

Tensor sum_or_mean(Tape& tape, const Tensor& x, const AxisSet& set, bool keepdims, double divisor) {
    Tensor y = reduce(tape, ReduceOp::sum, x, set, keepdims, divisor);
    if (is_floating(x->dtype) && tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x, set, divisor](Tape& tape, const Grads& dy) {
                if (Grad dx = tape.grad(x))
                    emit_broadcast(tape, tape.view(dy[0], set.result_shape(x->shape, true)), 1 / divisor, dx);
            },
            [set, divisor](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                const Tensor each =
                    affine(tape, reshape(tape, dy[0], set.result_shape(x[0]->shape, true)), 1 / divisor);
                return Tensors{broadcast_to(tape, each, x[0]->shape)};
            });
    return y;
}

}  // namespace

Tensor sum(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    return sum_or_mean(tape, countable(tape, x), to_set("sum", axes, x->shape.rank()), keepdims, 1);
}

Tensor mean(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    const AxisSet set = to_set("mean", axes, x->shape.rank());
    return sum_or_mean(tape, is_floating(x->dtype) ? x : cast(tape, x, DType::f32), set, keepdims,
                       (double)set.count(x->shape));
}

Tensor any(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    return reduce(tape, ReduceOp::max, cast(tape, x, DType::boolean), to_set("any", axes, x->shape.rank()), keepdims);
}

Tensor all(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    return reduce(tape, ReduceOp::min, cast(tape, x, DType::boolean), to_set("all", axes, x->shape.rank()), keepdims);
}

void emit_column_sum(Tape& tape, const Tensor& x, const Grad& out) {
    const int64_t columns = x->shape.back();
    if (out.tensor->size() != columns)
        throw ValueError("column sum: expected room for " + std::to_string(columns) + " sums, received " +
                         out.tensor->shape.str());
    emit_step(tape, ReduceOp::sum, x, out, {1, x->shape.product(0, x->shape.rank() - 1), columns}, 1);
}

void emit_sum_to(Tape& tape, const Tensor& x, const Grad& out, double divisor) {
    const Shape &from = x->shape, &to = out.tensor->shape;
    if (from.size() == to.size() && divisor == 1) return accumulate(tape, x, out);
    AxisSet set;
    const int lead = from.rank() - to.rank();
    for (int i = 0; i < from.rank(); ++i) set.reduced[i] = i < lead || to[i - lead] != from[i];
    emit_reduce(tape, ReduceOp::sum, x, out, set, divisor);
}

}  // namespace netlet::ops
