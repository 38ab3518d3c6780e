#include "ops/shape/loop_nest.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"

namespace netlet::ops {

namespace {

// The axis along which x is contiguous while y is contiguous along the last one, or -1.
int transposed_axis(const Strided<2>& s) {
    const int last = s.rank - 1;
    if (s.stride[1][last] != 1 || s.stride[0][last] == 1 || s.stride[0][last] == 0 || s.extent[last] < 4) return -1;
    for (int d = 0; d < last; ++d)
        if (s.stride[0][d] == 1 && s.extent[d] >= 4) return d;
    return -1;
}

// A short last axis (channels) makes short rows: it is swapped with the longest axis along which x is contiguous, or
// else with the longest one. The order of the axes does not change which elements move.
void make_rows_long(Strided<2>& s) {
    const int last = s.rank - 1;
    if (s.extent[last] >= 8) return;
    int best = last;
    for (int d = 0; d < last; ++d)
        if (s.extent[d] > s.extent[best] && (s.stride[0][d] == 1 || s.stride[0][best] != 1)) best = d;
    std::swap(s.extent[best], s.extent[last]);
    for (auto& stride : s.stride) std::swap(stride[best], stride[last]);
}

}  // namespace

void emit_move(Tape& tape, const Tensor& x, const Tensor& y, const LoopNest& nest, bool whole, bool prepack) {
    MoveArgs args{};
    args.x_first = nest.x_first;
    args.y_first = nest.y_first;
    args.nest = nest.axes;
    args.bytes = (int32_t)size_of(y->dtype);
    args.tile_axis = transposed_axis(nest.axes);
    if (args.tile_axis < 0) make_rows_long(args.nest);
    Work work = elementwise_work(nest.elements());
    if (args.tile_axis >= 0) {
        const int64_t axis = nest.axes.extent[args.tile_axis], columns = nest.axes.extent[nest.axes.rank - 1];
        work.units = nest.elements() / std::max<int64_t>(1, axis * columns) * ceil_div(axis, move_tile);
        work.grain = grain_for(16384, move_tile * columns);
    }
    work.prepack = prepack;
    Operand to = out(args.y, y);
    to.reads = !whole;
    tape.emit(kernel(KernelId::move), args, {in(args.x, x), to}, work);
}

void emit_move_scaled(Tape& tape, const Tensor& x, const Grad& y, const LoopNest& nest, double scale, bool whole) {
    if (!y.accumulate && scale == 1) return emit_move(tape, x, y.tensor, nest, whole);
    with_float(x->dtype, [&]<class T>(T) {
        MoveAddArgs<T> args{};
        args.x_first = nest.x_first;
        args.y_first = nest.y_first;
        args.nest = nest.axes;
        args.scale = (T)scale;
        Operand to = into(args.y, args.accumulate, y);
        to.reads = y.accumulate || !whole;
        tape.emit(NETLET_KERNEL_FOR(move_add, x->dtype), args, {in(args.x, x), to},
                  elementwise_work(nest.elements(), 2));
    });
}

void on_backward_of_move(Tape& tape, const Tensor& x, const Tensor& y, const LoopNest& nest, bool partial) {
    if (!differentiable(tape, x)) return;
    tape.on_backward(
        {x}, {y},
        [x, nest, partial](Tape& tape, const Grads& dy) {
            Grad dx = tape.grad(x);
            if (!dx) return;
            if (partial && !dx.accumulate) fill(tape, dx.tensor, 0);
            emit_move_scaled(tape, dy[0], dx, nest.reversed(), 1, !partial);
        },
        [nest, partial, fills = y->size() == nest.elements()](Tape& tape, const Tensors& x, const Tensors&,
                                                              const Grads& dy) {
            return Tensors{moved(tape, dy[0], x[0]->shape, nest.reversed(), !partial, !fills)};
        });
}

Tensor moved(Tape& tape, const Tensor& x, const Shape& shape, const LoopNest& nest, bool fills, bool partial) {
    Tensor y = tape.empty(shape, x->dtype);
    if (!fills) fill(tape, y, 0);
    emit_move(tape, x, y, nest, fills);
    on_backward_of_move(tape, x, y, nest, partial);
    return y;
}

}  // namespace netlet::ops
