#include "ops/elementwise/elementwise.h"

#include <algorithm>
#include <cmath>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/reduce/reduce.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

const char* name_of(BinaryOp op) {
    constexpr const char* names[] = {"add", "subtract", "multiply", "divide", "power", "maximum", "minimum"};
    return names[(int)op];
}
const char* name_of(CompareOp op) {
    constexpr const char* names[] = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"};
    return names[(int)op];
}
const char* name_of(LogicalOp op) {
    constexpr const char* names[] = {"logical_and", "logical_or", "logical_xor"};
    return names[(int)op];
}

Tensor as_floating(Tape& tape, const Tensor& x) { return is_floating(x->dtype) ? x : cast(tape, x, DType::f32); }
Tensor as_number(Tape& tape, const Tensor& x) { return is_number(x->dtype) ? x : cast(tape, x, DType::i32); }

// The loop nest of operands that broadcast to y.
template <int N>
Strided<N> broadcast_nest(const Shape& y, const Shape* const (&operands)[N]) {
    Strided<N> nest{};
    int64_t next[N], stride[N][Shape::max_rank];
    for (int k = 0; k < N; ++k) {
        next[k] = 1;
        for (int i = y.rank(), j = operands[k]->rank(); i-- > 0;) {
            const int64_t n = --j >= 0 ? (*operands[k])[j] : 1;
            stride[k][i] = n == 1 ? 0 : next[k];
            next[k] *= n;
        }
    }
    for (int i = 0; i < y.rank(); ++i) {
        int64_t at[N];
        for (int k = 0; k < N; ++k) at[k] = stride[k][i];
        push_axis(nest, y[i], at);
    }
    finish_axes(nest);
    return nest;
}

Work work_of(int64_t elements, int64_t grain, double flops_each) { return {elements, grain, flops_each * (double)elements}; }

// ---- binary ----------------------------------------------------------------------------------------------------------
template <class T>
void emit_binary(Tape& tape, BinaryOp op, const Tensor& a, const Tensor& b, const Tensor& y) {
    BinaryArgs<T> args{};
    args.nest = broadcast_nest<2>(y->shape, {&a->shape, &b->shape});
    args.op = op;
    tape.emit(NETLET_NUMBER_KERNEL(binary, y->dtype), args, {in(args.a, a), in(args.b, b), out(args.y, y)},
              op == BinaryOp::power ? work_of(y->size(), 2048, 40) : elementwise_work(y->size()));
}

template <class T>
void emit_binary_bwd(Tape& tape, BinaryGrad op, const Tensor& p, const Tensor& q, const Tensor& dy, const Grad& dx) {
    BinaryBackwardArgs<T> args{};
    args.nest = broadcast_nest<2>(dy->shape, {&p->shape, &q->shape});
    args.op = op;
    args.accumulate = dx.accumulate;
    const bool slow = op == BinaryGrad::base || op == BinaryGrad::exponent;
    tape.emit(NETLET_KERNEL_FOR(binary_bwd, dy->dtype), args,
              {in(args.p, p), in(args.q, q), in(args.dy, dy), dx.accumulate ? inout(args.dx, dx.tensor) : out(args.dx, dx.tensor)},
              slow ? work_of(dy->size(), 2048, 50) : elementwise_work(dy->size(), 2));
}

// Writes dy * d/dp to p's gradient, summed over the axes along which p was broadcast.
void backward_through(Tape& tape, BinaryGrad op, const Tensor& p, const Tensor& q, const Tensor& dy) {
    Grad dp = tape.grad(p);
    if (!dp) return;
    // A factor's own value does not matter; naming the other one twice lets its memory go.
    const Tensor& own = op == BinaryGrad::factor || op == BinaryGrad::dividend ? q : p;
    const bool direct = p->size() == dy->size();
    const Grad whole = direct ? dp : Grad{tape.empty(dy->shape, dy->dtype), false};
    if (dy->dtype == DType::f64) emit_binary_bwd<double>(tape, op, own, q, dy, whole);
    else emit_binary_bwd<float>(tape, op, own, q, dy, whole);
    if (!direct) emit_sum_to(tape, whole.tensor, dp);
}

// The same for operands that enter as they are (sign 1) or negated (-1).
void pass_through(Tape& tape, double sign, const Tensor& p, const Tensor& dy) {
    Grad dp = tape.grad(p);
    if (!dp) return;
    if (p->size() == dy->size() && sign < 0) emit_broadcast(tape, tape.view(dy, p->shape), sign, dp);
    else emit_sum_to(tape, dy, dp, sign);
}

