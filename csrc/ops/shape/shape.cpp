#include "ops/shape/shape.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/copy/copy_args.h"
#include "ops/elementwise/elementwise.h"
#include "ops/reduce/reduce.h"
#include "ops/shape/shape_args.h"

namespace netlet::ops {

namespace {

// Strides of a row-major tensor.
struct Strides {
    int64_t of[Shape::max_rank];
    explicit Strides(const Shape& s) {
        int64_t step = 1;
        for (int i = s.rank() - 1; i >= 0; --i) {
            of[i] = step;
            step *= s[i];
        }
    }
};

// A loop nest and where it starts in x and y.
struct Nest {
    int64_t x_first = 0, y_first = 0;
    Strided<2> axes{};
    Nest reversed() const {
        Nest n = *this;
        std::swap(n.x_first, n.y_first);
        for (int d = 0; d < axes.rank; ++d) std::swap(n.axes.stride[0][d], n.axes.stride[1][d]);
        return n;
    }
    int64_t elements() const {
        int64_t n = 1;
        for (int d = 0; d < axes.rank; ++d) n *= axes.extent[d];
        return n;
    }
};

// The axis along which x is contiguous while y is contiguous along the last one, or -1.
int transposed_axis(const Strided<2>& s) {
    const int last = s.rank - 1;
    if (s.stride[1][last] != 1 || s.stride[0][last] == 1 || s.stride[0][last] == 0) return -1;
    for (int d = 0; d < last; ++d)
        if (s.stride[0][d] == 1 && s.extent[d] >= 4) return d;
    return -1;
}

Operand bytes_in(const void*& field, const Tensor& t) { return {(void*)&field, t, true, false}; }
Operand bytes_out(void*& field, const Tensor& t) { return {(void*)&field, t, false, true}; }

// `whole`: every element of y is written. Otherwise y keeps what it holds elsewhere.
void emit_move(Tape& tape, const Tensor& x, const Tensor& y, const Nest& nest, bool whole) {
    MoveArgs args{};
    args.x_first = nest.x_first;
    args.y_first = nest.y_first;
    args.nest = nest.axes;
    args.bytes = (int32_t)size_of(y->dtype);
    args.tile_axis = transposed_axis(nest.axes);
    Work work = elementwise_work(nest.elements());
    if (args.tile_axis >= 0) {
        const int64_t axis = nest.axes.extent[args.tile_axis], columns = nest.axes.extent[nest.axes.rank - 1];
        work.units = nest.elements() / std::max<int64_t>(1, axis * columns) * ((axis + move_tile - 1) / move_tile);
        work.grain = std::max<int64_t>(1, 16384 / (move_tile * std::max<int64_t>(1, columns)));
    }
    Operand to = bytes_out(args.y, y);
    to.reads = !whole;
    tape.emit(kernel(KernelId::move), args, {bytes_in(args.x, x), to}, work);
}

template <class T>
void emit_move_add(Tape& tape, const Tensor& x, const Grad& y, const Nest& nest, double scale, bool whole) {
    MoveAddArgs<T> args{};
    args.x_first = nest.x_first;
    args.y_first = nest.y_first;
    args.nest = nest.axes;
    args.scale = (T)scale;
    args.accumulate = y.accumulate;
    Operand to = out(args.y, y.tensor);
    to.reads = y.accumulate || !whole;
    tape.emit(NETLET_KERNEL_FOR(move_add, x->dtype), args, {in(args.x, x), to}, elementwise_work(nest.elements(), 2));
}

// y = or += scale * x over the nest.
void emit_moved(Tape& tape, const Tensor& x, const Grad& y, const Nest& nest, double scale = 1, bool whole = true) {
    if (!y.accumulate && scale == 1) return emit_move(tape, x, y.tensor, nest, whole);
    if (x->dtype == DType::f64) emit_move_add<double>(tape, x, y, nest, scale, whole);
    else emit_move_add<float>(tape, x, y, nest, scale, whole);
}

void fill_zero(Tape& tape, const Tensor& y) {
    if (y->dtype == DType::f64) {
        FillArgs<double> args{};
        tape.emit(kernel(KernelId::fill_f64), args, {out(args.y, y)}, elementwise_work(y->size()));
    } else {
        FillArgs<float> args{};
        tape.emit(kernel(KernelId::fill_f32), args, {out(args.y, y)}, elementwise_work(y->size()));
    }
}

bool differentiable(Tape& tape, const Tensor& x) { return is_floating(x->dtype) && tape.needs_grad({x}); }

// Backward of y = x over `nest` where each element of x goes to at most one of y. `partial`: some go nowhere.
void on_backward_of_move(Tape& tape, const Tensor& x, const Tensor& y, const Nest& nest, bool partial) {
    if (!differentiable(tape, x)) return;
    tape.on_backward({x}, {y}, [x, nest, partial](Tape& tape, const Grads& dy) {
        Grad dx = tape.grad(x);
        if (!dx) return;
        if (partial && !dx.accumulate) fill_zero(tape, dx.tensor);
        emit_moved(tape, dy[0], dx, nest.reversed(), 1, !partial);
    });
}

Nest broadcast_nest(const char* op, const Shape& from, const Shape& to) {
    const int lead = to.rank() - from.rank();
    bool fits = lead >= 0;
    for (int i = 0; fits && i < from.rank(); ++i) fits = from[i] == to[i + lead] || from[i] == 1;
    if (!fits) throw ValueError(std::string(op) + ": cannot broadcast a tensor of shape " + from.str() + " to shape " + to.str());
    const Strides x(from), y(to);
    Nest nest;
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
        throw ValueError("transpose: expected " + std::to_string(rank) + " axes for a tensor of shape " + x->shape.str() + ", got " +
                         std::to_string(axes.size()));
    Shape shape;
    const Strides strides(x->shape);
    for (int& axis : axes) {
        axis = normalize_axis(axis, rank, "transpose");
        if (seen[axis]) throw ValueError("transpose: axis " + std::to_string(axis) + " is listed twice");
        seen[axis] = true;
        shape.push_back(x->shape[axis]);
    }
    const Strides to(shape);
    Nest nest;
    for (int i = 0; i < rank; ++i) push_axis(nest.axes, shape[i], {strides.of[axes[(size_t)i]], to.of[i]});
    finish_axes(nest.axes);
    // Nothing moves if only axes of extent 1 change places.
    if (nest.axes.rank == 1 && nest.axes.stride[0][0] == 1) return reshape(tape, x, shape);

    Tensor y = tape.empty(shape, x->dtype);
    emit_move(tape, x, y, nest, true);
    if (differentiable(tape, x))
        tape.on_backward({x}, {y}, [x, axes](Tape& tape, const Grads& dy) {
            Grad dx = tape.grad(x);
            if (!dx) return;
            // Written in dx's order, so that the transposed path applies.
            const Strides from(dy[0]->shape), into(x->shape);
            Nest back;
            for (int i = 0; i < x->shape.rank(); ++i) {
                const int at = (int)(std::find(axes.begin(), axes.end(), i) - axes.begin());
                push_axis(back.axes, x->shape[i], {from.of[at], into.of[i]});
            }
            finish_axes(back.axes);
            emit_moved(tape, dy[0], dx, back);
        });
    return y;
}

Tensor broadcast_to(Tape& tape, const Tensor& x, const Shape& shape) {
    const Nest nest = broadcast_nest("broadcast_to", x->shape, shape);
    Tensor y = tape.empty(shape, x->dtype);
    emit_move(tape, x, y, nest, true);
    if (differentiable(tape, x))
        tape.on_backward({x}, {y}, [x](Tape& tape, const Grads& dy) {
            if (Grad dx = tape.grad(x)) emit_sum_to(tape, dy[0], dx);
        });
    return y;
}

void emit_broadcast(Tape& tape, const Tensor& x, double scale, const Grad& out) {
    emit_moved(tape, x, out, broadcast_nest("gradient", x->shape, out.tensor->shape), scale);
}

// ---- joining and cutting ---------------------------------------------------------------------------------------------
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
            throw ValueError("concatenate: expected shapes that differ only in axis " + std::to_string(axis) + ", got " + first.str() +
                             " and " + x->shape.str());
        shape[axis] += x->shape[axis];
    }
    if (xs.size() == 1) return identity(tape, xs[0]);
    Tensor y = tape.empty(shape, xs[0]->dtype);
    const Strides to(shape);
    int64_t begin = 0;
    bool any = false;
    std::vector<Nest> nests;
    for (const Tensor& x : xs) {
        const Strides from(x->shape);
        Nest nest;
        for (int i = 0; i < shape.rank(); ++i) push_axis(nest.axes, x->shape[i], {from.of[i], to.of[i]});
        finish_axes(nest.axes);
        nest.y_first = begin * to.of[axis];
        begin += x->shape[axis];
        emit_move(tape, x, y, nest, false);
        nests.push_back(nest);
        any = any || differentiable(tape, x);
    }
    if (any)
        tape.on_backward(xs, {y}, [xs, nests](Tape& tape, const Grads& dy) {
            for (size_t i = 0; i < xs.size(); ++i)
                if (Grad dx = tape.grad(xs[i])) emit_moved(tape, dy[0], dx, nests[i].reversed());
        });
    return y;
}

