// matmul with NumPy's rules. Backward: da = dc b^T and db = a^T dc, each in the layout of its operand, summed over the
// batch axes along which that operand was broadcast.
#include <algorithm>

#include "ops/copy/copy.h"
#include "ops/gemm/gemm.h"
#include "ops/higher_order/higher_order.h"

namespace netlet::ops {

namespace {

// c (batch..., M, N) = op(a) . op(b). Steps are elements from one matrix to the next along each batch axis, 0 where
// broadcast.
struct Plane {
    Tensor tensor;
    bool transposed;
    int64_t step[gemm_max_batch_rank] = {};
};
struct Problem {
    Plane a, b;
    int64_t M, N, K;
    int rank = 0;
    int64_t dims[gemm_max_batch_rank] = {};
    bool mixed = false;  // in bfloat16
};

[[noreturn]] void mismatch(const std::string& expected, const Tensor& a, const Tensor& b) {
    throw ValueError("matmul: expected " + expected + ", received shapes " + a->shape.str() + " and " + b->shape.str());
}

// The size of a batch axis of x, counted from the last; 1 if x does not have it.
int64_t batch_size(const Tensor& x, int from_last) {
    const int axis = x->shape.rank() - 3 - from_last;
    return axis >= 0 ? x->shape[axis] : 1;
}

Problem analyse(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b, Shape& shape) {
    if (a->shape.rank() == 0 || b->shape.rank() == 0) mismatch("operands with at least one axis", a, b);
    const int ra = a->shape.rank(), rb = b->shape.rank();
    Problem p{{a, transpose_a && ra > 1}, {b, transpose_b && rb > 1}, 1, 1, 0};
    auto size_of_axis = [](const Tensor& x, int from_last) { return x->shape[x->shape.rank() - 1 - from_last]; };
    p.K = size_of_axis(a, p.a.transposed);
    if (ra > 1) p.M = size_of_axis(a, !p.a.transposed);
    if (rb > 1) p.N = size_of_axis(b, p.b.transposed);
    const int64_t Kb = rb == 1 ? size_of_axis(b, 0) : size_of_axis(b, !p.b.transposed);
    if (p.K != Kb)
        mismatch("the summed axes to agree, " + std::to_string(p.K) + " of the first and " + std::to_string(Kb) +
                     " of the second operand",
                 a, b);

    p.rank = std::max({ra, rb, 2}) - 2;
    int64_t step_a = p.M * p.K, step_b = p.K * p.N;
    for (int i = p.rank - 1, last = 0; i >= 0; --i, ++last) {
        const int64_t na = batch_size(a, last), nb = batch_size(b, last);
        if (na != nb && na != 1 && nb != 1) mismatch("batch axes that agree or are 1", a, b);
        p.dims[i] = na == 1 ? nb : na;
        p.a.step[i] = na == 1 ? 0 : step_a;
        p.b.step[i] = nb == 1 ? 0 : step_b;
        step_a *= na;
        step_b *= nb;
    }
    for (int i = 0; i < p.rank; ++i) shape.push_back(p.dims[i]);
    if (ra > 1) shape.push_back(p.M);
    if (rb > 1) shape.push_back(p.N);

    // If all matrices of a share one b, the batch axes become rows: a layer on a sequence is one product, and so is its
    // gradient.
    bool one_b = !p.a.transposed;
    int64_t rows = p.M;
    for (int i = 0; i < p.rank; ++i) {
        one_b = one_b && p.b.step[i] == 0 && (p.a.step[i] != 0 || p.dims[i] == 1);
        rows *= p.dims[i];
    }
    if (one_b) {
        p.rank = 0;
        p.M = rows;
    }
    return p;
}

// Two bfloat16 operands with a float32 result have kernels of their own, which the GPU has too.
void emit_product(Tape& tape, const Gemm& g, bool mixed) {
    const bool both = g.a->dtype == DType::bf16 && g.b->dtype == DType::bf16 && g.c->dtype == DType::f32;
    if (mixed && !(both && !g.accumulate && g.summed == 1)) return emit_mixed_gemm(tape, g);
    emit_gemm(tape, g);
}

// c = or += op(x) . op(y), where c has the layout of `like` and is summed over the axes where like is
// broadcast.
void emit_summed(Tape& tape, const Problem& p, Gemm g, const Plane& x, const Plane& y, const Plane& like,
                 const Grad& c) {
    g.a = x.tensor;
    g.b = y.tensor;
    for (int pass = 0; pass < 2; ++pass)  // own axes first, then those along which `like` is broadcast
        for (int i = 0; i < p.rank; ++i) {
            const bool summed = like.step[i] == 0 && p.dims[i] != 1;
            if (summed != (pass == 1)) continue;
            g.batch_dims[g.batch_rank] = p.dims[i];
            g.a_step[g.batch_rank] = x.step[i];
            g.b_step[g.batch_rank++] = y.step[i];
            (summed ? g.summed : g.items) *= p.dims[i];
        }
    emit_product(tape, with_result(g, c), p.mixed);
}

// The type of the result, from the pairs that have kernels.
DType result_type(const Tensor& a, const Tensor& b) {
    if (b->dtype == DType::i8 && (a->dtype == DType::i8 || a->dtype == DType::u8)) return DType::i32;
    if (a->dtype == DType::bf16 && b->dtype == DType::bf16) return DType::f32;
    check_floating("matmul", a);
    check_same_dtype("matmul", a, b);
    return a->dtype;
}

// x as a matrix or a batch of them: a vector is a row on the left and a column on the right.
Tensor as_matrix(Tape& tape, const Tensor& x, bool left) {
    if (x->shape.rank() > 1) return x;
    return reshape(tape, x, left ? Shape{1, x->size()} : Shape{x->size(), 1});
}

Tensors matmul_higher(Tape& tape, const Tensor& given_a, const Tensor& given_b, const Tensor& given_dc, bool ta,
                      bool tb) {
    const Tensor a = as_matrix(tape, given_a, true), b = as_matrix(tape, given_b, false);
    Shape shape;  // of dc, with the axes of vectors
    const Shape& s = given_dc->shape;
    const int batch = s.rank() - (given_a->shape.rank() > 1) - (given_b->shape.rank() > 1);
    for (int i = 0; i < batch; ++i) shape.push_back(s[i]);
    shape.push_back(given_a->shape.rank() > 1 ? s[batch] : 1);
    shape.push_back(given_b->shape.rank() > 1 ? s.back() : 1);
    const Tensor dc = reshape(tape, given_dc, shape);
    auto fold = [&](const Tensor& d, const Tensor& like, const Tensor& given) {
        return reshape(tape, sum_to(tape, d, like->shape), given->shape);
    };
    Tensors grads(2);
    if (tape.wants(given_a))
        grads[0] = fold(ta ? matmul(tape, b, dc, tb, true) : matmul(tape, dc, b, false, !tb), a, given_a);
    if (tape.wants(given_b))
        grads[1] = fold(tb ? matmul(tape, dc, a, true, ta) : matmul(tape, a, dc, !ta, false), b, given_b);
    return grads;
}

HigherOrder higher_order_of(const Tensor& a, const Tensor& b, bool ta, bool tb) {
    if (is_half(a->dtype) || is_half(b->dtype))
        return by_definition([ta, tb](Tape& tape, const Tensors& x) {
            return Tensors{matmul(tape, as_gradient_type(tape, x[0]), as_gradient_type(tape, x[1]), ta, tb)};
        });
    return [ta, tb](Tape& tape, const Tensors& x, const Tensors&, const Grads& dc) {
        return matmul_higher(tape, x[0], x[1], dc[0], ta, tb);
    };
}

Tensor matmul_to(Tape& tape, const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b, DType dtype) {
    Shape shape;
    Problem p = analyse(a, b, transpose_a, transpose_b, shape);
    p.mixed = dtype == DType::bf16 || a->dtype == DType::bf16;
    Tensor c = tape.empty(shape, dtype);
    Plane whole{c, false};
    int64_t step = p.M * p.N;
    for (int i = p.rank - 1; i >= 0; step *= p.dims[i--]) whole.step[i] = step;
    emit_summed(tape, p, {.M = p.M, .N = p.N, .K = p.K, .a_transposed = p.a.transposed, .b_transposed = p.b.transposed},
                p.a, p.b, whole, {c});

    whole.tensor = nullptr;
    if (tape.needs_grad({a, b}))
        tape.on_backward(
            {a, b}, {c},
            [=](Tape& tape, const Grads& grads) {
                Plane dc = whole;
                dc.tensor = grads[0];
                const bool ta = p.a.transposed, tb = p.b.transposed;
                if (Grad da = tape.grad(a)) {
                    if (ta)
                        emit_summed(tape, p, {.M = p.K, .N = p.M, .K = p.N, .a_transposed = tb, .b_transposed = true},
                                    p.b, dc, p.a, da);
                    else
                        emit_summed(tape, p, {.M = p.M, .N = p.K, .K = p.N, .b_transposed = !tb}, dc, p.b, p.a, da);
                }
                if (Grad db = tape.grad(b)) {
                    if (tb)
                        emit_summed(tape, p, {.M = p.N, .N = p.K, .K = p.M, .a_transposed = true, .b_transposed = ta},
                                    dc, p.a, p.b, db);
                    else
                        emit_summed(tape, p, {.M = p.K, .N = p.N, .K = p.M, .a_transposed = !ta}, p.a, dc, p.b, db);
                }
            },
            higher_order_of(a, b, p.a.transposed, p.b.transposed));
    return c;
}

}  // namespace

Tensor matmul(Tape& tape, const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
    return matmul_to(tape, a, b, transpose_a, transpose_b, result_type(a, b));
}

Tensor mixed_matmul(Tape& tape, const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
    for (const Tensor& x : {a, b})
        if (x->dtype != DType::bf16 && x->dtype != DType::f32)
            throw TypeError(std::string("matmul: expected float32 or bfloat16 operands for a bfloat16 result, ") +
                            "received " + name_of(x->dtype));
    return matmul_to(tape, a, b, transpose_a, transpose_b, DType::bf16);
}

}  // namespace netlet::ops
