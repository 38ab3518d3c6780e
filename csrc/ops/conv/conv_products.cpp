// Chooses the kernels of a convolution's products and splits their work.
#include "ops/conv/conv_products.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/conv/conv_planar.h"
#include "ops/conv/winograd.h"
#include "ops/copy/copy.h"
#include "ops/gemm/gemm.h"

namespace netlet::ops {

namespace {

constexpr int64_t cached_kernel = 512 * 1024;  // bytes of a packed kernel that the L2 cache holds beside the pixels
constexpr int64_t slices_bytes = 1 << 20;      // bytes of all slices of a kernel's gradient

// The product of pixels with a kernel, forward or backward. On the CPU the kernel is packed, or, with `unpacked`, read
// in place, which pays for few columns. A GPU always reads it in place: conv_gather reads it as (taps, terms, columns),
// conv_unpacked_rows as (taps, columns, terms).
void emit_gather(Tape& tape, ConvArgs& args, const Tensor& x, const Tensor& w, const Tensor& bias, const Grad& y,
                 bool unpacked = false, bool images_apart = false) {
    const Work work = split_pixels(args, (int64_t)size_of(x->dtype), args.O, images_apart);
    const auto kernel =
        unpacked ? NETLET_KERNEL_FOR(conv_unpacked_rows, x->dtype) : NETLET_KERNEL_FOR(conv_gather, x->dtype);
    tape.emit(kernel, args,
              {by_row(in(args.x, x)), in(args.w, w), in_if(args.bias, bias), by_row(into(args.y, args.accumulate, y))},
              work);
}

// On a GPU, in how many slices to sum `terms` terms of M x N results. A multiprocessor of an H200 (there are 132) hides
// latencies with three or more tiles of 128 x 64; fewer leave it idle, as does a last wave that is not full. Against
// that stands the memory of the slices, worth about 61 terms each (8 bytes at 3 TB/s). Estimated, not measured.
int64_t slices_on_gpu(int64_t groups, int64_t M, int64_t N, int64_t terms) {
    constexpr int64_t processors = 132, most_blocks = 4 * processors, fewest_terms = 256;
    const int64_t blocks = std::max<int64_t>(1, groups * ceil_div(M, 128) * ceil_div(N, 64));
    int64_t best = 1;
    double least = 0;
    for (int64_t slices = 1; slices == 1 || slices <= std::min(most_blocks / blocks, terms / fewest_terms); ++slices) {
        const int64_t each = ceil_div(blocks * slices, processors);
        const double idle = (double)(each * processors) / (double)(blocks * slices);
        const double latency = each == 1 ? 1.5 : each == 2 ? 1.15 : 1;
        const double memory = slices == 1 ? 0 : 0.05 + 61.0 * (double)slices / (double)terms;
        const double cost = idle * latency + memory;
        if (slices == 1 || cost < least) {
            least = cost;
            best = slices;
        }
    }
    return best;
}

// Emits emit(bias, y). On a GPU that has few blocks to run, the terms are cut into slices, whose sums are added up.
template <class F>
void emit_in_slices(Tape& tape, ConvArgs& args, const Tensor& bias, const Grad& y, int64_t phases, int64_t taps,
                    F emit) {
    const int64_t columns = args.groups * args.O, rows = columns == 0 ? 0 : y.tensor->size() / columns;
    if (tape.on_gpu() && rows > 0)
        args.slices = slices_on_gpu(args.groups, rows / phases, args.O, taps * args.C / phases);
    if (args.slices == 1) return emit(bias, y);
    const Activation act = args.act;
    args.act = Activation::linear;
    const Tensor slices = tape.empty({args.slices, rows, columns}, y.tensor->dtype);
    emit(nullptr, {slices, false});
    emit_slice_sum(tape, slices, y, bias, act, args.alpha);
}

}  // namespace

int64_t chunks_for(double flops) {
    constexpr double chunk_flops = 1 << 19;  // about five microseconds on one core
    constexpr int64_t most_chunks = 64;      // more do not balance better
    return std::clamp<int64_t>((int64_t)(flops / chunk_flops), 1, most_chunks);
}

ConvArgs product_arguments(int64_t batch, int64_t groups, int64_t C, int64_t O, Activation act, double alpha) {
    ConvArgs args{};
    args.batch = batch;
    args.groups = groups;
    args.C = C;
    args.O = O;
    args.slices = 1;
    args.act = act;
    args.alpha = alpha;
    return args;
}

Work split_pixels(ConvArgs& args, int64_t element_bytes, int64_t most_columns, bool images_apart) {
    int64_t pixels = args.batch, kernel_rows = args.C;
    double flops = 2.0 * (double)(args.groups * args.C * args.O);
    for (const ConvAxis& axis : args.axis) {
        pixels *= axis.grid;
        kernel_rows *= axis.kernel;
        flops *= (double)axis.taps;
    }
    flops *= (double)pixels;
    if (pixels == 0 || args.O == 0) return {0};
    const int64_t columns =
        cached_kernel / std::max<int64_t>(kernel_rows * element_bytes, 1) / conv_panel_group * conv_panel_group;
    args.nb = std::min({args.O, most_columns, std::max(columns, conv_panel_group)});
    const int64_t units = chunks_for(flops);
    const int64_t others = args.groups * ceil_div(args.O, args.nb);
    const int64_t each = ceil_div(pixels, ceil_div(units, others));
    const int64_t step = each < 4 * conv_pixel_step ? conv_strip : conv_pixel_step;  // few pixels: balance counts more
    args.mb = ceil_div(each, step) * step;
    int64_t rows = 0;
    if (images_apart && args.groups == 1) {
        const RowBlocks found = row_blocks(args.batch, pixels / args.batch, args.mb);
        args.mb = found.block;
        rows = found.rows;
    }
    return with_rows({others * ceil_div(pixels, args.mb), 1, flops}, rows);
}

void describe_taps(ConvPackArgs& args, const ConvGeometry& g, bool transposed) {
    args.taps = g.taps();
    args.groups = g.groups;
    args.C = g.C;
    args.O = g.O;
    args.transposed = transposed;
}

Tensor pack_taps(Tape& tape, const ConvGeometry& g, const Tensor& kernel, bool transposed) {
    const int64_t columns = ceil_div(transposed ? g.C : g.O, conv_panel_group), terms = transposed ? g.O : g.C;
    Tensor packed = tape.empty({g.groups, columns * conv_panel_group, g.taps() * terms}, kernel->dtype);
    ConvPackArgs args{};
    describe_taps(args, g, transposed);
    const int64_t grain = grain_for(32768, conv_panel_group * g.taps() * terms);
    tape.emit(NETLET_KERNEL_FOR(conv_pack, kernel->dtype), args, {in(args.w, kernel), out(args.packed, packed)},
              {g.groups * columns, grain, 0, true});
    return packed;
}

bool uses_winograd(Tape& tape, const ConvGeometry& g) { return !tape.on_gpu() && winograd_pays(g); }

void emit_forward(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& kernel, const Tensor& bias,
                  const Grad& y, Activation act, double alpha) {
    if (g.mixed) return emit_mixed_forward(tape, g, x, kernel, bias, y, act, alpha);
    if (!tape.on_gpu() && !y.accumulate && planar_pays(g, x->dtype))
        return emit_planar(tape, g, x, kernel, bias, y.tensor, act, alpha);
    const Tensor packed = tape.on_gpu() ? kernel : pack_taps(tape, g, kernel, false);
    if (uses_winograd(tape, g))
        return emit_winograd(tape, g.batch, forward_axis(g, 1), forward_axis(g, 2), g.C, g.O, x, packed, bias, y, act,
                             alpha, false);
    ConvArgs args = product_arguments(g.batch, g.groups, g.C, g.O, act, alpha);
    set_forward_axes(g, args.axis);
    const bool images_apart = tape.may_run_by_row({x, kernel, bias});
    emit_in_slices(tape, args, bias, y, 1, g.taps(), [&](const Tensor& bias, const Grad& y) {
        emit_gather(tape, args, x, packed, bias, y, false, images_apart);
    });
}

// One convolution of dy for each phase of the strides.
void emit_input_gradient(Tape& tape, const ConvGeometry& g, const Tensor& dy, const Tensor& kernel, const Tensor& bias,
                         const Grad& dx, Activation act, double alpha) {
    if (g.mixed) return emit_mixed_input_gradient(tape, g, dy, kernel, bias, dx, act, alpha);
    if (!tape.on_gpu() && !uses_winograd(tape, g) && planar_gradient_pays(g, dy->dtype)) {
        const Tensor result = dx.accumulate ? tape.empty(dx.tensor->shape, dx.tensor->dtype) : dx.tensor;
        emit_planar_gradient(tape, g, dy, kernel, bias, result, act, alpha);
        if (dx.accumulate) accumulate(tape, result, dx);
        return;
    }
    // With few columns most SIMD lanes of a packed kernel are empty; lanes of terms are full if there are enough terms.
    const bool unpacked = tape.on_gpu() || (g.groups == 1 && g.C <= conv_few_columns && g.O >= 16 &&
                                            g.taps() * ceil_div(g.O, conv_longest_run) <= conv_most_runs);
    const Tensor packed = unpacked ? kernel : pack_taps(tape, g, kernel, true);
    if (uses_winograd(tape, g))
        return emit_winograd(tape, g.batch, phase_axis(g, 1, 0, true), phase_axis(g, 2, 0, true), g.O, g.C, dy, packed,
                             bias, dx, act, alpha, false);
    ConvArgs args = product_arguments(g.batch, g.groups, g.O, g.C, act, alpha);
    int64_t phases = 1;  // those that have pixels
    for (int i = 0; i < conv_axes; ++i) phases *= std::clamp<int64_t>(g.stride[i], 1, std::max<int64_t>(1, g.in[i]));
    emit_in_slices(tape, args, bias, dx, phases, g.taps(), [&](const Tensor& bias, const Grad& dx) {
        for_each_phase(g, !unpacked, args.axis, [&] { emit_gather(tape, args, dy, packed, bias, dx, unpacked); });
    });
}

void emit_kernel_gradient(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Grad& dw) {
    const int64_t rows = g.batch * g.out[0] * g.out[1], taps = g.taps();
    if (dw.tensor->size() == 0) return;
    if (rows * g.out[2] == 0) return zero(tape, dw);  // nothing to sum
    if (g.mixed) return emit_mixed_kernel_gradient(tape, g, x, dy, dw);
    if (uses_winograd(tape, g)) return emit_winograd_kernel_gradient(tape, g, x, dy, dw);
    ConvKernelGradArgs args{};
    set_forward_axes(g, args.axis);
    args.batch = g.batch;
    args.groups = g.groups;
    args.C = g.C;
    args.O = g.O;
    args.one_matrix = !g.padded();
    const int64_t units = chunks_for(g.flops());
    int64_t length = rows, slices = 0;
    if (tape.on_gpu()) {
        length = g.out_pixels();
        slices = slices_on_gpu(g.groups, taps * g.C, g.O, length);
    } else
        slices = std::clamp<int64_t>(slices_bytes / dw.tensor->bytes(), 1, std::min(ceil_div(units, g.groups), rows));
    args.slice = ceil_div(length, slices);
    const int64_t count = ceil_div(length, args.slice);
    const int64_t strips = std::max<int64_t>(1, taps * ceil_div(g.C, conv_strip));
    args.blocks = std::clamp<int64_t>(ceil_div(units, g.groups * count), 1, strips);
    const Work work{count * g.groups * args.blocks, 1, g.flops()};
    const Grad slices_of_dw = slices_for(tape, dw, count, {count, taps * g.C, g.groups * g.O});
    tape.emit(NETLET_KERNEL_FOR(conv_kernel_grad, x->dtype), args,
              {in(args.x, x), in(args.dy, dy), into(args.dw, args.accumulate, slices_of_dw)}, work);
    if (count > 1) emit_slice_sum(tape, slices_of_dw.tensor, dw);
}

}  // namespace netlet::ops