Tensor stack(Tape& tape, const std::vector<Tensor>& xs, int axis) {
    if (xs.empty()) throw ValueError("stack: expected at least one tensor");
    for (const Tensor& x : xs)
        if (x->shape != xs[0]->shape)
            throw ValueError("stack: expected tensors of one shape, got " + xs[0]->shape.str() + " and " + x->shape.str());
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
            throw ValueError("slice: entries " + std::to_string(s.start) + " to " + std::to_string(end) + " of axis " +
                             std::to_string(i) + " lie outside of shape " + x->shape.str());
        shape.push_back(s.size);
    }
    const Strides from(x->shape), to(shape);
    Nest nest;
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

Tensor pad(Tape& tape, const Tensor& x, const std::vector<int64_t>& before, const std::vector<int64_t>& after, double value) {
    const int rank = x->shape.rank();
    if ((int)before.size() != rank || (int)after.size() != rank)
        throw ValueError("pad: expected one (before, after) pair per axis of shape " + x->shape.str());
    Shape shape;
    for (int i = 0; i < rank; ++i) {
        if (before[(size_t)i] < 0 || after[(size_t)i] < 0) throw ValueError("pad: expected widths of at least 0");
        shape.push_back(x->shape[i] + before[(size_t)i] + after[(size_t)i]);
    }
    Tensor y = full(tape, shape, x->dtype, value);
    const Strides from(x->shape), to(shape);
    Nest nest;
    for (int i = 0; i < rank; ++i) {
        push_axis(nest.axes, x->shape[i], {from.of[i], to.of[i]});
        nest.y_first += before[(size_t)i] * to.of[i];
    }
    finish_axes(nest.axes);
    emit_move(tape, x, y, nest, false);
    on_backward_of_move(tape, x, y, nest, false);
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

// ---- the same bytes --------------------------------------------------------------------------------------------------
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
            throw ValueError("squeeze: axis " + std::to_string(axis) + " of shape " + x->shape.str() + " has more than one entry");
        gone[at] = true;
    }
    Shape shape;
    for (int i = 0; i < rank; ++i)
        if (!gone[i]) shape.push_back(x->shape[i]);
    return reshape(tape, x, shape);
}

