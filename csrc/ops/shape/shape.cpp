#include "ops/shape/shape.h"

#include <algorithm>

#include "ops/copy/copy.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/reduce.h"
#include "ops/shape/loop_nest.h"

namespace netlet::ops {

namespace {

LoopNest broadcast_nest(const char* op, const Shape& from, const Shape& to) {
    const int lead = to.rank() - from.rank();
    bool fits = lead >= 0;
    for (int i = 0; fits && i < from.rank(); ++i) fits = from[i] == to[i + lead] || from[i] == 1;
    if (!fits)
        throw ValueError(std::string(op) + ": cannot broadcast a tensor of shape " + from.str() + " to shape " +
                         to.str());
    const Strides x(from), y(to);
    LoopNest nest;
    for (int i = 0; i < to.rank(); ++i)
        push_axis(nest.axes, to[i], {i < lead || from[i - lead] == 1 ? 0 : x.of[i - lead], y.of[i]});
    finish_axes(nest.axes);
    return nest;
}

}  // namespace

Tensor transpose(Tape& tape, const Tensor& x, const std::vector<int>& given) {
    const int rank = x->shape.rank();
    std::vector<int> axes = given;
    if (axes.empty())
        for (int i = rank; i-- > 0;) axes.push_back(i);
    bool seen[Shape::max_rank] = {};
    if ((int)axes.size() != rank)
        throw ValueError("transpose: expected " + std::to_string(rank) + " axes for a tensor of shape " +
                         x->shape.str() + ", received " + std::to_string(axes.size()));
    Shape shape;
    const Strides strides(x->shape);
    for (int& axis : axes) {
        axis = normalize_axis(axis, rank, "transpose");
        if (seen[axis]) throw ValueError("transpose: axis " + std::to_string(axis) + " is listed twice");
        seen[axis] = true;
        shape.push_back(x->shape[axis]);
    }
    const Strides to(shape);
    LoopNest nest;
    for (int i = 0; i < rank; ++i) push_axis(nest.axes, shape[i], {strides.of[axes[(size_t)i]], to.of[i]});
    finish_axes(nest.axes);
    // No element moves if only axes of size 1 change places.
    if (nest.axes.rank == 1 && nest.axes.stride[0][0] == 1) return reshape(tape, x, shape);

    Tensor y = tape.empty(shape, x->dtype);
    emit_move(tape, x, y, nest, true);
    if (differentiable(tape, x))
        tape.on_backward(
            {x}, {y},
            [x, axes](Tape& tape, const Grads& dy) {
                Grad dx = tape.grad(x);
                if (!dx) return;
                // Written in dx's order, so that the transposed path applies.
                const Strides from(dy[0]->shape), into(x->shape);
                LoopNest back;
                for (int i = 0; i < x->shape.rank(); ++i) {
                    const int at = (int)(std::find(axes.begin(), axes.end(), i) - axes.begin());
                    push_axis(back.axes, x->shape[i], {from.of[at], into.of[i]});
                }
                finish_axes(back.axes);
                emit_move_scaled(tape, dy[0], dx, back);
            },
            [axes](Tape& tape, const Tensors&, const Tensors&, const Grads& dy) {
                std::vector<int> back(axes.size());
                for (size_t i = 0; i < axes.size(); ++i) back[(size_t)axes[i]] = (int)i;
                return Tensors{transpose(tape, dy[0], back)};
            });
    return y;
}

Tensor broadcast_to(Tape& tape, const Tensor& x, const Shape& shape) {
    const LoopNest nest = broadcast_nest("broadcast_to", x->shape, shape);
    Tensor y = tape.empty(shape, x->dtype);
    emit_move(tape, x, y, nest, true);
    if (differentiable(tape, x))
        tape.on_backward(
            {x}, {y},
            [x](Tape& tape, const Grads& dy) {
                if (Grad dx = tape.grad(x)) emit_sum_to(tape, dy[0], dx);
            },
            [](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                return Tensors{sum_to(tape, dy[0], x[0]->shape)};
            });
    return y;
}

void emit_broadcast(Tape& tape, const Tensor& x, double scale, const Grad& out) {
    emit_move_scaled(tape, x, out, broadcast_nest("gradient", x->shape, out.tensor->shape), scale);
}

// ---- other shapes of the same elements; repetition ------------------------------------------------------------------
Tensor expand_dims(Tape& tape, const Tensor& x, int axis) {
    const int rank = x->shape.rank();
    axis = normalize_axis(axis, rank + 1, "expand_dims");
    Shape shape;
    for (int i = 0; i < rank + 1; ++i) shape.push_back(i == axis ? 1 : x->shape[i - (i > axis)]);
    return reshape(tape, x, shape);
}

Tensor squeeze(Tape& tape, const Tensor& x, const std::vector<int>& axes) {
    const int rank = x->shape.rank();
    bool gone[Shape::max_rank] = {};
    for (int i = 0; i < rank; ++i) gone[i] = axes.empty() && x->shape[i] == 1;
    for (int axis : axes) {
        const int at = normalize_axis(axis, rank, "squeeze");
        if (x->shape[at] != 1)
            throw ValueError("squeeze: axis " + std::to_string(axis) + " of shape " + x->shape.str() +
                             " has more than one entry");
        gone[at] = true;
    }
    Shape shape;
    for (int i = 0; i < rank; ++i)
        if (!gone[i]) shape.push_back(x->shape[i]);
    return reshape(tape, x, shape);
}

namespace {

// Repeats x `count` times along an axis: each entry in a row (`each`), or the axis as a whole.
Tensor repeat_axis(Tape& tape, const Tensor& x, int64_t count, int axis, bool each) {
    if (count < 0) throw ValueError("repeat: expected a count of at least 0, received " + std::to_string(count));
    const int64_t outer = x->shape.product(0, axis), n = x->shape[axis],
                  inner = x->shape.product(axis + 1, x->shape.rank());
    Shape shape = x->shape;
    if (multiply_overflows(n, count, &shape[axis]))
        throw ValueError("repeat: " + std::to_string(count) + " times axis " + std::to_string(axis) + " of shape " +
                         x->shape.str() + " has too many elements");
    Tensor y = each ? broadcast_to(tape, reshape(tape, x, {outer * n, 1, inner}), {outer * n, count, inner})
                    : broadcast_to(tape, reshape(tape, x, {outer, 1, n * inner}), {outer, count, n * inner});
    return reshape(tape, y, shape);
}

}  // namespace

Tensor repeat(Tape& tape, const Tensor& x, int64_t count, int axis) {
    return repeat_axis(tape, x, count, normalize_axis(axis, x->shape.rank(), "repeat"), true);
}

Tensor tile(Tape& tape, const Tensor& x, const std::vector<int64_t>& counts) {
    Tensor y = x;
    while (y->shape.rank() < (int)counts.size()) y = expand_dims(tape, y, 0);
    const int lead = y->shape.rank() - (int)counts.size();
    for (size_t i = 0; i < counts.size(); ++i)
        if (counts[i] != 1) y = repeat_axis(tape, y, counts[i], lead + (int)i, false);
    return y == x ? identity(tape, x) : y;
}

}  // namespace netlet::ops
