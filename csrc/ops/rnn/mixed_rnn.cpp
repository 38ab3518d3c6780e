#include "dispatch/dispatch.h"
#include "ops/gemm/gemm.h"
#include "ops/rnn/mixed_rnn_args.h"
#include "ops/rnn/rnn_context.h"

namespace netlet::ops {

namespace {

struct Kernels {
    KernelOf<MixedRnnArgs> forward;
    KernelOf<MixedRnnBwdArgs> back;
};

Kernels kernels_of(RnnKind kind) {
    using K = KernelId;
    switch (kind) {
        case RnnKind::simple_rnn: return {kernel(K::mixed_simple_rnn_fwd), kernel(K::mixed_simple_rnn_bwd)};
        case RnnKind::lstm: return {kernel(K::mixed_lstm_fwd), kernel(K::mixed_lstm_bwd)};
        case RnnKind::gru: return {kernel(K::mixed_gru_fwd), kernel(K::mixed_gru_bwd)};
        default: return {kernel(K::mixed_gru_reset_before_fwd), kernel(K::mixed_gru_reset_before_bwd)};
    }
}

// R, or its transpose, in panels. gru_reset_before multiplies n's columns separately: they are in `n`, the others in
// `all`.
struct Panels {
    Tensor all, n;
};

Panels panels_of(Tape& tape, const RnnContext& w, bool transposed) {
    const Tensor& r = w.weights.recurrent_kernel;
    const int64_t U = w.U, GU = w.G * w.U;
    auto pack = [&](int64_t first, int64_t columns) {
        return transposed ? pack_for_mixed_tiles(tape, r, first, U, columns, GU, true)
                          : pack_for_mixed_tiles(tape, r, first, columns, U, GU, false);
    };
    if (w.options.kind == RnnKind::gru_reset_before) return {pack(0, 2 * U), pack(2 * U, U)};
    return {pack(0, GU), nullptr};
}

Tensor scratch(Tape& tape, const RnnContext& w) {
    return rnn_scratch(tape, w, rnn_rows_of_unit(w), rnn_scratch_columns(w.U, w.G), DType::f32);
}
Tensor lanes(Tape& tape, const RnnContext& w) {
    return rnn_scratch(tape, w, rnn_rows_of_unit(w), mixed_rnn_pitch(w.U, w.G), DType::i32);
}
// A pair of terms takes the time of one in float32.
Work work_of(const RnnContext& w) { return rnn_work(w, rnn_rows_of_unit(w), 0.5); }

}  // namespace

void emit_mixed_rnn(Tape& tape, const RnnContext& w, const RnnResult& result, bool train) {
    MixedRnnArgs args{};
    RnnArgs<float>& a = args.steps;
    a.n = rnn_shape<float>(w, rnn_rows_of_unit(w));
    a.train = train;
    const Panels panels = panels_of(tape, w, false);
    tape.emit(kernels_of(w.options.kind).forward, args,
              {inout(a.gates, w.gates), in(args.panels, panels.all), in_if(args.panels_n, panels.n),
               in_if(a.recurrent_bias, rnn_recurrent_bias(tape, w, w.weights.bias)), in_if(a.h0, w.first.h),
               in_if(a.c0, w.first.c), in_if(a.scale, w.scale), in_if(a.mask, w.mask), out_if(a.y, result.y),
               out(a.h, result.last.h), out_if(a.c, result.last.c), out_if(a.fed, w.fed), out_if(a.saved, w.saved),
               out(a.scratch, scratch(tape, w)), out(args.lanes, lanes(tape, w))},
              work_of(w));
}

void emit_mixed_rnn_back(Tape& tape, const RnnContext& w, const Grads& dy, const Tensor& dz, const Tensor& dr) {
    MixedRnnBwdArgs args{};
    RnnBwdArgs<float>& a = args.steps;
    a.n = rnn_shape<float>(w, rnn_rows_of_unit(w));
    const Panels panels = panels_of(tape, w, true);
    const Grad dh0 = tape.grad(w.first.h), dc0 = tape.grad(w.first.c);
    tape.emit(kernels_of(w.options.kind).back, args,
              {in(a.gates, w.gates), in(a.fed, w.fed), in_if(a.saved, w.saved), in(args.panels, panels.all),
               in_if(args.panels_n, panels.n), in_if(a.c0, w.first.c), in_if(a.scale, w.scale), in_if(a.mask, w.mask),
               in_if(a.dy, dy[0]), in_if(a.dh, dy[1]), in_if(a.dc, dy[2]), out(a.dz, dz), out_if(a.dr, dr),
               into_if(a.dh0, a.add_dh0, dh0), into_if(a.dc0, a.add_dc0, dc0), out(a.scratch, scratch(tape, w)),
               out(args.lanes, lanes(tape, w))},
              work_of(w));
}

}  // namespace netlet::ops
