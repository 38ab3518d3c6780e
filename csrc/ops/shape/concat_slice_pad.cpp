// concatenate, stack, slice, split, pad, slice_update, flip.
#include <algorithm>

#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/shape/loop_nest.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

Tensor concatenate(Tape& tape, const std::vector<Tensor>& given, int given_axis) {
    if (given.empty()) throw ValueError("concatenate: expected at least one tensor");
    DType dtype = given[0]->dtype;
    for (const Tensor& x : given)
        if (x->dtype != dtype) dtype = common_dtype(dtype, x->dtype);
    std::vector<Tensor> xs;
    for (const Tensor& x : given) xs.push_back(cast(tape, x, dtype));
    const Shape& first = xs[0]->shape;
    const int axis = normalize_axis(given_axis, first.rank(), "concatenate");
    Shape shape = first;
    shape[axis] = 0;
    for (const Tensor& x : xs) {
        bool fits = x->shape.rank() == first.rank();
        for (int i = 0; fits && i < first.rank(); ++i) fits = i == axis || x->shape[i] == first[i];
        if (!fits)
            throw ValueError("concatenate: expected shapes that differ only in axis " + std::to_string(axis) +
                             ", received " + first.str() + " and " + x->shape.str());
        shape[axis] += x->shape[axis];
    }
    if (xs.size() == 1) return identity(tape, xs[0]);
    Tensor y = tape.empty(shape, xs[0]->dtype);
    const Strides to(shape);
    int64_t begin = 0;
    bool any = false;
    std::vector<LoopNest> nests;
    for (const Tensor& x : xs) {
        const Strides from(x->shape);
        LoopNest nest;
        for (int i = 0; i < shape.rank(); ++i) push_axis(nest.axes, x->shape[i], {from.of[i], to.of[i]});
        finish_axes(nest.axes);
        nest.y_first = begin * to.of[axis];
        begin += x->shape[axis];
        emit_move(tape, x, y, nest, false);
        nests.push_back(nest);
        any = any || differentiable(tape, x);
    }
    if (any)
        tape.on_backward(
            xs, {y},
            [xs, nests](Tape& tape, const Grads& dy) {
                for (size_t i = 0; i < xs.size(); ++i)
                    if (Grad dx = tape.grad(xs[i])) emit_move_scaled(tape, dy[0], dx, nests[i].reversed());
            },
            [nests](Tape& tape, const Tensors& xs, const Tensors&, const Grads& dy) {
                Tensors dxs(xs.size());
                for (size_t i = 0; i < xs.size(); ++i)
                    if (tape.wants(xs[i])) dxs[i] = moved(tape, dy[0], xs[i]->shape, nests[i].reversed(), true, true);
                return dxs;
            });
    return y;
}

Tensor stack(Tape& tape, const std::vector<Tensor>& xs, int axis) {
    if (xs.empty()) throw ValueError("stack: expected at least one tensor");
    for (const Tensor& x : xs)
        if (x->shape != xs[0]->shape)
            throw ValueError("stack: expected tensors of one shape, received " + xs[0]->shape.str() + " and " +
                             x->shape.str());
    axis = normalize_axis(axis, xs[0]->shape.rank() + 1, "stack");
    std::vector<Tensor> wider;
    for (const Tensor& x : xs) wider.push_back(expand_dims(tape, x, axis));
    return concatenate(tape, wider, axis);
}

Tensor slice(Tape& tape, const Tensor& x, const std::vector<Span>& spans) {
    const int rank = x->shape.rank();
    if ((int)spans.size() != rank) throw ValueError("slice: expected one span per axis of shape " + x->shape.str());
    Shape shape;
    for (int i = 0; i < rank; ++i) {
        const Span& s = spans[(size_t)i];
        const int64_t end = s.start + (s.size - 1) * s.step, n = x->shape[i];
        if (s.size > 0 && (s.start < 0 || s.start >= n || end < 0 || end >= n))
            throw ValueError("slice: expected entries within axis " + std::to_string(i) + " of shape " +
                             x->shape.str() + ", received " + std::to_string(s.start) + " to " + std::to_string(end));
        shape.push_back(s.size);
    }
    const Strides from(x->shape), to(shape);
    LoopNest nest;
    for (int i = 0; i < rank; ++i) {
        const Span& s = spans[(size_t)i];
        push_axis(nest.axes, s.size, {s.step * from.of[i], to.of[i]});
        if (s.size > 0) nest.x_first += s.start * from.of[i];
    }
    finish_axes(nest.axes);
    Tensor y = tape.empty(shape, x->dtype);
    emit_move(tape, x, y, nest, true);
    on_backward_of_move(tape, x, y, nest, y->size() < x->size());
    return y;
}

