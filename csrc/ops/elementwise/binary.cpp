#include <algorithm>

#include "base/last_level_cache.h"
#include "ops/elementwise/broadcast.h"
#include "ops/elementwise/special_binary.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/reduce.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

// Whether y is larger than the L3 cache, so that it is stored to memory directly: an ordinary store reads each line first.
// Below that size a later op, or the next run of the plan, still finds part of y in the cache.
// Zen 4, 32 MB L3, one thread, bench.kernels vector_math, 2026-11: 16 MB arrays 28 GB/s with ordinary stores and 7 with
// streaming ones, 64 MB 7 and 11, 256 MB 7 and 21.
bool streaming(const Tensor& y) { return y->size() * (int64_t)size_of(y->dtype) > last_level_cache(); }

template <class T>
void emit_binary(Tape& tape, BinaryOp op, const Tensor& a, const Tensor& b, const Tensor& y) {
    BinaryArgs<T> args{};
    args.nest = broadcast_nest<2>(y->shape, {&a->shape, &b->shape});
    args.op = op;
    args.streaming = streaming(y);
    const auto operand = [&](const Operand& o) { return o.tensor->shape == y->shape ? by_row(o) : o; };
    const Work work = op == BinaryOp::power ? work_of(y->size(), 2048, 40) : elementwise_work(y->size());
    tape.emit(NETLET_NUMBER_OR_BYTE_KERNEL(binary, y->dtype), args,
              {operand(in(args.a, a)), operand(in(args.b, b)), by_row(out(args.y, y))}, with_rows(work, y->shape));
}

template <class T>
void emit_binary_bwd(Tape& tape, BinaryGrad op, const Tensor& p, const Tensor& q, const Tensor& dy, const Grad& dx) {
    BinaryBackwardArgs<T> args{};
    args.nest = broadcast_nest<2>(dy->shape, {&p->shape, &q->shape});
    args.op = op;
    const bool slow = op == BinaryGrad::base || op == BinaryGrad::exponent;
    tape.emit(NETLET_KERNEL_FOR(binary_bwd, dy->dtype), args,
              {in(args.p, p), in(args.q, q), in(args.dy, dy), into(args.dx, args.accumulate, dx)},
              slow ? work_of(dy->size(), 2048, 50) : elementwise_work(dy->size(), 2));
}

// Writes dy * d/dp to p's gradient, summed over the axes along which p was broadcast.
void backward_through(Tape& tape, BinaryGrad op, const Tensor& p, const Tensor& q, const Tensor& dy) {
    Grad dp = tape.grad(p);
    if (!dp) return;
    // The gradient of a factor or dividend does not read its own value: q takes its place, so that p's memory is free.
    const Tensor& own = op == BinaryGrad::factor || op == BinaryGrad::dividend ? q : p;
    const bool direct = p->size() == dy->size();
    const Grad whole = direct ? dp : Grad{tape.empty(dy->shape, dy->dtype), false};
    with_float(dy->dtype, [&]<class T>(T) { emit_binary_bwd<T>(tape, op, own, q, dy, whole); });
    if (!direct) emit_sum_to(tape, whole.tensor, dp);
}

// The same for an operand of a sum (sign 1) and the second one of a difference (-1).
void pass_through(Tape& tape, double sign, const Tensor& p, const Tensor& dy) {
    Grad dp = tape.grad(p);
    if (!dp) return;
    if (p->size() == dy->size() && sign < 0)
        emit_broadcast(tape, tape.view(dy, p->shape), sign, dp);
    else
        emit_sum_to(tape, dy, dp, sign);
}

// One operand of a sum may share dy's memory as its gradient, so that a residual connection costs no copy.
void sum_backward(Tape& tape, double sign_of_b, const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    auto takes = [&](const Tensor& p) {
        return p->requires_grad && a != b && p->shape == dy->shape && tape.alias_grad(p, y, dy);
    };
    if (takes(a)) return pass_through(tape, sign_of_b, b, dy);
    const bool aliased = sign_of_b > 0 && takes(b);
    pass_through(tape, 1, a, dy);
    if (!aliased) pass_through(tape, sign_of_b, b, dy);
}

