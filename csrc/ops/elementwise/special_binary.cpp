// Angles, remainders, bits and other binary operations that are rare in networks. Their gradients are formulas of other
// ops.
#include "ops/elementwise/special_binary.h"

#include "ops/elementwise/broadcast.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/reduce.h"

namespace netlet::ops {

namespace {

enum class Operands { floats, numbers, integers };

Operands operands_of(BinaryOp op) {
    return op <= BinaryOp::ldexp ? Operands::floats : op <= BinaryOp::fmod ? Operands::numbers : Operands::integers;
}

bool is_bitwise(BinaryOp op) {
    return op == BinaryOp::bitwise_and || op == BinaryOp::bitwise_or || op == BinaryOp::bitwise_xor;
}

Tensor of_bools(Tape& tape, BinaryOp op, const Tensor& a, const Tensor& b) {
    switch (op) {
        case BinaryOp::bitwise_and: return logical(tape, LogicalOp::logical_and, a, b);
        case BinaryOp::bitwise_or: return logical(tape, LogicalOp::logical_or, a, b);
        default: return logical(tape, LogicalOp::logical_xor, a, b);
    }
}

// The dtype of the computation and the result.
DType dtype_for(BinaryOp op, DType common) {
    const bool floating = is_floating(common);
    switch (operands_of(op)) {
        case Operands::floats: return floating ? common : DType::f32;
        case Operands::integers:
            if (floating || (common == DType::boolean && (op == BinaryOp::gcd || op == BinaryOp::lcm)))
                throw TypeError(std::string(name_of(op)) + ": expected integers, received " + name_of(common));
            break;
        default: break;
    }
    return common == DType::boolean ? DType::i32 : common;
}

// The derivatives with respect to a and b; null where no gradient flows.
struct Slopes {
    Tensor a, b;
};

// p / (a^2 + b^2)
Tensor over_square(Tape& tape, const Tensor& p, const Tensor& a, const Tensor& b) {
    return divide(tape, p, add(tape, unary(tape, UnaryOp::square, a), unary(tape, UnaryOp::square, b)));
}
// p / y, 0 where y is 0.
Tensor over_length(Tape& tape, const Tensor& p, const Tensor& y) {
    const Tensor none = equal(tape, y, constant(0, y->dtype));
    return divide(tape, p, where(tape, none, constant(1, y->dtype), y));
}
// 1 / (1 + e^(scale (q - p))), 1/2 where p equals q, infinities too.
Tensor share_of_sum(Tape& tape, double scale, const Tensor& p, const Tensor& q) {
    const Tensor distance = affine(tape, subtract(tape, q, p), scale);
    const Tensor zero = constant(0, p->dtype);
    const Tensor rise = unary(tape, UnaryOp::exp, where(tape, equal(tape, p, q), zero, distance));
    return unary(tape, UnaryOp::reciprocal, affine(tape, rise, 1, 1));
}

Slopes slopes_of(Tape& tape, BinaryOp op, const Tensor& a, const Tensor& b) {
    const bool to_a = tape.wants(a), to_b = tape.wants(b);
    switch (op) {
        case BinaryOp::arctan2:
            return {to_a ? over_square(tape, b, a, b) : nullptr,
                    to_b ? negative(tape, over_square(tape, a, a, b)) : nullptr};
        case BinaryOp::hypot: {
            const Tensor y = binary(tape, BinaryOp::hypot, a, b);
            return {to_a ? over_length(tape, a, y) : nullptr, to_b ? over_length(tape, b, y) : nullptr};
        }
        case BinaryOp::logaddexp:
        case BinaryOp::logaddexp2: {
            const double scale = op == BinaryOp::logaddexp ? 1 : 0.69314718055994531;
            return {to_a ? share_of_sum(tape, scale, a, b) : nullptr, to_b ? share_of_sum(tape, scale, b, a) : nullptr};
        }
        case BinaryOp::ldexp: {
            const Tensor one = constant(1, a->dtype);
            return {to_a ? binary(tape, BinaryOp::ldexp, one, b) : nullptr, nullptr};
        }
        case BinaryOp::mod:
            return {to_a ? constant(1, a->dtype) : nullptr,
                    to_b ? negative(tape, binary(tape, BinaryOp::floor_divide, a, b)) : nullptr};
        case BinaryOp::fmod:
            return {to_a ? constant(1, a->dtype) : nullptr,
                    to_b ? negative(tape, unary(tape, UnaryOp::trunc, divide(tape, a, b))) : nullptr};
        default: return {};
    }
}

bool has_slopes(BinaryOp op) {
    return op != BinaryOp::nextafter && op != BinaryOp::heaviside && op != BinaryOp::floor_divide;
}

}  // namespace

Tensor bitwise_not(Tape& tape, const Tensor& x) {
    if (x->dtype == DType::boolean) return logical_not(tape, x);
    if (is_floating(x->dtype))
        throw TypeError(std::string("bitwise_not: expected integers, received ") + name_of(x->dtype));
    return binary(tape, BinaryOp::bitwise_xor, x, constant(x->dtype == DType::u8 ? 255 : -1, x->dtype));
}

Tensor special_binary(Tape& tape, BinaryOp op, const Tensor& given_a, const Tensor& given_b) {
    const DType common = common_dtype(given_a->dtype, given_b->dtype);
    if (common == DType::boolean && is_bitwise(op)) return of_bools(tape, op, given_a, given_b);
    const DType dtype = dtype_for(op, common);
    const Tensor a = cast(tape, given_a, dtype), b = cast(tape, given_b, dtype);
    Tensor y = tape.empty(broadcast_shapes(name_of(op), a->shape, b->shape), dtype);
    with_number_or_byte(dtype, [&]<class T>(T) {
        BinaryArgs<T> args{};
        args.nest = broadcast_nest<2>(y->shape, {&a->shape, &b->shape});
        args.op = op;
        tape.emit(NETLET_NUMBER_OR_BYTE_KERNEL(binary_special, dtype), args,
                  {in(args.a, a), in(args.b, b), out(args.y, y)},
                  is_bitwise(op) ? elementwise_work(y->size()) : work_of(y->size(), 2048, 30));
    });
    if (is_floating(dtype) && has_slopes(op) && tape.needs_grad({a, b}))
        tape.on_backward(
            {a, b}, {y},
            [op, a, b](Tape& tape, const Grads& dy) {
                const Grad da = tape.grad(a), db = tape.grad(b);
                const Slopes s = slopes_of(tape, op, a, b);
                if (da && s.a) emit_sum_to(tape, multiply(tape, dy[0], s.a), da);
                if (db && s.b) emit_sum_to(tape, multiply(tape, dy[0], s.b), db);
            },
            [op](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                const Slopes s = slopes_of(tape, op, x[0], x[1]);
                auto through = [&](const Tensor& slope, const Tensor& to) -> Tensor {
                    return slope && tape.wants(to) ? sum_to(tape, multiply(tape, dy[0], slope), to->shape) : nullptr;
                };
                return Tensors{through(s.a, x[0]), through(s.b, x[1])};
            });
    return y;
}

}  // namespace netlet::ops
