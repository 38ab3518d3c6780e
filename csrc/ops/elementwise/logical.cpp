// Comparisons, logical operations, isfinite and its like, and where.
#include "ops/elementwise/broadcast.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/reduce.h"

namespace netlet::ops {

namespace {

const char* name_of(CompareOp op) {
    constexpr const char* names[] = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"};
    return names[(int)op];
}
const char* name_of(LogicalOp op) {
    constexpr const char* names[] = {"logical_and", "logical_or", "logical_xor"};
    return names[(int)op];
}

}  // namespace

Tensor compare(Tape& tape, CompareOp op, const Tensor& given_a, const Tensor& given_b) {
    const DType dtype = common_dtype(given_a->dtype, given_b->dtype);
    const Tensor a = cast(tape, given_a, dtype), b = cast(tape, given_b, dtype);
    Tensor y = tape.empty(broadcast_shapes(name_of(op), a->shape, b->shape), DType::boolean);
    with_number_or_byte(dtype, [&]<class T>(T) {
        CompareArgs<T> args{};
        args.nest = broadcast_nest<2>(y->shape, {&a->shape, &b->shape});
        args.op = op;
        tape.emit(NETLET_NUMBER_OR_BYTE_KERNEL(compare, dtype), args, {in(args.a, a), in(args.b, b), out(args.y, y)},
                  elementwise_work(y->size()));
    });
    return y;
}

Tensor logical(Tape& tape, LogicalOp op, const Tensor& given_a, const Tensor& given_b) {
    const Tensor a = cast(tape, given_a, DType::boolean), b = cast(tape, given_b, DType::boolean);
    Tensor y = tape.empty(broadcast_shapes(name_of(op), a->shape, b->shape), DType::boolean);
    LogicalArgs args{};
    args.nest = broadcast_nest<2>(y->shape, {&a->shape, &b->shape});
    args.op = op;
    tape.emit(kernel(KernelId::logical), args, {in(args.a, a), in(args.b, b), out(args.y, y)},
              elementwise_work(y->size()));
    return y;
}

Tensor logical_not(Tape& tape, const Tensor& x) {
    return compare(tape, CompareOp::equal, x, constant(0, size_of(x->dtype) == 1 ? x->dtype : DType::i32));
}

Tensor classify(Tape& tape, ClassifyOp op, const Tensor& given) {
    const Tensor x = as_floating(tape, given);
    Tensor y = tape.empty(x->shape, DType::boolean);
    with_float(x->dtype, [&]<class T>(T) {
        ClassifyArgs<T> args{};
        args.op = op;
        tape.emit(NETLET_KERNEL_FOR(classify, x->dtype), args, {in(args.x, x), out(args.y, y)},
                  elementwise_work(y->size()));
    });
    return y;
}

Tensor where(Tape& tape, const Tensor& given_c, const Tensor& given_a, const Tensor& given_b) {
    const DType dtype =
        given_a->dtype == given_b->dtype ? given_a->dtype : common_dtype(given_a->dtype, given_b->dtype);
    const Tensor c = cast(tape, given_c, DType::boolean), a = cast(tape, given_a, dtype),
                 b = cast(tape, given_b, dtype);
    const Shape shape = broadcast_shapes("where", broadcast_shapes("where", a->shape, b->shape), c->shape);
    Tensor y = tape.empty(shape, dtype);
    WhereArgs args{};
    args.nest = broadcast_nest<3>(shape, {&c->shape, &a->shape, &b->shape});
    args.bytes = (int32_t)size_of(dtype);
    tape.emit(kernel(KernelId::where), args,
              {in(args.c, c),
               {(void*)&args.a, a, true, false},
               {(void*)&args.b, b, true, false},
               {(void*)&args.y, y, false, true}},
              elementwise_work(y->size()));
    if (is_floating(dtype) && tape.needs_grad({a, b}))
        tape.on_backward(
            {a, b}, {y},
            [a, b, c](Tape& tape, const Grads& dy) {
                const Tensor zero = constant(0, dy[0]->dtype);
                if (Grad da = tape.grad(a)) emit_sum_to(tape, where(tape, c, dy[0], zero), da);
                if (Grad db = tape.grad(b)) emit_sum_to(tape, where(tape, c, zero, dy[0]), db);
            },
            [c](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                const Tensor zero = constant(0, dy[0]->dtype);
                return Tensors{tape.wants(x[0]) ? sum_to(tape, where(tape, c, dy[0], zero), x[0]->shape) : nullptr,
                               tape.wants(x[1]) ? sum_to(tape, where(tape, c, zero, dy[0]), x[1]->shape) : nullptr};
            });
    return y;
}

}  // namespace netlet::ops
