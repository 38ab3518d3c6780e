// Convolutions in bfloat16. Gradients of shapes without a bfloat16 kernel are computed in float32, with a kernel that is
// rounded to bfloat16.
#include <algorithm>
#include <utility>
#include <vector>

#include "dispatch/dispatch.h"
#include "ops/conv/conv_products.h"
#include "ops/conv/mixed_conv_args.h"
#include "ops/conv/winograd.h"
#include "ops/copy/copy.h"
#include "ops/gemm/gemm.h"
#include "ops/shape/loop_nest.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

// These emit without a gradient: the op's own backward covers them.
Tensor converted(Tape& tape, const Tensor& x, DType dtype) {
    if (x->dtype == dtype) return x;
    Tensor y = tape.empty(x->shape, dtype);
    assign(tape, x, y);
    return y;
}
Tensor rounded_to_float32(Tape& tape, const Tensor& x) {
    return converted(tape, converted(tape, x, DType::bf16), DType::f32);
}

ConvGeometry in_float32(ConvGeometry g) {
    g.mixed = false;
    return g;
}

// Calls emit with a float32 tensor in place of a bfloat16 y, which it then rounds.
template <class Emit>
void with_float32_result(Tape& tape, const Grad& y, Emit emit) {
    if (y.tensor->dtype == DType::f32) return emit(y);
    const Tensor sums = tape.empty(y.tensor->shape, DType::f32);
    emit(Grad{sums, false});
    assign(tape, sums, y.tensor);
}

// Whether the gradients' kernels read pairs of bfloat16 terms: not for images with few channels, whose rows and columns
// fill no vectors.
bool reads_pairs(Tape& tape, int64_t terms, int64_t columns) {
    return !tape.on_gpu() && terms % 2 == 0 && terms >= 8 && columns >= 16;
}

// x (..., C) with a channel of zeros after the others, or a kernel (taps..., C, O) with zeros for it.
Tensor with_zero_channel(Tape& tape, const Tensor& x, int64_t C, int64_t inner) {
    const int64_t outer = x->size() / std::max<int64_t>(C * inner, 1);
    Tensor y = tape.empty({outer, C + 1, inner}, x->dtype);
    LoopNest nest;
    push_axis(nest.axes, outer, {C * inner, (C + 1) * inner});
    push_axis(nest.axes, C * inner, {1, 1});
    finish_axes(nest.axes);
    LoopNest zeros;
    push_axis(zeros.axes, outer, {0, (C + 1) * inner});
    push_axis(zeros.axes, inner, {0, 1});
    finish_axes(zeros.axes);
    zeros.y_first = C * inner;
    emit_move(tape, x, y, nest, false);
    emit_move(tape, make_zeros({}, x->dtype, Device{}), y, zeros, false);
    return y;
}

Tensor pack_pairs(Tape& tape, const ConvGeometry& g, const Tensor& kernel, bool transposed) {
    const int64_t columns = ceil_div(transposed ? g.C : g.O, conv_panel_group), terms = transposed ? g.O : g.C;
    Tensor packed = tape.empty({g.groups, columns * conv_panel_group, g.taps() * terms / 2}, DType::i32);
    MixedConvPackArgs args{};
    describe_taps(args, g, transposed);
    args.w_is_bf16 = kernel->dtype == DType::bf16;
    const int64_t grain = grain_for(32768, conv_panel_group * g.taps() * terms);
    tape.emit(netlet::kernel(KernelId::mixed_conv_pack), args, {in(args.w, kernel), out(args.packed, packed)},
              {g.groups * columns, grain, 0, true});
    return packed;
}

// One convolution, of which `args` holds the axes; C counts pairs.
void emit_pairs(Tape& tape, const ConvArgs& args, const Tensor& x, const Tensor& packed, const Tensor& bias,
                const Grad& y) {
    MixedConvArgs mixed{args};
    mixed.y_is_bf16 = y.tensor->dtype == DType::bf16;
    Work work = split_pixels(mixed, sizeof(int32_t), conv_rounded_columns);
    work.flops *= 2;
    tape.emit(netlet::kernel(KernelId::mixed_conv), mixed,
              {in(mixed.x, x), in(mixed.w, packed), in_if(mixed.bias, bias), into(mixed.y, mixed.accumulate, y)}, work);
}

Tensor packed_taps(Tape& tape, const ConvGeometry& g, const Tensor& kernel, bool transposed) {
    return pack_taps(tape, g, converted(tape, kernel, DType::f32), transposed);
}

}  // namespace