// One operand of a sum may take dy itself as its gradient, so that a residual connection costs no copy.
void sum_backward(Tape& tape, double sign_of_b, const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    auto takes = [&](const Tensor& p) { return p->requires_grad && a != b && p->shape == dy->shape && tape.alias_grad(p, y, dy); };
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
    }
}

}  // namespace

DType common_dtype(DType a, DType b) {
    auto level = [](DType t) { return t == DType::f64 ? 4 : t == DType::f32 ? 3 : t == DType::i64 ? 2 : 1; };
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
            throw ValueError(std::string(op) + ": shapes " + a.str() + " and " + b.str() + " do not broadcast against each other");
        y.push_back(na == 1 ? nb : na);
    }
    return y;
}

Tensor binary(Tape& tape, BinaryOp op, const Tensor& given_a, const Tensor& given_b) {
    DType dtype = common_dtype(given_a->dtype, given_b->dtype);
    if (!is_floating(dtype) && (op == BinaryOp::divide || op == BinaryOp::power)) dtype = DType::f32;
    const Tensor a = cast(tape, given_a, dtype), b = cast(tape, given_b, dtype);
    Tensor y = tape.empty(broadcast_shapes(name_of(op), a->shape, b->shape), dtype);
    with_number(dtype, [&](auto zero) { emit_binary<decltype(zero)>(tape, op, a, b, y); });
    if (is_floating(dtype) && tape.needs_grad({a, b}))
        tape.on_backward({a, b}, {y}, [op, a, b, weak = std::weak_ptr<TensorImpl>(y)](Tape& tape, const Grads& dy) {
            binary_backward(tape, op, a, b, weak.lock(), dy[0]);
        });
    return y;
}

