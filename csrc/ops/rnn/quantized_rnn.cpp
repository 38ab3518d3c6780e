// The input's part of all time steps is one product of codes; then one record runs through the steps.
#include "ops/rnn/quantized_rnn.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/gemm/gemm.h"
#include "ops/rnn/quantized_rnn_args.h"
#include "ops/rnn/rnn_checks.h"
#include "ops/rnn/rnn_context.h"

namespace netlet::ops {

namespace {

KernelOf<QuantizedRnnArgs> kernel_of(RnnKind kind) {
    switch (kind) {
        case RnnKind::simple_rnn: return kernel(KernelId::quantized_simple_rnn);
        case RnnKind::lstm: return kernel(KernelId::quantized_lstm);
        case RnnKind::gru: return kernel(KernelId::quantized_gru);
        default: return kernel(KernelId::quantized_gru_reset_before);
    }
}

// Rows of a unit of work: rnn.cpp's reasons. The weights are a quarter as large, so 8 rows are enough for any U.
int64_t rows_of_unit(int64_t B) { return B <= 4 ? std::max<int64_t>(B, 1) : B <= 8 ? 4 : 8; }
// Four terms are multiplied and added in the time of one.
constexpr double term_time = 0.25;

void check(const std::string& op, const Rnn& options, const Codes& x, const QuantizedRnnWeights& weights,
           const RnnState& first, const Tensor& mask, const DequantizedRnn& values) {
    check_rnn_shapes(op, options, x.q, {weights.kernel.q, weights.recurrent_kernel, weights.bias}, first, mask,
                     nullptr);
    auto expect = [&](const char* what, const Tensor& t, DType dtype) {
        if (t && t->dtype != dtype)
            throw TypeError(op + ": expected " + what + " of " + name_of(dtype) + ", received " + name_of(t->dtype));
    };
    auto expect_shape = [&](const char* what, const Tensor& t, std::initializer_list<Shape> shapes) {
        if (!t || std::find(shapes.begin(), shapes.end(), t->shape) != shapes.end()) return;
        std::string list;
        for (const Shape& shape : shapes) list += (list.empty() ? "" : " or ") + shape.str();
        throw ValueError(op + ": expected " + what + " of shape " + list + ", received " + t->shape.str());
    };
    if (x.q->dtype != DType::u8 && x.q->dtype != DType::i8)
        throw TypeError(op + ": expected codes x of uint8 or int8, received " + name_of(x.q->dtype));
    const int64_t B = x.q->shape[0], T = x.q->shape[1], GU = weights.kernel.q->shape[1];
    expect("a kernel", weights.kernel.q, DType::i8);
    expect("a recurrent kernel", weights.recurrent_kernel, DType::i8);
    expect("a bias", weights.bias, DType::f32);
    expect("an initial h", first.h, DType::f32);
    expect("an initial c", first.c, DType::f32);
    for (const auto& [what, scale] :
         {std::pair("a scale of x", x.scale), std::pair("a kernel scale", weights.kernel.scale),
          std::pair("a recurrent scale", weights.recurrent_scale)})
        expect(what, scale, DType::f32);
    expect_shape("a scale of x", x.scale, {{}, {B, T, 1}});
    expect_shape("a recurrent scale", weights.recurrent_scale, {{}, {GU}, {1, GU}});
    if (!values.x != !values.kernel || !values.x != !values.recurrent_kernel)
        throw ValueError(op + ": expected x_hat, kernel_hat and recurrent_hat together, received some of them");
    if (!values.x) return;
    expect("x_hat", values.x, DType::f32);
    expect("kernel_hat", values.kernel, DType::f32);
    expect("recurrent_hat", values.recurrent_kernel, DType::f32);
    expect_shape("x_hat", values.x, {x.q->shape});
    expect_shape("kernel_hat", values.kernel, {weights.kernel.q->shape});
    expect_shape("recurrent_hat", values.recurrent_kernel, {weights.recurrent_kernel->shape});
}

void emit_steps(Tape& tape, const RnnContext& w, const QuantizedRnnWeights& weights, const RnnResult& result,
                bool train) {
    const int64_t rows = rows_of_unit(w.B), U = w.U, GU = w.G * w.U;
    const Tensor& r = weights.recurrent_kernel;
    const bool before = w.options.kind == RnnKind::gru_reset_before;
    const Tensor panels = pack_for_tiles(tape, r, 0, before ? 2 * U : GU, U, GU, false),
                 panels_n = before ? pack_for_tiles(tape, r, 2 * U, U, U, GU, false) : nullptr,
                 recurrent_bias = rnn_recurrent_bias(tape, w, weights.bias),
                 r_sums = code_sums(tape, r, 1, U, GU, true);
    QuantizedRnnArgs args{};
    RnnArgs<float>& steps = args.steps;
    steps.n = rnn_shape<float>(w, rows);
    steps.train = train;
    args.r_step = weights.recurrent_scale->size() == GU;
    tape.emit(kernel_of(w.options.kind), args,
              {inout(steps.gates, w.gates), in(args.panels, panels), in_if(args.panels_n, panels_n),
               in(args.r_scale, weights.recurrent_scale), in(args.r_sums, r_sums),
               in_if(steps.recurrent_bias, recurrent_bias), in_if(steps.h0, w.first.h), in_if(steps.c0, w.first.c),
               in_if(steps.mask, w.mask), out_if(steps.y, result.y), out(steps.h, result.last.h),
               out_if(steps.c, result.last.c), out_if(steps.fed, w.fed), out_if(steps.saved, w.saved),
               out(steps.scratch, rnn_scratch(tape, w, rows, rnn_scratch_columns(U, w.G), DType::f32)),
               out(args.scratch, rnn_scratch(tape, w, rows, quantized_rnn_scratch_columns(U), DType::i32))},
              rnn_work(w, rows, term_time));
}

}  // namespace

RnnResult quantized_rnn(Tape& tape, const Rnn& options, const Codes& x, const QuantizedRnnWeights& weights,
                        const RnnState& first, const Tensor& mask, const DequantizedRnn& values) {
    check(std::string("quantized_") + rnn_op_name(options.kind), options, x, weights, first, mask, values);
    const bool train =
        values.x && tape.needs_grad({values.x, values.kernel, values.recurrent_kernel, weights.bias, first.h, first.c});
    RnnContext w =
        values.x ? rnn_context(tape, options, DType::f32, values.x,
                               {values.kernel, values.recurrent_kernel, weights.bias}, first, mask, nullptr, train)
                 : rnn_context(tape, options, DType::f32, x.q,
                               {weights.kernel.q, weights.recurrent_kernel, weights.bias}, first, mask, nullptr, false);
    QuantizedProduct input_part;
    input_part.x = x;
    input_part.kernel = weights.kernel;
    input_part.bias = rnn_bias(tape, w, weights.bias);
    w.gates = quantized_dense(tape, input_part);
    const RnnResult result = rnn_result(tape, w);
    emit_steps(tape, w, weights, result, train);
    if (train) on_backward_of_rnn(tape, w, result);
    return result;
}

}  // namespace netlet::ops