void emit_mixed_forward(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& kernel, const Tensor& bias,
                        const Grad& y, Activation act, double alpha) {
    if (uses_winograd(tape, g))
        return emit_winograd(tape, g.batch, forward_axis(g, 1), forward_axis(g, 2), g.C, g.O, x,
                             packed_taps(tape, g, kernel, false), bias, y, act, alpha, true);
    const bool odd = g.C % 2 != 0;
    if (!tape.on_gpu() && (!odd || g.groups == 1)) {
        ConvGeometry even = g;
        even.C += odd;
        ConvArgs args = product_arguments(g.batch, g.groups, even.C / 2, g.O, act, alpha);
        set_forward_axes(g, args.axis);
        Tensor pixels = converted(tape, x, DType::bf16), taps = kernel;
        if (odd) {
            pixels = with_zero_channel(tape, pixels, g.C, 1);
            taps = with_zero_channel(tape, taps, g.C, g.O);
        }
        return emit_pairs(tape, args, pixels, pack_pairs(tape, even, taps, false), bias, y);
    }
    with_float32_result(tape, y, [&](const Grad& y) {
        emit_forward(tape, in_float32(g), converted(tape, x, DType::f32), rounded_to_float32(tape, kernel), bias, y,
                     act, alpha);
    });
}

void emit_mixed_input_gradient(Tape& tape, const ConvGeometry& g, const Tensor& dy, const Tensor& kernel,
                               const Tensor& bias, const Grad& dx, Activation act, double alpha) {
    if (uses_winograd(tape, g))
        return emit_winograd(tape, g.batch, phase_axis(g, 1, 0, true), phase_axis(g, 2, 0, true), g.O, g.C, dy,
                             packed_taps(tape, g, kernel, true), bias, dx, act, alpha, true);
    if (reads_pairs(tape, g.O, g.C)) {
        ConvArgs args = product_arguments(g.batch, g.groups, g.O / 2, g.C, act, alpha);
        const Tensor pairs = converted(tape, dy, DType::bf16), packed = pack_pairs(tape, g, kernel, true);
        return for_each_phase(g, true, args.axis, [&] { emit_pairs(tape, args, pairs, packed, bias, dx); });
    }
    with_float32_result(tape, dx, [&](const Grad& dx) {
        emit_input_gradient(tape, in_float32(g), converted(tape, dy, DType::f32), rounded_to_float32(tape, kernel),
                            bias, dx, act, alpha);
    });
}

namespace {

// x with zeros around it, and the geometry of the same convolution of it, which reads nothing outside.
std::pair<Tensor, ConvGeometry> padded(Tape& tape, ConvGeometry g, const Tensor& x) {
    if (!g.padded()) return {x, g};
    const int spatial = x->shape.rank() - 2;
    std::vector<int64_t> before{0}, after{0};
    for (int i = conv_axes - spatial; i < conv_axes; ++i) {
        before.push_back(g.before[i]);
        after.push_back(g.after[i]);
    }
    before.push_back(0);
    after.push_back(0);
    for (int i = 0; i < conv_axes; ++i) {
        g.in[i] += g.before[i] + g.after[i];
        g.before[i] = g.after[i] = 0;
    }
    return {pad(tape, x, before, after, 0), g};
}

void emit_pairs_of_pixels(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Grad& dw) {
    const int64_t rows = g.batch * g.out[0] * g.out[1], taps = g.taps();
    MixedConvKernelGradArgs args{};
    set_forward_axes(g, args.axis);
    args.batch = g.batch;
    args.groups = g.groups;
    args.C = g.C;
    args.O = g.O;
    args.nb = std::min(g.O, mixed_conv_grad_columns);
    args.x_is_bf16 = x->dtype == DType::bf16;
    args.dy_is_bf16 = dy->dtype == DType::bf16;
    // Slices of the pixels, and blocks of strips in each. A block of few strips packs dy for little work.
    constexpr int64_t most_units = 64, fewest_strips = 4, slices_bytes = 1 << 20;
    constexpr double unit_flops = 1 << 20;
    const int64_t units = std::clamp<int64_t>((int64_t)(g.flops() / unit_flops), 1, most_units);
    const int64_t columns = g.groups * ceil_div(g.O, args.nb);
    const int64_t most_slices = std::clamp<int64_t>(slices_bytes / dw.tensor->bytes(), 1, rows);
    args.slice = ceil_div(rows, std::clamp<int64_t>(ceil_div(units, columns), 1, most_slices));
    const int64_t count = ceil_div(rows, args.slice), strips = taps * ceil_div(g.C, conv_strip);
    args.blocks =
        std::clamp<int64_t>(ceil_div(units, columns * count), 1, std::max<int64_t>(1, strips / fewest_strips));
    const Grad slices = slices_for(tape, dw, count, {count, taps * g.C, g.groups * g.O});
    tape.emit(netlet::kernel(KernelId::mixed_conv_kernel_grad), args,
              {in(args.x, x), in(args.dy, dy), into(args.dw, args.accumulate, slices)},
              {count * columns * args.blocks, 1, g.flops()});
    if (count > 1) emit_slice_sum(tape, slices.tensor, dw);
}

}  // namespace

void emit_mixed_kernel_gradient(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Grad& dw) {
    if (uses_winograd(tape, g)) return emit_winograd_kernel_gradient(tape, g, x, dy, dw);
    if (reads_pairs(tape, g.C, g.O)) {
        const auto [inside, unpadded] = padded(tape, g, x);
        return emit_pairs_of_pixels(tape, unpadded, inside, dy, dw);
    }
    emit_kernel_gradient(tape, in_float32(g), converted(tape, x, DType::f32), converted(tape, dy, DType::f32), dw);
}

}  // namespace netlet::ops