std::vector<Tensor> split(Tape& tape, const Tensor& x, const std::vector<int64_t>& ends, int axis) {
    axis = normalize_axis(axis, x->shape.rank(), "split");
    std::vector<Span> spans;
    for (int64_t n : x->shape) spans.push_back({0, 1, n});
    const int64_t n = x->shape[axis];
    std::vector<Tensor> parts;
    int64_t begin = 0;
    for (size_t i = 0; i <= ends.size(); ++i) {
        const int64_t end = i < ends.size() ? std::clamp<int64_t>(ends[i], 0, n) : n;
        spans[(size_t)axis] = {begin, 1, std::max<int64_t>(0, end - begin)};
        parts.push_back(slice(tape, x, spans));
        begin = end;
    }
    return parts;
}

Tensor pad(Tape& tape, const Tensor& x, const std::vector<int64_t>& before, const std::vector<int64_t>& after,
           double value) {
    const int rank = x->shape.rank();
    if ((int)before.size() != rank || (int)after.size() != rank)
        throw ValueError("pad: expected one (before, after) pair per axis of shape " + x->shape.str());
    Shape shape;
    for (int i = 0; i < rank; ++i) {
        if (before[(size_t)i] < 0 || after[(size_t)i] < 0) throw ValueError("pad: expected widths of at least 0");
        int64_t size = x->shape[i];
        if (add_overflows(size, before[(size_t)i], &size) || add_overflows(size, after[(size_t)i], &size))
            throw ValueError("pad: shape " + x->shape.str() + " and its widths have too many elements");
        shape.push_back(size);
    }
    Tensor y = full(tape, shape, x->dtype, value);
    const Strides from(x->shape), to(shape);
    LoopNest nest;
    for (int i = 0; i < rank; ++i) {
        push_axis(nest.axes, x->shape[i], {from.of[i], to.of[i]});
        nest.y_first += before[(size_t)i] * to.of[i];
    }
    finish_axes(nest.axes);
    emit_move(tape, x, y, nest, false);
    on_backward_of_move(tape, x, y, nest, false);
    return y;
}

Tensor slice_update(Tape& tape, const Tensor& given, const std::vector<int64_t>& start, const Tensor& given_updates) {
    const DType dtype = given->dtype;
    const Tensor x = given, updates = cast(tape, given_updates, dtype);
    const int rank = x->shape.rank();
    if ((int)start.size() != rank || updates->shape.rank() != rank)
        throw ValueError("slice_update: expected a start and a size of updates for each axis of shape " +
                         x->shape.str() + ", received " + std::to_string(start.size()) + " and updates of shape " +
                         updates->shape.str());
    const Strides from(updates->shape), to(x->shape);
    LoopNest nest, zeros;
    for (int i = 0; i < rank; ++i) {
        const int64_t first = start[(size_t)i], n = updates->shape[i];
        if (first < 0 || first + n > x->shape[i])
            throw ValueError("slice_update: expected entries within axis " + std::to_string(i) + " of shape " +
                             x->shape.str() + ", received " + std::to_string(first) + " to " +
                             std::to_string(first + n - 1));
        push_axis(nest.axes, n, {from.of[i], to.of[i]});
        push_axis(zeros.axes, n, {0, to.of[i]});
        nest.y_first += first * to.of[i];
    }
    finish_axes(nest.axes);
    finish_axes(zeros.axes);
    zeros.y_first = nest.y_first;
    Tensor y = tape.empty(x->shape, dtype);
    assign(tape, x, y);
    emit_move(tape, updates, y, nest, false);
    if (is_floating(dtype) && tape.needs_grad({x, updates}))
        tape.on_backward(
            {x, updates}, {y},
            [=](Tape& tape, const Grads& dy) {
                if (Grad d = tape.grad(updates)) emit_move_scaled(tape, dy[0], d, nest.reversed());
                if (Grad d = tape.grad(x)) {
                    const Tensor kept = tape.empty(x->shape, dtype);
                    assign(tape, dy[0], kept);
                    emit_move(tape, constant(0, dtype), kept, zeros, false);
                    accumulate(tape, kept, d);
                }
            },
            [start, nest](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                const Tensor none = full(tape, x[1]->shape, dy[0]->dtype, 0);
                return Tensors{
                    tape.wants(x[0]) ? slice_update(tape, dy[0], start, none) : nullptr,
                    tape.wants(x[1]) ? moved(tape, dy[0], x[1]->shape, nest.reversed(), true, true) : nullptr};
            });
    return y;
}

Tensor flip(Tape& tape, const Tensor& x, const std::vector<int>& axes) {
    std::vector<Span> spans;
    for (int64_t n : x->shape) spans.push_back({0, 1, n});
    for (int axis : axes) {
        const int at = normalize_axis(axis, x->shape.rank(), "flip");
        spans[(size_t)at] = {x->shape[at] - 1, -1, x->shape[at]};
    }
    return slice(tape, x, spans);
}

}  // namespace netlet::ops