void binary_backward(Tape& tape, BinaryOp op, const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    switch (op) {
        case BinaryOp::add: return sum_backward(tape, 1, a, b, y, dy);
        case BinaryOp::subtract: return sum_backward(tape, -1, a, b, y, dy);
        case BinaryOp::multiply:
            backward_through(tape, BinaryGrad::factor, a, b, dy);
            return backward_through(tape, BinaryGrad::factor, b, a, dy);
        case BinaryOp::divide:
            backward_through(tape, BinaryGrad::dividend, a, b, dy);
            return backward_through(tape, BinaryGrad::divisor, b, a, dy);
        case BinaryOp::power:
            backward_through(tape, BinaryGrad::base, a, b, dy);
            return backward_through(tape, BinaryGrad::exponent, b, a, dy);
        case BinaryOp::maximum:
            backward_through(tape, BinaryGrad::maximum, a, b, dy);
            return backward_through(tape, BinaryGrad::maximum, b, a, dy);
        case BinaryOp::minimum:
            backward_through(tape, BinaryGrad::minimum, a, b, dy);
            return backward_through(tape, BinaryGrad::minimum, b, a, dy);
        default: return;  // special_binary.cpp
    }
}

// b a^(b - 1); 0 where b is 0, for every a.
Tensor power_by_base(Tape& tape, const Tensor& a, const Tensor& b) {
    const Tensor zero = constant(0, b->dtype), one = constant(1, b->dtype);
    const Tensor none = equal(tape, b, zero);
    const Tensor exponent = where(tape, none, one, b);
    const Tensor slope = multiply(tape, exponent, binary(tape, BinaryOp::power, a, subtract(tape, exponent, one)));
    return where(tape, none, zero, slope);
}

// a^b log a, which is 0 where a is 0.
Tensor power_by_exponent(Tape& tape, const Tensor& a, const Tensor& y) {
    const Tensor zero = constant(0, a->dtype), one = constant(1, a->dtype);
    const Tensor none = equal(tape, a, zero);
    return where(tape, none, zero, multiply(tape, y, unary(tape, UnaryOp::log, where(tape, none, one, a))));
}

// 1 where p is the larger (smaller) one, 1/2 where both are equal, else 0.
Tensor share(Tape& tape, CompareOp beats, const Tensor& p, const Tensor& q) {
    return add(tape, indicator(tape, beats, p, q), affine(tape, indicator(tape, CompareOp::equal, p, q), 0.5));
}

Tensors binary_higher(Tape& tape, BinaryOp op, const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    const bool to_a = tape.wants(a), to_b = tape.wants(b);
    Tensor da, db;
    switch (op) {
        case BinaryOp::add:
            da = dy;
            db = dy;
            break;
        case BinaryOp::subtract:
            da = dy;
            if (to_b) db = negative(tape, dy);
            break;
        case BinaryOp::multiply:
            if (to_a) da = multiply(tape, dy, b);
            if (to_b) db = multiply(tape, dy, a);
            break;
        case BinaryOp::divide:
            da = divide(tape, dy, b);
            if (to_b) db = negative(tape, multiply(tape, da, y));
            break;
        case BinaryOp::power:
            if (to_a) da = multiply(tape, dy, power_by_base(tape, a, b));
            if (to_b) db = multiply(tape, dy, power_by_exponent(tape, a, y));
            break;
        case BinaryOp::maximum:
        case BinaryOp::minimum: {
            const CompareOp beats = op == BinaryOp::maximum ? CompareOp::greater : CompareOp::less;
            if (to_a) da = multiply(tape, dy, share(tape, beats, a, b));
            if (to_b) db = multiply(tape, dy, share(tape, beats, b, a));
            break;
        }
        default: break;  // special_binary.cpp
    }
    return {to_a ? sum_to(tape, da, a->shape) : nullptr, to_b ? sum_to(tape, db, b->shape) : nullptr};
}

}  // namespace

