#include "ops/attention/attention.h"

#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/attention/attention_args.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/gemm/gemm.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/reduce.h"
#include "ops/shape/shape.h"
#include "ops/softmax/softmax.h"
#include "plan/shard.h"

namespace netlet::ops {

namespace {

constexpr const char* name = "dot_product_attention";

AttentionSizes sizes_of(const Tensor& q, const Tensor& k, const Tensor& v) {
    check_floating(name, q);
    check_same_dtype(name, q, k);
    check_same_dtype(name, q, v);
    const Shape &a = q->shape, &b = k->shape, &c = v->shape;
    auto refuse = [&](const char* expected) {
        throw ValueError(std::string(name) + ": expected " + expected + ", received query " + a.str() + ", key " +
                         b.str() + ", value " + c.str());
    };
    if (a.rank() != 4 || b.rank() != 4 || c.rank() != 4)
        refuse("query, key and value with the axes (batch, time, heads, size)");
    if (a[0] != b[0] || b[0] != c[0]) refuse("the same batch in all three");
    if (b[1] != c[1] || b[2] != c[2]) refuse("as many times and heads in value as in key");
    if (a[3] != b[3]) refuse("heads of query and key of the same size");
    if (b[2] == 0 ? a[2] != 0 : a[2] % b[2] != 0) refuse("a number of query heads that is a multiple of key's");
    return {a[0], a[1], b[1], a[2], b[2], a[3], c[3]};
}

// Strides of an operand that broadcasts to (B, N, T, S).
void broadcast_strides(const char* what, const Tensor& x, const AttentionSizes& n, int64_t (&stride)[4]) {
    const int64_t full[4] = {n.B, n.N, n.T, n.S};
    const int rank = x->shape.rank();
    int64_t step = 1;
    bool fits = rank <= 4;
    for (int i = 3; i >= 0 && fits; --i) {
        const int axis = i - (4 - rank);
        const int64_t extent = axis >= 0 ? x->shape[axis] : 1;
        fits = extent == 1 || extent == full[i];
        stride[i] = extent == 1 ? 0 : step;
        step *= extent;
    }
    if (!fits)
        throw ValueError(std::string(name) + ": expected a " + what + " that broadcasts to (batch, heads, T, S) = " +
                         Shape{n.B, n.N, n.T, n.S}.str() + ", received shape " + x->shape.str());
}

// Which random numbers dropout draws.
struct Draws {
    uint32_t stream = 0;
    int64_t first = 0;
};

template <class T>
AttentionArgs<T> arguments(const AttentionSizes& n, const Attention& how, const Draws& draws) {
    AttentionArgs<T> args{};
    args.n = n;
    if (how.bias) broadcast_strides("bias", how.bias, n, args.bias_stride);
    if (how.mask) broadcast_strides("mask", how.mask, n, args.mask_stride);
    args.scale = (T)how.scale;
    args.causal = how.causal;
    args.average_dead = how.average_dead;
    args.rate = how.rate;
    args.seed = how.seed;
    args.stream = draws.stream;
    args.first = draws.first;
    return args;
}

// Floating-point operations of one product over all scores; half of them if causal.
double product_flops(const AttentionSizes& n, int64_t width, bool causal) {
    return (causal ? 1.0 : 2.0) * (double)(n.B * n.N * n.T) * (double)(n.S * width);
}

// Units of a chunk that takes about five microseconds.
int64_t grain(double flops, int64_t units) {
    return std::max<int64_t>(1, (int64_t)(5e5 * (double)units / std::max(flops, 1.0)));
}

// Keys of one unit of work of backward. If there are too few heads for the threads, each is cut into chunks of keys.
int64_t chunk_of(const AttentionSizes& n, int64_t key_block) {
    constexpr int64_t enough_units = 16, most_chunks = 8;
    const int64_t wanted = std::min({most_chunks, ceil_div(enough_units, n.B * n.K), ceil_div(n.S, 4 * key_block)});
    return ceil_div(ceil_div(n.S, std::max<int64_t>(wanted, 1)), key_block) * key_block;
}

template <class T>
void backward(Tape& tape, const Tensor& q, const Tensor& k, const Tensor& v, const Attention& how, const Draws& draws,
              const AttentionSizes& n, const Tensor& out, const Tensor& lse, const Tensor& dout) {
    const Grad dq = tape.grad(q), dk = tape.grad(k), dv = tape.grad(v), dbias = how.bias ? tape.grad(how.bias) : Grad{};
    if (n.B * n.T * n.N == 0 || n.S == 0) {
        for (const Grad& g : {dq, dk, dv, dbias})
            if (g) zero(tape, g);
        return;
    }
    AttentionGradArgs<T> args{};
    args.forward = arguments<T>(n, how, draws);
    args.chunk = tape.on_gpu() ? n.S : chunk_of(n, attention_key_bytes / (int64_t)sizeof(T));
    const int64_t chunks = ceil_div(n.S, args.chunk), units = n.B * n.K * chunks;
    const Grad slices = slices_for(tape, dq, chunks, {chunks, n.B * n.T, n.N * n.H});
    const Tensor dscores = dbias ? tape.empty({n.B, n.N, n.T, n.S}, q->dtype) : nullptr;
    const double flops = 3 * product_flops(n, n.H, how.causal) + 2 * product_flops(n, n.D, how.causal);
    AttentionArgs<T>& f = args.forward;
    tape.emit(
        NETLET_KERNEL_FOR(attention_bwd, q->dtype), args,
        {in(f.q, q), in(f.k, k), in(f.v, v), in_if(f.bias, how.bias), in_if(f.mask, how.mask),
         in_if(f.step, how.rate > 0 ? tape.step() : nullptr), in(args.out, out), in(args.lse, lse), in(args.dout, dout),
         into_if(args.dq, args.accumulate_q, slices), into_if(args.dk, args.accumulate_k, dk),
         into_if(args.dv, args.accumulate_v, dv), out_if(args.dscores, dscores)},
        {units, grain(flops, units), flops});
    if (dq && chunks > 1) emit_slice_sum(tape, slices.tensor, dq);
    if (dbias) emit_sum_to(tape, dscores, dbias);
}

// The mask and the causal mask combined; null: all keys are allowed.
Tensor permitted(Tape& tape, const AttentionSizes& n, const Attention& how) {
    if (!how.causal) return how.mask;
    const Tensor seen = make_tensor({n.T, n.S}, DType::boolean);
    for (int64_t t = 0; t < n.T; ++t)
        for (int64_t s = 0; s < n.S; ++s) seen->data<bool>()[t * n.S + s] = s <= t;
    const Tensor there = tape.constant(seen);
    return how.mask ? logical(tape, LogicalOp::logical_and, there, how.mask) : there;
}

// Attention by its definition, with a full matrix of scores.
Tensor attention_definition(Tape& tape, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& bias,
                            const AttentionSizes& n, const Attention& how) {
    auto heads_first = [&](const Tensor& x) {
        const Tensor all = x->shape[2] == n.N ? x : repeat(tape, x, n.N / n.K, 2);
        return transpose(tape, all, {0, 2, 1, 3});
    };
    Tensor scores = affine(tape, matmul(tape, heads_first(q), heads_first(k), false, true), how.scale);
    if (bias) scores = add(tape, scores, bias);
    const Tensor seen = permitted(tape, n, how);
    if (seen) scores = where(tape, seen, scores, constant(-1e30, q->dtype));  // a fully masked row averages v
    Tensor weights = softmax(tape, scores, -1);
    if (seen && !how.average_dead) weights = where(tape, seen, weights, constant(0, q->dtype));
    return transpose(tape, matmul(tape, weights, heads_first(v)), {0, 2, 1, 3});
}

}  // namespace

Tensor attention(Tape& tape, const Tensor& q, const Tensor& k, const Tensor& v, const Attention& how) {
    const AttentionSizes n = sizes_of(q, k, v);
    if (how.bias) check_same_dtype(name, q, how.bias);
    if (how.mask && how.mask->dtype != DType::boolean)
        throw TypeError(std::string(name) + ": expected a bool mask, received " + name_of(how.mask->dtype));
    if (!(how.rate >= 0 && how.rate < 1))
        throw ValueError(std::string(name) + ": expected 0 <= rate < 1, received rate=" + std::to_string(how.rate));
    const bool differentiates = tape.needs_grad({q, k, v, how.bias});
    const Tensor out = tape.empty({n.B, n.T, n.N, n.D}, q->dtype);
    const Tensor lse = differentiates ? tape.empty({n.B, n.N, n.T}, q->dtype) : nullptr;
    const Draws draws = how.rate > 0 ? Draws{tape.next_stream(), rows_before(q->shape)} : Draws{};
    with_float(q->dtype, [&]<class T>(T) {
        AttentionArgs<T> args = arguments<T>(n, how, draws);
        const int64_t units = n.B * n.N * ceil_div(n.T, attention_queries);
        const double flops = product_flops(n, n.H, how.causal) + product_flops(n, n.D, how.causal);
        if (units == 0) return;
        tape.emit(
            NETLET_KERNEL_FOR(attention_fwd, q->dtype), args,
            {in(args.q, q), in(args.k, k), in(args.v, v), in_if(args.bias, how.bias), in_if(args.mask, how.mask),
             in_if(args.step, how.rate > 0 ? tape.step() : nullptr), netlet::out(args.out, out), out_if(args.lse, lse)},
            {units, grain(flops, units), flops});
    });
    if (differentiates)
        tape.on_backward(
            {q, k, v, how.bias}, {out},
            [=](Tape& tape, const Grads& dout) {
                with_float(q->dtype, [&]<class T>(T) { backward<T>(tape, q, k, v, how, draws, n, out, lse, dout[0]); });
            },
            how.rate > 0 ? nullptr : by_definition([n, how](Tape& tape, const Tensors& x) {
                return Tensors{attention_definition(tape, x[0], x[1], x[2], x[3], n, how)};
            }));
    return out;
}

}  // namespace netlet::ops
