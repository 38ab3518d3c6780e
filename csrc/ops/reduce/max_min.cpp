// max, min, argmax, argmin.
#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/reduce/cumulative_steps.h"

namespace netlet::ops {

namespace {

const char* name_of(ReduceOp op) { return op == ReduceOp::max ? "max" : "min"; }

Tensor max_or_min(Tape& tape, ReduceOp op, const Tensor& original, const Axes& axes, bool keepdims) {
    const Tensor x = original->dtype == DType::boolean ? original : countable(tape, original);
    const AxisSet set = to_set(name_of(op), axes, x->shape.rank());
    if (set.count(x->shape) == 0)
        throw ValueError(std::string(name_of(op)) + ": expected at least one element along the axes, received shape " +
                         x->shape.str());
    Tensor y = reduce(tape, op, x, set, keepdims);
    if (is_floating(x->dtype) && tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x, y, set](Tape& tape, const Grads& dy) {
                Grad dx = tape.grad(x);
                if (!dx) return;
                const Shape wide = set.result_shape(x->shape, true);
                const Tensor chosen = cast(tape, equal(tape, x, tape.view(y, wide)), x->dtype);
                const Tensor share =
                    divide(tape, tape.view(dy[0], wide), reduce(tape, ReduceOp::sum, chosen, set, true));
                accumulate(tape, multiply(tape, chosen, share), dx);
            },
            [set](Tape& tape, const Tensors& x, const Tensors& y, const Grads& dy) {
                const Shape wide = set.result_shape(x[0]->shape, true);
                const Tensor chosen = cast(tape, equal(tape, x[0], tape.view(y[0], wide)), x[0]->dtype);
                const Tensor count = reduce(tape, ReduceOp::sum, chosen, set, true);
                return Tensors{multiply(tape, chosen, divide(tape, reshape(tape, dy[0], wide), count))};
            });
    return y;
}

template <class T>
void emit_argreduce(Tape& tape, ReduceOp op, const Tensor& x, const Tensor& y, ReduceStep s) {
    ArgReduceArgs<T> args{};
    args.outer = s.outer;
    args.n = s.n;
    args.inner = s.inner;
    args.op = op;
    const int64_t unit = s.n * std::min(s.inner, argreduce_tile);
    tape.emit(NETLET_NUMBER_KERNEL(argreduce, x->dtype), args, {in(args.x, x), out(args.y, y)},
              Work{s.outer * ceil_div(s.inner, argreduce_tile), grain_for(reduce_chunk, unit), (double)x->size()});
}

Tensor argmax_or_argmin(Tape& tape, ReduceOp op, const Tensor& original, std::optional<int> axis, bool keepdims) {
    const char* name = op == ReduceOp::max ? "argmax" : "argmin";
    const Tensor x = countable(tape, original);
    AxisSet set = to_set(name, axis ? Axes(std::vector<int>{*axis}) : std::nullopt, x->shape.rank());
    ReduceStep s{1, set.count(x->shape), 1};
    if (s.n == 0)
        throw ValueError(std::string(name) + ": expected at least one element along the axis, received shape " +
                         x->shape.str());
    if (s.n > INT32_MAX)
        throw ValueError(std::string(name) +
                         ": expected at most 2^31 - 1 elements along the axis (indices are int32), " +
                         "received shape " + x->shape.str());
    if (axis) {
        const int at = normalize_axis(*axis, x->shape.rank(), name);
        s.outer = x->shape.product(0, at);
        s.inner = x->shape.product(at + 1, x->shape.rank());
    }
    Tensor y = tape.empty(set.result_shape(x->shape, keepdims), DType::i32);
    with_number(x->dtype, [&]<class T>(T) { emit_argreduce<T>(tape, op, x, y, s); });
    return y;
}

}  // namespace

Tensor max(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    return max_or_min(tape, ReduceOp::max, x, axes, keepdims);
}
Tensor min(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    return max_or_min(tape, ReduceOp::min, x, axes, keepdims);
}

Tensor argmax(Tape& tape, const Tensor& x, std::optional<int> axis, bool keepdims) {
    return argmax_or_argmin(tape, ReduceOp::max, x, axis, keepdims);
}
Tensor argmin(Tape& tape, const Tensor& x, std::optional<int> axis, bool keepdims) {
    return argmax_or_argmin(tape, ReduceOp::min, x, axis, keepdims);
}

}  // namespace netlet::ops
