#include "ops/softmax/softmax.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/reduce.h"

namespace netlet::ops {

namespace {

struct AxisSizes {
    int64_t O, N, I;
};

AxisSizes axis_sizes(const Shape& shape, int axis) {
    return {shape.product(0, axis), shape[axis], shape.product(axis + 1, shape.rank())};
}

// About 8192 exponentials per chunk.
Work work_of(const AxisSizes& e) {
    const int64_t units = e.I == 1 ? e.O : e.O * ceil_div(e.I, softmax_columns);
    const int64_t unit_elements = e.N * std::min(e.I, softmax_columns);
    return {units, grain_for(8192, unit_elements), 20.0 * (double)(e.O * e.N * e.I)};
}

template <class T>
void emit_forward(Tape& tape, const Tensor& x, const Tensor& y, const AxisSizes& e, SoftmaxKind kind) {
    SoftmaxArgs<T> args{};
    args.N = e.N;
    args.I = e.I;
    args.kind = kind;
    tape.emit(NETLET_KERNEL_FOR(softmax_fwd, x->dtype), args, {in(args.x, x), out(args.y, y)}, work_of(e));
}

template <class T>
void emit_backward(Tape& tape, const Tensor& x, const Tensor& y, const Tensor& dy, const Grad& dx, const AxisSizes& e,
                   SoftmaxKind kind) {
    SoftmaxGradArgs<T> args{};
    args.N = e.N;
    args.I = e.I;
    args.kind = kind;
    tape.emit(NETLET_KERNEL_FOR(softmax_bwd, y->dtype), args,
              {in_if(args.x, x), in(args.y, y), in(args.dy, dy), into(args.dx, args.accumulate, dx)}, work_of(e));
}

Tensor higher(Tape& tape, SoftmaxKind kind, int axis, const Tensor& x, const Tensor& y, const Tensor& dy) {
    auto summed = [&](const Tensor& v) { return sum(tape, v, std::vector<int>{axis}, true); };
    switch (kind) {
        case SoftmaxKind::softmax: return multiply(tape, y, subtract(tape, dy, summed(multiply(tape, dy, y))));
        case SoftmaxKind::log_softmax:
            return subtract(tape, dy, multiply(tape, unary(tape, UnaryOp::exp, y), summed(dy)));
        case SoftmaxKind::sparsemax: {  // a projection onto the nonzero entries, a set that is locally constant
            const Tensor nonzero = indicator(tape, CompareOp::greater, y, 0), mine = multiply(tape, dy, nonzero);
            return multiply(tape, nonzero, subtract(tape, mine, divide(tape, summed(mine), summed(nonzero))));
        }
        case SoftmaxKind::logsumexp: {
            Shape wide = x->shape;
            wide[axis] = 1;
            return multiply(tape, reshape(tape, dy, wide), softmax(tape, x, axis));
        }
    }
    throw RuntimeError("softmax: unknown kind");
}

Tensor apply(Tape& tape, const Tensor& x, int axis, SoftmaxKind kind, const char* name, bool keepdims) {
    check_floating(name, x);
    axis = normalize_axis(axis, x->shape.rank(), name);
    const AxisSizes e = axis_sizes(x->shape, axis);
    const bool reduced = kind == SoftmaxKind::logsumexp;
    Shape shape;
    for (int i = 0; i < x->shape.rank(); ++i)
        if (i != axis || !reduced || keepdims) shape.push_back(i == axis && reduced ? 1 : x->shape[i]);
    Tensor y = tape.empty(shape, x->dtype);
    with_float(x->dtype, [&]<class T>(T) { emit_forward<T>(tape, x, y, e, kind); });
    if (tape.needs_grad({x})) {
        const Tensor saved_x = reduced ? x : nullptr;
        tape.on_backward(
            {x}, {y},
            [=](Tape& tape, const Grads& dy) {
                Grad dx = tape.grad(x);
                if (!dx) return;
                with_float(y->dtype, [&]<class T>(T) { emit_backward<T>(tape, saved_x, y, dy[0], dx, e, kind); });
            },
            [kind, axis](Tape& tape, const Tensors& x, const Tensors& y, const Grads& dy) {
                return Tensors{higher(tape, kind, axis, x[0], y[0], dy[0])};
            });
    }
    return y;
}

}  // namespace

Tensor softmax(Tape& tape, const Tensor& x, int axis) {
    return apply(tape, x, axis, SoftmaxKind::softmax, "softmax", false);
}

Tensor log_softmax(Tape& tape, const Tensor& x, int axis) {
    return apply(tape, x, axis, SoftmaxKind::log_softmax, "log_softmax", false);
}

Tensor sparsemax(Tape& tape, const Tensor& x, int axis) {
    return apply(tape, x, axis, SoftmaxKind::sparsemax, "sparsemax", false);
}

Tensor logsumexp(Tape& tape, const Tensor& x, int axis, bool keepdims) {
    return apply(tape, x, axis, SoftmaxKind::logsumexp, "logsumexp", keepdims);
}

}  // namespace netlet::ops
