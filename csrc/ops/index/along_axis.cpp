#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/index/index.h"
#include "ops/shape/loop_nest.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

void emit_scatter_along(Tape& tape, const Tensor& dy, const Tensor& index, const Grad& dx, const AxisLayout& layout) {
    with_float(dy->dtype, [&]<class T>(T) {
        ScatterAlongArgs<T> args{};
        args.layout = layout;
        args.index_dtype = index->dtype;
        tape.emit(NETLET_KERNEL_FOR(scatter_along, dy->dtype), args,
                  {in(args.dy, dy), in(args.index, index), into(args.dx, args.accumulate, dx)},
                  Work{layout.outer * layout.inner, grain_for(8192, layout.n + layout.k), (double)dy->size()});
    });
}

namespace {

// y (outer, k, inner) = x (outer, n, inner) at index of the middle axis.
Tensor gathered_along(Tape& tape, const Tensor& x, const Tensor& index, const Shape& shape, const AxisLayout& layout) {
    GatherAlongArgs args{};
    args.layout = layout;
    args.index_dtype = index->dtype;
    args.dtype = x->dtype;
    Tensor y = tape.empty(shape, x->dtype);
    tape.emit(kernel(KernelId::gather_along), args, {in(args.x, x), in(args.index, index), out(args.y, y)},
              Work{y->size(), 8192, 0});
    if (differentiable(tape, x)) on_backward_of_gather_along(tape, x, y, index, layout);
    return y;
}

}  // namespace

void on_backward_of_gather_along(Tape& tape, const Tensor& x, const Tensor& y, const Tensor& index,
                                 const AxisLayout& layout) {
    tape.on_backward(
        {x}, {y},
        [x, index, layout](Tape& tape, const Grads& dy) {
            if (Grad dx = tape.grad(x)) emit_scatter_along(tape, dy[0], index, dx, layout);
        },
        [index, layout](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
            return Tensors{scattered_along(tape, dy[0], index, x[0]->shape, layout)};
        });
}

Tensor scattered_along(Tape& tape, const Tensor& x, const Tensor& index, const Shape& shape, const AxisLayout& layout) {
    Tensor y = tape.empty(shape, x->dtype);
    emit_scatter_along(tape, x, index, {y, false}, layout);
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x, index, layout](Tape& tape, const Grads& dy) {
                if (Grad dx = tape.grad(x)) accumulate(tape, gathered_along(tape, dy[0], index, x->shape, layout), dx);
            },
            [index, layout](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                return Tensors{gathered_along(tape, dy[0], index, x[0]->shape, layout)};
            });
    return y;
}

Tensor take_along_axis(Tape& tape, const Tensor& given_x, const Tensor& given, int axis) {
    const char* op = "take_along_axis";
    const int rank = given_x->shape.rank();
    axis = normalize_axis(axis, rank, op);
    Tensor x = given_x, index = as_index(tape, op, given);
    check_indices(op, index, x->shape[axis], axis);
    // The other axes broadcast against each other.
    bool fits = index->shape.rank() == rank;
    Shape x_shape = x->shape, y_shape = index->shape;
    for (int i = 0; fits && i < rank; ++i) {
        if (i == axis) continue;
        const int64_t nx = x->shape[i], ny = index->shape[i];
        fits = nx == ny || nx == 1 || ny == 1;
        x_shape[i] = y_shape[i] = nx == 1 ? ny : nx;
    }
    if (!fits)
        throw ValueError(std::string(op) + ": expected shapes that broadcast outside of axis " + std::to_string(axis) +
                         ", received " + x->shape.str() + " and indices " + index->shape.str());
    if (x->shape != x_shape) x = broadcast_to(tape, x, x_shape);
    if (index->shape != y_shape) index = broadcast_to(tape, index, y_shape);

    return gathered_along(tape, x, index, y_shape, axis_layout(x_shape, axis, y_shape[axis]));
}

}  // namespace netlet::ops
