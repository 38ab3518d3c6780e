// The input's part of all time steps is one product; then one record runs through the steps. Backward runs through them
// in reverse and writes dz, the gradient of the activations' arguments; from it each weight's gradient is one product.
#include "ops/rnn/rnn.h"

#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/activation/activation.h"
#include "ops/copy/copy.h"
#include "ops/gemm/gemm.h"
#include "ops/rnn/rnn_checks.h"
#include "ops/rnn/rnn_context.h"
#include "ops/shape/loop_nest.h"

namespace netlet::ops {

namespace {

struct Kernels {
    KernelOf<RnnArgs<float>, RnnArgs<double>> forward;
    KernelOf<RnnBwdArgs<float>, RnnBwdArgs<double>> back;
};

Kernels kernels_of(RnnKind kind, DType dtype) {
    switch (kind) {
        case RnnKind::simple_rnn:
            return {NETLET_KERNEL_FOR(simple_rnn_fwd, dtype), NETLET_KERNEL_FOR(simple_rnn_bwd, dtype)};
        case RnnKind::lstm: return {NETLET_KERNEL_FOR(lstm_fwd, dtype), NETLET_KERNEL_FOR(lstm_bwd, dtype)};
        case RnnKind::gru: return {NETLET_KERNEL_FOR(gru_fwd, dtype), NETLET_KERNEL_FOR(gru_bwd, dtype)};
        default:
            return {NETLET_KERNEL_FOR(gru_reset_before_fwd, dtype), NETLET_KERNEL_FOR(gru_reset_before_bwd, dtype)};
    }
}

}  // namespace

// Rows of a unit of work: enough to use the recurrent weights often if they come from the L2 cache at each step; few
// enough that the scratch stays in the L1 cache and that there is work for several threads.
int64_t rnn_rows_of_unit(const RnnContext& w) {
    if (w.B <= 4) return std::max<int64_t>(w.B, 1);
    if (w.B <= 8) return 4;
    const int64_t weights = w.G * w.U * w.U * (int64_t)size_of(w.mixed ? DType::bf16 : w.dtype);
    return w.B > 16 && weights > 128 * 1024 ? 16 : 8;
}

namespace {

void multiply(Tape& tape, const RnnContext& w, const Gemm& product) {
    w.mixed ? emit_mixed_gemm(tape, product) : emit_gemm(tape, product);
}

Tensor scratch(Tape& tape, const RnnContext& w) {
    return rnn_scratch(tape, w, rnn_rows_of_unit(w), rnn_scratch_columns(w.U, w.G), w.dtype);
}

Tensor part(Tape& tape, const Tensor& x, int64_t first, const Shape& shape) {
    return tape.view(x, shape, first * (int64_t)size_of(x->dtype));
}

Grad part(Tape& tape, const Grad& g, int64_t first, const Shape& shape) {
    return g ? Grad{part(tape, g.tensor, first, shape), g.accumulate} : g;
}

// R, or its transpose, in panels. gru_reset_before multiplies n's columns separately: they are in `n`, the others in
// `all`.
struct Panels {
    Tensor all, n;
};

// On a GPU: unpacked. `n` begins at n's first column of R, or at its first row of the transpose.
Panels unpacked(Tape& tape, const RnnContext& w, bool transposed) {
    const int64_t U = w.U, GU = w.G * w.U;
    Tensor all = w.weights.recurrent_kernel;
    if (transposed) {
        LoopNest nest;
        push_axis(nest.axes, GU, {1, U});
        push_axis(nest.axes, U, {GU, 1});
        finish_axes(nest.axes);
        all = tape.empty({GU, U}, w.dtype);
        emit_move(tape, w.weights.recurrent_kernel, all, nest, true);
    }
    if (w.options.kind != RnnKind::gru_reset_before) return {all, nullptr};
    const int64_t first = 2 * U * (transposed ? U : 1);
    return {all, part(tape, all, first, {all->size() - first})};
}

Panels panels_of(Tape& tape, const RnnContext& w, bool transposed) {
    if (tape.on_gpu()) return unpacked(tape, w, transposed);
    const Tensor& r = w.weights.recurrent_kernel;
    const int64_t U = w.U, GU = w.G * w.U;
    auto pack = [&](int64_t first, int64_t columns) {
        return transposed ? pack_for_tiles(tape, r, first, U, columns, GU, true)
                          : pack_for_tiles(tape, r, first, columns, U, GU, false);
    };
    if (w.options.kind == RnnKind::gru_reset_before) return {pack(0, 2 * U), pack(2 * U, U)};
    return {pack(0, GU), nullptr};
}

// dR of gru_reset_before: n's columns multiply r h', those of the other gates h'.
void emit_split_gradient(Tape& tape, const RnnContext& w, const Tensor& dz, const Grad& dr) {
    const int64_t U = w.U, rows = w.B * w.T;
    if (rows == 0) return zero(tape, dr);  // dz has no column `first` to point to
    const Tensor whole = dr.accumulate ? tape.empty(dr.tensor->shape, dz->dtype) : dr.tensor;
    int64_t first = 0;
    for (const Tensor& fed : {w.fed, w.saved}) {
        const int64_t columns = first ? U : 2 * U;
        const Tensor block = tape.empty({U, columns}, dz->dtype);
        multiply(tape, w,
                 {.a = fed,
                  .b = dz,
                  .c = block,
                  .M = U,
                  .N = columns,
                  .K = rows,
                  .a_transposed = true,
                  .b_offset = first,
                  .ldb = 3 * U});
        LoopNest nest;
        push_axis(nest.axes, U, {columns, 3 * U});
        push_axis(nest.axes, columns, {1, 1});
        finish_axes(nest.axes);
        nest.y_first = first;
        emit_move(tape, block, whole, nest, false);
        first += columns;
    }
    if (dr.accumulate) accumulate(tape, whole, dr);
}

template <class T>
void emit_forward(Tape& tape, const RnnContext& w, const RnnResult& result, bool train) {
    RnnArgs<T> args{};
    args.n = rnn_shape<T>(w, rnn_rows_of_unit(w));
    args.train = train;
    const Panels panels = panels_of(tape, w, false);
    const Tensor recurrent_bias = rnn_recurrent_bias(tape, w, w.weights.bias);
    tape.emit(kernels_of(w.options.kind, w.dtype).forward, args,
              {inout(args.gates, w.gates), in(args.panels, panels.all), in_if(args.panels_n, panels.n),
               in_if(args.recurrent_bias, recurrent_bias), in_if(args.h0, w.first.h), in_if(args.c0, w.first.c),
               in_if(args.scale, w.scale), in_if(args.mask, w.mask), out_if(args.y, result.y),
               out(args.h, result.last.h), out_if(args.c, result.last.c), out_if(args.fed, w.fed),
               out_if(args.saved, w.saved), out(args.scratch, scratch(tape, w))},
              rnn_work(w, rnn_rows_of_unit(w)));
}

template <class T>
void emit_back(Tape& tape, const RnnContext& w, const Grads& dy, const Tensor& dz, const Tensor& dr) {
    RnnBwdArgs<T> args{};
    args.n = rnn_shape<T>(w, rnn_rows_of_unit(w));
    const Panels panels = panels_of(tape, w, true);
    const Grad dh0 = tape.grad(w.first.h), dc0 = tape.grad(w.first.c);
    tape.emit(kernels_of(w.options.kind, w.dtype).back, args,
              {in(args.gates, w.gates), in(args.fed, w.fed), in_if(args.saved, w.saved), in(args.panels, panels.all),
               in_if(args.panels_n, panels.n), in_if(args.c0, w.first.c), in_if(args.scale, w.scale),
               in_if(args.mask, w.mask), in_if(args.dy, dy[0]), in_if(args.dh, dy[1]), in_if(args.dc, dy[2]),
               out(args.dz, dz), out_if(args.dr, dr), into_if(args.dh0, args.add_dh0, dh0),
               into_if(args.dc0, args.add_dc0, dc0), out(args.scratch, scratch(tape, w))},
              rnn_work(w, rnn_rows_of_unit(w)));
}

void backward(Tape& tape, const RnnContext& w, const Grads& dy) {
    const int64_t rows = w.B * w.T, GU = w.G * w.U;
    const bool gru = w.options.kind == RnnKind::gru;
    // In place, unless backward may run again.
    const Tensor dz = tape.retains() ? tape.empty(w.gates->shape, w.dtype) : w.gates;
    const Tensor dr = !gru ? nullptr : tape.retains() ? tape.empty(w.saved->shape, w.saved->dtype) : w.saved;
    if (w.mixed)
        emit_mixed_rnn_back(tape, w, dy, dz, dr);
    else
        with_float(w.dtype, [&]<class T>(T) { emit_back<T>(tape, w, dy, dz, dr); });

    if (const Grad db = tape.grad(w.weights.bias)) {
        fused_gradient(tape, Activation::linear, 0, nullptr, dz, part(tape, db, 0, {GU}));
        if (gru) fused_gradient(tape, Activation::linear, 0, nullptr, dr, part(tape, db, GU, {GU}));
    }
    // x^T dz and h'^T dz share dz, which is packed once.
    Tensor panels;
    auto emit_weights = [&](const Tensor& fed, int64_t M, const Tensor& of, const Grad& d) {
        const Gemm product{.a = fed,
                           .b = of,
                           .M = M,
                           .N = GU,
                           .K = rows,
                           .a_transposed = true,
                           .panels = of == dz ? &panels : nullptr};
        multiply(tape, w, with_result(product, d));
    };
    if (const Grad d = tape.grad(w.weights.recurrent_kernel)) {
        if (w.options.kind == RnnKind::gru_reset_before)
            emit_split_gradient(tape, w, dz, d);
        else
            emit_weights(w.fed, w.U, gru ? dr : dz, d);
    }
    if (const Grad d = tape.grad(w.weights.kernel)) emit_weights(w.x, w.I, dz, d);
    if (const Grad d = tape.grad(w.x))
        multiply(tape, w,
                 with_result({.a = dz, .b = w.weights.kernel, .M = rows, .N = w.I, .K = GU, .b_transposed = true}, d));
}

}  // namespace

RnnKind rnn_kind_by_name(const std::string& name) {
    if (name == "simple_rnn") return RnnKind::simple_rnn;
    if (name == "lstm") return RnnKind::lstm;
    if (name == "gru") return RnnKind::gru;
    if (name == "gru_reset_before") return RnnKind::gru_reset_before;
    throw ValueError("rnn: expected one of simple_rnn, lstm, gru, gru_reset_before, received '" + name + "'");
}

RnnContext rnn_context(Tape& tape, const Rnn& options, DType dtype, const Tensor& x, const RnnWeights& weights,
                       const RnnState& first, const Tensor& mask, const Tensor& scale, bool train) {
    RnnContext w{.options = options,
                 .B = x->shape[0],
                 .T = x->shape[1],
                 .I = x->shape[2],
                 .U = weights.recurrent_kernel->shape[0],
                 .G = rnn_gates(options.kind),
                 .dtype = dtype,
                 .x = x,
                 .gates = nullptr,
                 .fed = nullptr,
                 .saved = nullptr,
                 .mask = mask,
                 .scale = scale,
                 .weights = weights,
                 .first = first};
    if (!train) return w;
    w.fed = tape.empty({w.B, w.T, w.U}, dtype);
    if (options.kind != RnnKind::simple_rnn)
        w.saved = tape.empty({w.B, w.T, options.kind == RnnKind::gru ? w.G * w.U : w.U}, dtype);
    return w;
}

RnnResult rnn_result(Tape& tape, const RnnContext& w) {
    RnnResult result;
    if (w.options.sequences) result.y = tape.empty({w.B, w.T, w.U}, w.dtype);
    result.last.h = tape.empty({w.B, w.U}, w.dtype);
    if (w.options.kind == RnnKind::lstm) result.last.c = tape.empty({w.B, w.U}, w.dtype);
    return result;
}

Work rnn_work(const RnnContext& w, int64_t rows, double term) {
    // A gate costs as much as some sixty multiplications and additions.
    const double flops = (double)(w.T * w.G * w.U) * (2.0 * term * (double)w.U + 60);
    const int64_t grain = std::max<int64_t>(1, (int64_t)(250e3 / (flops * (double)rows + 1)));
    return {ceil_div(w.B, rows), grain, flops * (double)w.B};
}

Tensor rnn_bias(Tape& tape, const RnnContext& w, const Tensor& bias) {
    return bias ? part(tape, bias, 0, {w.G * w.U}) : nullptr;
}

Tensor rnn_recurrent_bias(Tape& tape, const RnnContext& w, const Tensor& bias) {
    return bias && w.options.kind == RnnKind::gru ? part(tape, bias, w.G * w.U, {w.G * w.U}) : nullptr;
}

Tensor rnn_scratch(Tape& tape, const RnnContext& w, int64_t rows, int64_t columns, DType dtype) {
    return tape.empty({ceil_div(w.B, rows) * rows * columns}, dtype);
}

void on_backward_of_rnn(Tape& tape, const RnnContext& w, const RnnResult& result) {
    const Tensor none = tape.empty({0}, w.dtype);  // takes the place of an output that does not exist
    const std::vector<Tensor> outputs{result.y ? result.y : none, result.last.h, result.last.c ? result.last.c : none};
    tape.on_backward({w.x, w.weights.kernel, w.weights.recurrent_kernel, w.weights.bias, w.first.h, w.first.c}, outputs,
                     [=](Tape& tape, const Grads& dy) { backward(tape, w, dy); });
}

RnnResult rnn(Tape& tape, const Rnn& options, const Tensor& x, const RnnWeights& weights, const RnnState& first,
              const Tensor& mask, const Tensor& scale) {
    check_rnn(options, x, weights, first, mask, scale);
    const bool train = tape.needs_grad({x, weights.kernel, weights.recurrent_kernel, weights.bias, first.h, first.c});
    const RnnState state{first.h ? as_gradient_type(tape, first.h) : nullptr,
                         first.c ? as_gradient_type(tape, first.c) : nullptr};
    RnnContext w = rnn_context(tape, options, gradient_dtype(x->dtype), x, weights, state, mask,
                               scale ? as_gradient_type(tape, scale) : nullptr, train);
    w.mixed = x->dtype == DType::bf16;
    const int64_t GU = w.G * w.U;
    w.gates = tape.empty({w.B, w.T, GU}, w.dtype);
    RnnResult result = rnn_result(tape, w);
    multiply(tape, w,
             {.a = x,
              .b = weights.kernel,
              .bias = rnn_bias(tape, w, weights.bias),
              .c = w.gates,
              .M = w.B * w.T,
              .N = GU,
              .K = w.I});
    if (w.mixed)
        emit_mixed_rnn(tape, w, result, train);
    else
        with_float(w.dtype, [&]<class T>(T) { emit_forward<T>(tape, w, result, train); });
    if (train) on_backward_of_rnn(tape, w, result);
    for (Tensor* y : {&result.y, &result.last.h, &result.last.c})
        if (*y) *y = cast(tape, *y, x->dtype);
    return result;
}

}  // namespace netlet::ops