namespace {

// x seen as (outer, n, inner) around an axis, each entry `count` times: as a whole (n, count) or one by one (count, n).
Tensor repeat_axis(Tape& tape, const Tensor& x, int64_t count, int axis, bool each) {
    if (count < 0) throw ValueError("repeat: expected a count of at least 0, got " + std::to_string(count));
    const int64_t outer = x->shape.product(0, axis), n = x->shape[axis], inner = x->shape.product(axis + 1, x->shape.rank());
    Shape shape = x->shape;
    shape[axis] = n * count;
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

// ---- by index --------------------------------------------------------------------------------------------------------
namespace {

Tensor as_index(Tape& tape, const Tensor& index) {
    return index->dtype == DType::i32 || index->dtype == DType::i64 ? index : cast(tape, index, DType::i32);
}

template <class T>
void check_bounds(const Tensor& index, int64_t n, int axis) {
    const T* p = index->data<T>();
    for (int64_t i = 0; i < index->size(); ++i)
        if (p[i] < -n || p[i] >= n)
            throw ValueError("take: index " + std::to_string(p[i]) + " is out of bounds for axis " + std::to_string(axis) + " with " +
                             std::to_string(n) + " entries");
}

template <class T>
void emit_scatter_add(Tape& tape, const Tensor& dy, const Tensor& index, const Grad& dx, const GatherArgs& g) {
    ScatterAddArgs<T> args{};
    args.outer = g.outer;
    args.n = g.n;
    args.k = g.k;
    args.inner = g.inner;
    args.index_dtype = g.index_dtype;
    args.accumulate = dx.accumulate;
    // Every chunk reads all indices: a few chunks at most, and only where rows outweigh that.
    const int64_t rows = std::max<int64_t>((g.n + 7) / 8, 16384 / std::max<int64_t>(1, g.inner * g.outer) + 1);
    tape.emit(NETLET_KERNEL_FOR(scatter_add, dy->dtype), args,
              {in(args.dy, dy), bytes_in(args.index, index), dx.accumulate ? inout(args.dx, dx.tensor) : out(args.dx, dx.tensor)},
              Work{g.n, rows, (double)dy->size()});
}

template <class T>
void emit_one_hot(Tape& tape, const Tensor& index, const Tensor& y, int64_t classes, int64_t inner) {
    OneHotArgs<T> args{};
    args.n = classes;
    args.inner = inner;
    args.index_dtype = index->dtype;
    tape.emit(NETLET_KERNEL_FOR(one_hot, y->dtype), args, {bytes_in(args.index, index), out(args.y, y)},
              Work{index->size(), std::max<int64_t>(1, 16384 / std::max<int64_t>(1, classes)), (double)y->size()});
}

}  // namespace

Tensor take(Tape& tape, const Tensor& x, const Tensor& given, int axis) {
    if (is_floating(given->dtype))
        throw TypeError(std::string("take: expected integer indices, got ") + netlet::name_of(given->dtype));
    axis = normalize_axis(axis, x->shape.rank(), "take");
    const Tensor index = as_index(tape, given);
    GatherArgs args{};
    args.outer = x->shape.product(0, axis);
    args.n = x->shape[axis];
    args.k = index->size();
    args.inner = x->shape.product(axis + 1, x->shape.rank());
    args.index_dtype = index->dtype;
    args.dtype = x->dtype;
    if (!index->recorded()) {  // the values are known
        if (index->dtype == DType::i32) check_bounds<int32_t>(index, args.n, axis);
        else check_bounds<int64_t>(index, args.n, axis);
    }
    Shape shape;
    for (int i = 0; i < axis; ++i) shape.push_back(x->shape[i]);
    for (int64_t n : index->shape) shape.push_back(n);
    for (int i = axis + 1; i < x->shape.rank(); ++i) shape.push_back(x->shape[i]);
    Tensor y = tape.empty(shape, x->dtype);
    if (y->size() > 0)
        tape.emit(kernel(KernelId::gather), args, {bytes_in(args.x, x), bytes_in(args.index, index), bytes_out(args.y, y)},
                  Work{args.outer * args.k, std::max<int64_t>(1, 16384 / args.inner), 0});
    if (differentiable(tape, x))
        tape.on_backward({x}, {y}, [x, index, args](Tape& tape, const Grads& dy) {
            Grad dx = tape.grad(x);
            if (!dx) return;
            if (x->dtype == DType::f64) emit_scatter_add<double>(tape, dy[0], index, dx, args);
            else emit_scatter_add<float>(tape, dy[0], index, dx, args);
        });
    return y;
}

Tensor one_hot(Tape& tape, const Tensor& given, int64_t classes, int axis, DType dtype) {
    if (classes < 0) throw ValueError("one_hot: expected num_classes >= 0, got " + std::to_string(classes));
    if (!is_floating(dtype)) return cast(tape, one_hot(tape, given, classes, axis, DType::f32), dtype);
    const Tensor index = as_index(tape, given);
    const int rank = index->shape.rank();
    axis = normalize_axis(axis, rank + 1, "one_hot");
    Shape shape;
    for (int i = 0; i < rank + 1; ++i) shape.push_back(i == axis ? classes : index->shape[i - (i > axis)]);
    Tensor y = tape.empty(shape, dtype);
    const int64_t inner = index->shape.product(axis, rank);
    if (dtype == DType::f64) emit_one_hot<double>(tape, index, y, classes, inner);
    else emit_one_hot<float>(tape, index, y, classes, inner);
    return y;
}

}  // namespace netlet::ops
