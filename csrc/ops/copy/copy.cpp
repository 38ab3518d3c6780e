#include "ops/copy/copy.h"

#include "dispatch/dispatch.h"
#include "ops/copy/copy_args.h"

namespace netlet::ops {

void check_floating(const char* op, const Tensor& x) {
    if (!is_floating(x->dtype))
        throw TypeError(std::string(op) + ": expected a float32 or float64 tensor, got " + name_of(x->dtype) +
                        " of shape " + x->shape.str());
}

void check_same_dtype(const char* op, const Tensor& a, const Tensor& b) {
    if (a->dtype != b->dtype)
        throw TypeError(std::string(op) + ": expected operands of one dtype, got " + name_of(a->dtype) + " and " +
                        name_of(b->dtype));
}

namespace {

template <class T>
void emit_accumulate(Tape& tape, const Tensor& x, const Tensor& y, bool accumulate) {
    AccumulateArgs<T> args{};
    args.accumulate = accumulate;
    tape.emit(NETLET_KERNEL_FOR(accumulate, x->dtype), args,
              {in(args.x, x), accumulate ? inout(args.y, y) : out(args.y, y)}, elementwise_work(x->size(), accumulate));
}

void emit_cast(Tape& tape, const Tensor& x, const Tensor& y) {
    CastArgs args{};
    args.from = x->dtype;
    args.to = y->dtype;
    Operand from{(void*)&args.x, x, true, false}, to{(void*)&args.y, y, false, true};
    tape.emit(kernel(KernelId::cast), args, {from, to}, elementwise_work(x->size()));
}

}  // namespace

void accumulate(Tape& tape, const Tensor& x, const Grad& into) {
    if (x->dtype == DType::f64)
        emit_accumulate<double>(tape, x, into.tensor, into.accumulate);
    else
        emit_accumulate<float>(tape, x, into.tensor, into.accumulate);
}

void zero(Tape& tape, const Grad& into) {
    if (!into.accumulate) assign(tape, full(tape, into.tensor->shape, into.tensor->dtype, 0), into.tensor);
}

void assign(Tape& tape, const Tensor& x, const Tensor& y) {
    if (x->shape != y->shape)
        throw ValueError("assign: expected a value of shape " + y->shape.str() + ", got " + x->shape.str());
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
    if (dtype == DType::f64) {
        FillArgs<double> args{nullptr, value};
        tape.emit(kernel(KernelId::fill_f64), args, {out(args.y, y)}, elementwise_work(y->size()));
    } else {
        FillArgs<float> args{nullptr, (float)value};
        tape.emit(kernel(KernelId::fill_f32), args, {out(args.y, y)}, elementwise_work(y->size()));
    }
    return y;
}

Tensor cast(Tape& tape, const Tensor& x, DType dtype) {
    if (x->dtype == dtype) return x;
    Tensor y = tape.empty(x->shape, dtype);
    emit_cast(tape, x, y);
    if (has_gradient(dtype) && has_gradient(x->dtype) && tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x](Tape& tape, const Grads& dy) {
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
                // The gradient of a view is a view, unless x collects gradients from elsewhere too.
                if (tape.alias_grad(x, weak.lock(), dy[0])) return;
                accumulate(tape, tape.view(dy[0], x->shape), tape.grad(x));
            },
            [](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                return Tensors{reshape(tape, dy[0], x[0]->shape)};
            });
    return y;
}

void increment(Tape& tape, const Tensor& cell) {
    IncrementArgs args{};
    tape.emit(kernel(KernelId::increment), args, {inout(args.y, cell)}, one_chunk(1));
}

}  // namespace netlet::ops
