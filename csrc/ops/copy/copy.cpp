#include "ops/copy/copy.h"

#include "dispatch/dispatch.h"
#include "ops/copy/copy_args.h"

namespace netlet::ops {

void check_floating(const char* op, const Tensor& x) {
    if (!is_floating(x->dtype))
        throw TypeError(std::string(op) + ": expected a float32 or float64 tensor, received " + name_of(x->dtype) +
                        " of shape " + x->shape.str());
}

void check_same_dtype(const char* op, const Tensor& a, const Tensor& b) {
    if (a->dtype != b->dtype)
        throw TypeError(std::string(op) + ": expected operands of one dtype, received " + name_of(a->dtype) + " and " +
                        name_of(b->dtype));
}

namespace {

void emit_cast(Tape& tape, const Tensor& x, const Tensor& y) {
    CastArgs args{};
    args.from = x->dtype;
    args.to = y->dtype;
    tape.emit(kernel(KernelId::cast), args, {in(args.x, x), out(args.y, y)}, elementwise_work(x->size()));
}

}  // namespace

void accumulate(Tape& tape, const Tensor& x, const Grad& y) {
    with_float(x->dtype, [&]<class T>(T) {
        AccumulateArgs<T> args{};
        tape.emit(NETLET_KERNEL_FOR(accumulate, x->dtype), args, {in(args.x, x), into(args.y, args.accumulate, y)},
                  elementwise_work(x->size(), y.accumulate));
    });
}

void zero(Tape& tape, const Grad& y) {
    if (!y.accumulate) assign(tape, full(tape, y.tensor->shape, y.tensor->dtype, 0), y.tensor);
}

void fill(Tape& tape, const Tensor& y, double value) {
    with_float(y->dtype, [&]<class T>(T) {
        FillArgs<T> args{nullptr, (T)value};
        tape.emit(NETLET_KERNEL_FOR(fill, y->dtype), args, {out(args.y, y)}, elementwise_work(y->size()));
    });
}

void assign(Tape& tape, const Tensor& x, const Tensor& y) {
    if (x->shape != y->shape)
        throw ValueError("assign: expected a value of shape " + y->shape.str() + ", received " + x->shape.str());
    emit_cast(tape, x, y);
}

Tensor identity(Tape& tape, const Tensor& x) {
    Tensor y = tape.empty(x->shape, x->dtype);
    emit_cast(tape, x, y);
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x](Tape& tape, const Grads& dy) {
                if (Grad dx = tape.grad(x)) accumulate(tape, dy[0], dx);
            },
            [](Tape&, const Tensors&, const Tensors&, const Grads& dy) { return dy; });
    return y;
}

Tensor full(Tape& tape, const Shape& shape, DType dtype, double value) {
    if (!is_floating(dtype)) return cast(tape, full(tape, shape, DType::f64, value), dtype);
    Tensor y = tape.empty(shape, dtype);
    fill(tape, y, value);
    return y;
}

Tensor cast(Tape& tape, const Tensor& x, DType dtype) {
    if (x->dtype == dtype) return x;
    Tensor y = tape.empty(x->shape, dtype);
    emit_cast(tape, x, y);
    if (has_gradient(dtype) && has_gradient(x->dtype) && tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x, weak = std::weak_ptr<TensorImpl>(y)](Tape& tape, const Grads& dy) {
                // Both gradients are float32 where a half is cast to float32 or back.
                const bool same = dy[0]->dtype == gradient_dtype(x->dtype);
                if (same && tape.alias_grad(x, weak.lock(), dy[0])) return;
                if (Grad dx = tape.grad(x)) accumulate(tape, cast(tape, dy[0], dx.tensor->dtype), dx);
            },
            [](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                return Tensors{cast(tape, dy[0], gradient_dtype(x[0]->dtype))};
            });
    return y;
}

Tensor reshape(Tape& tape, const Tensor& x, const Shape& shape) {
    if (shape.size() != x->size())
        throw ValueError("reshape: cannot give a tensor of shape " + x->shape.str() + " the shape " + shape.str());
    Tensor y = tape.view(x, shape);
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x, weak = std::weak_ptr<TensorImpl>(y)](Tape& tape, const Grads& dy) {
                // The gradient of a view is a view, unless x receives gradients from elsewhere too.
                if (tape.alias_grad(x, weak.lock(), dy[0])) return;
                accumulate(tape, tape.view(dy[0], x->shape), tape.grad(x));
            },
            [](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                return Tensors{reshape(tape, dy[0], x[0]->shape)};
            });
    return y;
}

Grad slices_for(Tape& tape, const Grad& g, int64_t count, const Shape& shape) {
    return !g || count == 1 ? g : Grad{tape.empty(shape, g.tensor->dtype)};
}

void increment(Tape& tape, const Tensor& cell) {
    if (cell->dtype != DType::i64 || cell->size() != 1)
        throw TypeError("increment: expected one int64 cell, received " + cell->shape.str() + " " +
                        name_of(cell->dtype));
    IncrementArgs args{};
    tape.emit(kernel(KernelId::increment), args, {inout(args.y, cell)}, one_chunk(1));
}

}  // namespace netlet::ops