Tensor constant(double value, DType dtype) {
    Tensor t = make_tensor({}, dtype);
    with_number(dtype, [&](auto zero) { *t->data<decltype(zero)>() = (decltype(zero))value; });
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

// ---- truth values ----------------------------------------------------------------------------------------------------
Tensor compare(Tape& tape, CompareOp op, const Tensor& given_a, const Tensor& given_b) {
    const DType dtype = common_dtype(given_a->dtype, given_b->dtype);
    const Tensor a = cast(tape, given_a, dtype), b = cast(tape, given_b, dtype);
    Tensor y = tape.empty(broadcast_shapes(name_of(op), a->shape, b->shape), DType::boolean);
    with_number(dtype, [&](auto zero) {
        CompareArgs<decltype(zero)> args{};
        args.nest = broadcast_nest<2>(y->shape, {&a->shape, &b->shape});
        args.op = op;
        tape.emit(NETLET_NUMBER_KERNEL(compare, dtype), args, {in(args.a, a), in(args.b, b), out(args.y, y)}, elementwise_work(y->size()));
    });
    return y;
}

Tensor logical(Tape& tape, LogicalOp op, const Tensor& given_a, const Tensor& given_b) {
    const Tensor a = cast(tape, given_a, DType::boolean), b = cast(tape, given_b, DType::boolean);
    Tensor y = tape.empty(broadcast_shapes(name_of(op), a->shape, b->shape), DType::boolean);
    LogicalArgs args{};
    args.nest = broadcast_nest<2>(y->shape, {&a->shape, &b->shape});
    args.op = op;
    tape.emit(kernel(KernelId::logical), args, {in(args.a, a), in(args.b, b), out(args.y, y)}, elementwise_work(y->size()));
    return y;
}

Tensor logical_not(Tape& tape, const Tensor& x) {
    Tensor zero = make_tensor({}, DType::i32);
    *zero->data<int32_t>() = 0;
    return compare(tape, CompareOp::equal, x, zero);
}

Tensor classify(Tape& tape, ClassifyOp op, const Tensor& given) {
    const Tensor x = as_floating(tape, given);
    Tensor y = tape.empty(x->shape, DType::boolean);
    with_number(x->dtype, [&](auto zero) {
        ClassifyArgs<decltype(zero)> args{};
        args.op = op;
        tape.emit(NETLET_KERNEL_FOR(classify, x->dtype), args, {in(args.x, x), out(args.y, y)}, elementwise_work(y->size()));
    });
    return y;
}

Tensor where(Tape& tape, const Tensor& given_c, const Tensor& given_a, const Tensor& given_b) {
    const DType dtype = given_a->dtype == given_b->dtype ? given_a->dtype : common_dtype(given_a->dtype, given_b->dtype);
    const Tensor c = cast(tape, given_c, DType::boolean), a = cast(tape, given_a, dtype), b = cast(tape, given_b, dtype);
    const Shape shape = broadcast_shapes("where", broadcast_shapes("where", a->shape, b->shape), c->shape);
    Tensor y = tape.empty(shape, dtype);
    WhereArgs args{};
    args.nest = broadcast_nest<3>(shape, {&c->shape, &a->shape, &b->shape});
    args.bytes = (int32_t)size_of(dtype);
    tape.emit(kernel(KernelId::where), args,
              {in(args.c, c), {(void*)&args.a, a, true, false}, {(void*)&args.b, b, true, false}, {(void*)&args.y, y, false, true}},
              elementwise_work(y->size()));
    if (is_floating(dtype) && tape.needs_grad({a, b}))
        tape.on_backward({a, b}, {y}, [a, b, c](Tape& tape, const Grads& dy) {
            const Tensor zero = constant(0, dy[0]->dtype);
            if (Grad da = tape.grad(a)) emit_sum_to(tape, where(tape, c, dy[0], zero), da);
            if (Grad db = tape.grad(b)) emit_sum_to(tape, where(tape, c, zero, dy[0]), db);
        });
    return y;
}

// ---- unary -----------------------------------------------------------------------------------------------------------
namespace {

enum class Kept { none, x, y };

Kept kept_by(UnaryOp op) {
    constexpr Kept table[] = {
#define NETLET_UNARY(name, kept) Kept::kept,
        NETLET_UNARY_OPS(NETLET_UNARY)
#undef NETLET_UNARY
    };
    return table[(int)op];
}

Work unary_work(UnaryOp op, int64_t elements) {
    switch (op) {
        case UnaryOp::exp: case UnaryOp::log: case UnaryOp::log1p: case UnaryOp::expm1:
        case UnaryOp::sin: case UnaryOp::cos: case UnaryOp::tan: case UnaryOp::erf:
            return work_of(elements, 4096, 15);
        default: return elementwise_work(elements);
    }
}

template <class T>
Tensor emit_unary(Tape& tape, UnaryOp op, const Tensor& x, double lo, double hi) {
    Tensor y = tape.empty(x->shape, x->dtype);
    UnaryArgs<T> args{};
    args.op = op;
    args.lo = (T)lo;
    args.hi = (T)hi;
    tape.emit(NETLET_KERNEL_FOR(unary, x->dtype), args, {in(args.x, x), out(args.y, y)}, unary_work(op, x->size()));
    const Kept kept = kept_by(op);
    if (kept != Kept::none && tape.needs_grad({x}))
        tape.on_backward({x}, {y}, [op, x, lo, hi, keep = kept == Kept::y ? y : x](Tape& tape, const Grads& dy) {
            Grad dx = tape.grad(x);
            if (!dx) return;
            UnaryBackwardArgs<T> args{};
            args.op = op;
            args.lo = (T)lo;
            args.hi = (T)hi;
            args.accumulate = dx.accumulate;
            tape.emit(NETLET_KERNEL_FOR(unary_bwd, x->dtype), args,
                      {in(args.kept, keep), in(args.dy, dy[0]), dx.accumulate ? inout(args.dx, dx.tensor) : out(args.dx, dx.tensor)},
                      unary_work(op, x->size()));
        });
    return y;
}

Tensor emit_unary(Tape& tape, UnaryOp op, const Tensor& x, double lo = 0, double hi = 0) {
    return x->dtype == DType::f64 ? emit_unary<double>(tape, op, x, lo, hi) : emit_unary<float>(tape, op, x, lo, hi);
}

}  // namespace

Tensor unary(Tape& tape, UnaryOp op, const Tensor& x) {
    if (is_floating(x->dtype)) return emit_unary(tape, op, x);
    const Tensor n = as_number(tape, x);
    switch (op) {  // what maps integers to integers
        case UnaryOp::negative: return subtract(tape, constant(0, n->dtype), n);
        case UnaryOp::abs: return maximum(tape, n, subtract(tape, constant(0, n->dtype), n));
        case UnaryOp::square: return multiply(tape, n, n);
        case UnaryOp::sign: return minimum(tape, maximum(tape, n, constant(-1, n->dtype)), constant(1, n->dtype));
        case UnaryOp::floor: case UnaryOp::ceil: case UnaryOp::round: return n;
        default: return emit_unary(tape, op, cast(tape, n, DType::f32));
    }
}

Tensor clip(Tape& tape, const Tensor& x, double lo, double hi) {
    if (is_floating(x->dtype)) return emit_unary(tape, UnaryOp::clip, x, lo, hi);
    Tensor y = as_number(tape, x);
    if (lo > -INFINITY) y = maximum(tape, y, constant(std::ceil(lo), y->dtype));
    if (hi < INFINITY) y = minimum(tape, y, constant(std::floor(hi), y->dtype));
    return y;
}

}  // namespace netlet::ops