DType common_dtype(DType a, DType b) {
    // Operands of one 8-bit type keep it; int8 with uint8 becomes int32.
    if (size_of(a) == 1 && size_of(b) == 1 && (a == b || a == DType::boolean || b == DType::boolean))
        return a == DType::boolean ? b : a;
    // Halves count as float32, in which they are computed.
    auto level = [](DType t) { return t == DType::f64 ? 4 : has_gradient(t) ? 3 : t == DType::i64 ? 2 : 1; };
    constexpr DType of_level[] = {DType::boolean, DType::i32, DType::i64, DType::f32, DType::f64};
    return of_level[std::max(level(a), level(b))];
}

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b) {
    const int rank = std::max(a.rank(), b.rank());
    Shape y;
    for (int i = 0; i < rank; ++i) {
        const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
        const int64_t na = ia < 0 ? 1 : a[ia], nb = ib < 0 ? 1 : b[ib];
        if (na != nb && na != 1 && nb != 1)
            throw ValueError(std::string(op) + ": shapes " + a.str() + " and " + b.str() +
                             " do not broadcast against each other");
        y.push_back(na == 1 ? nb : na);
    }
    return y;
}

// Bools as in NumPy and Keras: add and maximum are "or", multiply and minimum are "and".
Tensor binary_of_bools(Tape& tape, BinaryOp op, const Tensor& a, const Tensor& b) {
    switch (op) {
        case BinaryOp::add:
        case BinaryOp::maximum: return logical(tape, LogicalOp::logical_or, a, b);
        case BinaryOp::multiply:
        case BinaryOp::minimum: return logical(tape, LogicalOp::logical_and, a, b);
        case BinaryOp::subtract:
            throw TypeError("subtract: expected numbers, received two bools; see ops.logical_xor, or cast them");
        default: return binary(tape, op, cast(tape, a, DType::f32), cast(tape, b, DType::f32));
    }
}

const char* name_of(BinaryOp op) {
    constexpr const char* names[] = {
        "add",   "subtract",    "multiply",   "divide",      "power",      "maximum",     "minimum",      "arctan2",
        "hypot", "logaddexp",   "logaddexp2", "nextafter",   "heaviside",  "ldexp",       "floor_divide", "mod",
        "fmod",  "bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "gcd",          "lcm"};
    return names[(int)op];
}

Tensor binary(Tape& tape, BinaryOp op, const Tensor& given_a, const Tensor& given_b) {
    if (is_special(op)) return special_binary(tape, op, given_a, given_b);
    DType dtype = common_dtype(given_a->dtype, given_b->dtype);
    if (dtype == DType::boolean) return binary_of_bools(tape, op, given_a, given_b);
    if (!is_floating(dtype) && (op == BinaryOp::divide || op == BinaryOp::power)) dtype = DType::f32;
    const Tensor a = cast(tape, given_a, dtype), b = cast(tape, given_b, dtype);
    Tensor y = tape.empty(broadcast_shapes(name_of(op), a->shape, b->shape), dtype);
    with_number_or_byte(dtype, [&]<class T>(T) { emit_binary<T>(tape, op, a, b, y); });
    if (is_floating(dtype) && tape.needs_grad({a, b}))
        tape.on_backward(
            {a, b}, {y},
            [op, a, b, weak = std::weak_ptr<TensorImpl>(y)](Tape& tape, const Grads& dy) {
                binary_backward(tape, op, a, b, weak.lock(), dy[0]);
            },
            [op](Tape& tape, const Tensors& x, const Tensors& y, const Grads& dy) {
                return binary_higher(tape, op, x[0], x[1], y[0], dy[0]);
            });
    return y;
}

Tensor constant(double value, DType dtype) {
    Tensor t = make_tensor({}, dtype);
    with_number_or_byte(dtype, [&]<class T>(T) { *t->data<T>() = (T)value; });
    return t;
}

// The usual exponents without logarithms: faster, and exact where multiplication is.
Tensor power(Tape& tape, const Tensor& given, double exponent) {
    const Tensor x = as_floating(tape, given);
    if (exponent == 1) return identity(tape, x);
    if (exponent == 2) return unary(tape, UnaryOp::square, x);
    if (exponent == 3) return multiply(tape, unary(tape, UnaryOp::square, x), x);
    if (exponent == -1) return unary(tape, UnaryOp::reciprocal, x);
    return binary(tape, BinaryOp::power, x, constant(exponent, x->dtype));
}

}  // namespace netlet::ops
