#include <cmath>
#include <limits>

#include "ops/elementwise/broadcast.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/reduce.h"

namespace netlet::ops {

namespace {

enum class Saved { none, x, y };

Saved saved_by(UnaryOp op) {
    constexpr Saved table[] = {
#define NETLET_UNARY(name, saved) Saved::saved,
        NETLET_UNARY_OPS(NETLET_UNARY)
#undef NETLET_UNARY
    };
    return table[(int)op];
}

constexpr bool is_special(UnaryOp op) { return op >= UnaryOp::arcsin; }

Work unary_work(UnaryOp op, int64_t elements) {
    switch (op) {
        case UnaryOp::exp:
        case UnaryOp::log:
        case UnaryOp::log1p:
        case UnaryOp::expm1:
        case UnaryOp::sin:
        case UnaryOp::cos:
        case UnaryOp::tan:
        case UnaryOp::exp2:
        case UnaryOp::log2:
        case UnaryOp::log10:
        case UnaryOp::erf: return work_of(elements, 4096, 15);
        default: return is_special(op) ? work_of(elements, 1024, 60) : elementwise_work(elements);
    }
}

// I1'(x) = I0(x) - I1(x) / x, which is 1/2 at 0.
Tensor slope_of_i1(Tape& tape, const Tensor& x) {
    const Tensor none = equal(tape, x, constant(0, x->dtype));
    const Tensor quotient = divide(tape, unary(tape, UnaryOp::i1, x), where(tape, none, constant(1, x->dtype), x));
    return subtract(tape, unary(tape, UnaryOp::i0, x), where(tape, none, constant(0.5, x->dtype), quotient));
}

// f'(x), from x or from y = f(x).
Tensor slope(Tape& tape, UnaryOp op, const Tensor& x, const Tensor& y) {
    constexpr double ln2 = 0.69314718055994531, ln10 = 2.302585092994046, two_over_sqrt_pi = 1.1283791670955126,
                     half_sqrt_pi = 0.88622692545275801;
    auto f = [&](UnaryOp g, const Tensor& of) { return unary(tape, g, of); };
    // (a + b x) (c + d x): 1 - x^2 and x^2 - 1 without cancellation near 1.
    auto product = [&](double a, double b, double c, double d) {
        return multiply(tape, affine(tape, x, b, a), affine(tape, x, d, c));
    };
    switch (op) {
        case UnaryOp::negative: return constant(-1, x->dtype);
        case UnaryOp::abs: return f(UnaryOp::sign, x);
        case UnaryOp::exp: return y;
        case UnaryOp::log: return f(UnaryOp::reciprocal, x);
        case UnaryOp::log1p: return f(UnaryOp::reciprocal, affine(tape, x, 1, 1));
        case UnaryOp::expm1: return affine(tape, y, 1, 1);
        case UnaryOp::sqrt: return affine(tape, f(UnaryOp::reciprocal, y), 0.5);
        case UnaryOp::rsqrt: return affine(tape, power(tape, y, 3), -0.5);
        case UnaryOp::square: return affine(tape, x, 2);
        case UnaryOp::sin: return f(UnaryOp::cos, x);
        case UnaryOp::cos: return negative(tape, f(UnaryOp::sin, x));
        case UnaryOp::tan: return affine(tape, f(UnaryOp::square, y), 1, 1);
        case UnaryOp::exp2: return affine(tape, y, ln2);
        case UnaryOp::log2: return f(UnaryOp::reciprocal, affine(tape, x, ln2));
        case UnaryOp::log10: return f(UnaryOp::reciprocal, affine(tape, x, ln10));
        case UnaryOp::erf:
            return affine(tape, f(UnaryOp::exp, negative(tape, f(UnaryOp::square, x))), two_over_sqrt_pi);
        case UnaryOp::reciprocal: return negative(tape, f(UnaryOp::square, y));
        case UnaryOp::arcsin: return f(UnaryOp::rsqrt, product(1, -1, 1, 1));
        case UnaryOp::arccos: return negative(tape, f(UnaryOp::rsqrt, product(1, -1, 1, 1)));
        case UnaryOp::arctan: return f(UnaryOp::reciprocal, affine(tape, f(UnaryOp::square, x), 1, 1));
        case UnaryOp::sinh: return f(UnaryOp::cosh, x);
        case UnaryOp::cosh: return f(UnaryOp::sinh, x);
        case UnaryOp::arcsinh: return f(UnaryOp::rsqrt, affine(tape, f(UnaryOp::square, x), 1, 1));
        case UnaryOp::arccosh: return f(UnaryOp::rsqrt, product(-1, 1, 1, 1));
        case UnaryOp::arctanh: return f(UnaryOp::reciprocal, product(1, -1, 1, 1));
        case UnaryOp::cbrt: return f(UnaryOp::reciprocal, affine(tape, f(UnaryOp::square, y), 3));
        case UnaryOp::erfc: return negative(tape, slope(tape, UnaryOp::erf, x, y));
        case UnaryOp::erfinv: return affine(tape, f(UnaryOp::exp, f(UnaryOp::square, y)), half_sqrt_pi);
        case UnaryOp::i0: return f(UnaryOp::i1, x);
        case UnaryOp::i1: return slope_of_i1(tape, x);
        case UnaryOp::lgamma: return f(UnaryOp::digamma, x);
        case UnaryOp::digamma: return f(UnaryOp::trigamma, x);
        case UnaryOp::trigamma:
            throw ValueError("trigamma: expected at most the second derivative of lgamma, received the third");
        default: throw RuntimeError("unary: no slope");  // only ops that register no gradient
    }
}

// minimum(maximum(x, lo), hi): its definition, and so its gradient at the bounds.
Tensors clip_definition(Tape& tape, const Tensor& x, double lo, double hi) {
    return {minimum(tape, maximum(tape, x, constant(lo, x->dtype)), constant(hi, x->dtype))};
}

HigherOrder unary_higher(UnaryOp op, double lo, double hi) {
    if (op == UnaryOp::clip)
        return by_definition([lo, hi](Tape& tape, const Tensors& x) { return clip_definition(tape, x[0], lo, hi); });
    return [op](Tape& tape, const Tensors& x, const Tensors& y, const Grads& dy) {
        return Tensors{multiply(tape, dy[0], slope(tape, op, x[0], y[0]))};
    };
}

Tensor emit_unary(Tape& tape, UnaryOp op, const Tensor& x, double lo = 0, double hi = 0) {
    Tensor y = tape.empty(x->shape, x->dtype);
    with_float(x->dtype, [&]<class T>(T) {
        UnaryArgs<T> args{};
        args.op = op;
        args.lo = (T)lo;
        args.hi = (T)hi;
        tape.emit(is_special(op) ? NETLET_KERNEL_FOR(unary_special, x->dtype) : NETLET_KERNEL_FOR(unary, x->dtype),
                  args, {in(args.x, x), out(args.y, y)}, unary_work(op, x->size()));
    });
    const Saved saved = saved_by(op);
    if (is_special(op)) {
        if (tape.needs_grad({x}))
            tape.on_backward(
                {x}, {y},
                [op, x, saved_y = saved == Saved::y ? y : nullptr](Tape& tape, const Grads& dy) {
                    if (Grad dx = tape.grad(x))
                        emit_sum_to(tape, multiply(tape, dy[0], slope(tape, op, x, saved_y)), dx);
                },
                unary_higher(op, lo, hi));
        return y;
    }
    if (saved != Saved::none && tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [op, x, lo, hi, from = saved == Saved::y ? y : x](Tape& tape, const Grads& dy) {
                Grad dx = tape.grad(x);
                if (!dx) return;
                with_float(x->dtype, [&]<class T>(T) {
                    UnaryBackwardArgs<T> args{};
                    args.op = op;
                    args.lo = (T)lo;
                    args.hi = (T)hi;
                    tape.emit(NETLET_KERNEL_FOR(unary_bwd, x->dtype), args,
                              {in(args.saved, from), in(args.dy, dy[0]), into(args.dx, args.accumulate, dx)},
                              unary_work(op, x->size()));
                });
            },
            unary_higher(op, lo, hi));
    return y;
}

}  // namespace

Tensor unary(Tape& tape, UnaryOp op, const Tensor& x) {
    if (is_floating(x->dtype)) return emit_unary(tape, op, x);
    if (x->dtype == DType::boolean) {
        if (op == UnaryOp::abs) return identity(tape, x);
        if (op == UnaryOp::negative)
            throw TypeError("negative: expected numbers, received bools; see ops.logical_not, or cast them");
    }
    const Tensor n = x->dtype == DType::boolean ? cast(tape, x, DType::i32) : x;
    const bool is_unsigned = n->dtype == DType::u8;
    switch (op) {  // ops with integer results
        case UnaryOp::negative: return subtract(tape, constant(0, n->dtype), n);
        case UnaryOp::abs:
            return is_unsigned ? identity(tape, n) : maximum(tape, n, subtract(tape, constant(0, n->dtype), n));
        case UnaryOp::square: return multiply(tape, n, n);
        case UnaryOp::sign: {
            const Tensor rest = is_unsigned ? n : maximum(tape, n, constant(-1, n->dtype));
            return minimum(tape, rest, constant(1, n->dtype));
        }
        case UnaryOp::floor:
        case UnaryOp::ceil:
        case UnaryOp::round: return n;
        case UnaryOp::trunc: return identity(tape, x);
        default: return emit_unary(tape, op, cast(tape, n, DType::f32));
    }
}

Tensor clip(Tape& tape, const Tensor& x, double lo, double hi) {
    if (is_floating(x->dtype)) return emit_unary(tape, UnaryOp::clip, x, lo, hi);
    Tensor y = x->dtype == DType::boolean ? cast(tape, x, DType::i32) : x;
    // Bounds beyond the range of the dtype have no effect.
    double lowest = 0, highest = 0;
    with_number_or_byte(y->dtype, [&]<class T>(T) {
        using Limits = std::numeric_limits<T>;
        lowest = (double)Limits::lowest();
        highest = (double)Limits::max();
    });
    if (std::isnan(lo) || std::isnan(hi)) throw ValueError("clip: expected bounds that are numbers, received NaN");
    lo = std::ceil(lo);
    hi = std::floor(hi);
    if (lo > highest || hi < lowest)
        throw ValueError("clip: expected bounds with a number of " + std::string(name_of(y->dtype)) +
                         " between them, received " + std::to_string(lo) + " and " + std::to_string(hi));
    if (lo > lowest) y = maximum(tape, y, constant(lo, y->dtype));
    if (hi < highest) y = minimum(tape, y, constant(hi, y->dtype));
    return y;
}

}  // namespace netlet::ops
