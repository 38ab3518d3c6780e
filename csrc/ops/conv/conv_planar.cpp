#include "ops/conv/conv_planar.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/conv/conv_planar_args.h"
#include "ops/conv/conv_products.h"
#include "ops/shape/loop_nest.h"

namespace netlet::ops {

namespace {

constexpr int64_t fewest_pixels = 8;  // of a row of the result: fewer leave most lanes of a vector empty

ConvArgs arguments(const ConvGeometry& g, Activation act, double alpha) {
    ConvArgs args = product_arguments(g.batch, g.groups, g.C, g.O, act, alpha);
    set_forward_axes(g, args.axis);
    return args;
}

// Without strides, dx is the convolution of dy with the kernel turned around.
ConvArgs gradient_arguments(const ConvGeometry& g, Activation act, double alpha) {
    ConvArgs args = product_arguments(g.batch, g.groups, g.O, g.C, act, alpha);
    for (int i = 0; i < conv_axes; ++i) args.axis[i] = phase_axis(g, i, 0, true);
    return args;
}

// The kernel (taps, C, O) as (taps from the last one on, O, C).
Tensor turned_around(Tape& tape, const ConvGeometry& g, const Tensor& kernel) {
    const int64_t taps = g.taps(), pairs = g.C * g.O;
    const Tensor turned = tape.empty({taps, g.O, g.C}, kernel->dtype);
    LoopNest nest;
    nest.x_first = (taps - 1) * pairs;
    push_axis(nest.axes, taps, {-pairs, pairs});
    push_axis(nest.axes, g.O, {1, g.C});
    push_axis(nest.axes, g.C, {g.O, 1});
    finish_axes(nest.axes);
    emit_move(tape, kernel, turned, nest, true, true);
    return turned;
}

bool is_flat(const ConvGeometry& g) {
    return g.in[0] == 1 && g.kernel[0] == 1 && g.out[0] == 1 && g.groups == 1 && !g.mixed;
}

bool fits(const ConvArgs& args, int64_t rows, int64_t element_bytes) {
    return planes_of(args, rows, element_bytes).elements(args.C) * element_bytes <= planar_room;
}

// Whether one row of the result fits the kernel's arrays.
bool is_possible(const ConvArgs& args, int64_t terms, DType dtype) {
    return args.batch > 0 && args.C > 0 && args.O > 0 && args.O <= planar_most_columns && terms <= planar_most_terms &&
           args.axis[1].grid > 0 && fits(args, 1, (int64_t)size_of(dtype));
}

void emit(Tape& tape, ConvArgs& args, double flops, const Tensor& x, const Tensor& w, const Tensor& bias,
          const Tensor& y) {
    const int64_t rows = args.axis[1].grid, chunks = chunks_for(flops);
    args.mb = ceil_div(rows, std::min(rows, ceil_div(chunks, args.batch)));
    while (!fits(args, args.mb, (int64_t)size_of(x->dtype))) --args.mb;
    const int64_t units = args.batch * ceil_div(rows, args.mb);
    tape.emit(NETLET_KERNEL_FOR(conv_planar, x->dtype), args,
              {in(args.x, x), in(args.w, w), in_if(args.bias, bias), out(args.y, y)},
              {units, ceil_div(units, chunks), flops});
}

}  // namespace

// conv_gather leaves lanes empty where there are few output channels, and begins a new run of terms for each row of
// taps. Against that, conv_planar copies pixels into planes and transposes its results. Medians of
// `python -m bench.lab few_channels` on AVX2 (Zen 3), in GFLOP/s, gather / planar: 1 -> 6, 5x5 taps 15 / 35; 3 -> 16, 3x3
// 52 / 60; 1 -> 32, 3x3 24 / 28; but 3 -> 32, 3x3 42 / 38; 6 -> 16, 5x5 61 / 50.
bool planar_pays(const ConvGeometry& g, DType dtype) {
    constexpr int64_t few_channels = 8, few_filters = 16, few_pairs = 64, few_terms = 12;
    const int64_t terms = g.taps() * g.C;
    if (!is_flat(g) || g.C > few_channels || g.out[2] < fewest_pixels) return false;
    return ((g.O <= few_filters && g.C * g.O <= few_pairs) || terms <= few_terms) &&
           is_possible(arguments(g, Activation::linear, 0), terms, dtype);
}

// Against conv_unpacked_rows and conv_gather, transposed convolutions of 32 images of 10 to 28 pixels, 3x3 and 5x5 taps, to 1
// to 8 channels, on AVX2 (Zen 3): from 16 filters 0.9 to 2.7 times as fast, from fewer 1.2 to 8.9 times; from 32 filters,
// whose planes hardly fit, 0.4 to 1.3 times.
bool planar_gradient_pays(const ConvGeometry& g, DType dtype) {
    constexpr int64_t most_filters = 16;
    if (!is_flat(g) || g.stride[1] != 1 || g.stride[2] != 1) return false;
    return g.C <= conv_few_columns && g.O <= most_filters && g.in[2] >= fewest_pixels &&
           is_possible(gradient_arguments(g, Activation::linear, 0), g.taps() * g.O, dtype);
}

void emit_planar(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& bias,
                 const Tensor& y, Activation act, double alpha) {
    ConvArgs args = arguments(g, act, alpha);
    emit(tape, args, g.flops(), x, w, bias, y);
}

void emit_planar_gradient(Tape& tape, const ConvGeometry& g, const Tensor& dy, const Tensor& kernel, const Tensor& bias,
                          const Tensor& dx, Activation act, double alpha) {
    ConvArgs args = gradient_arguments(g, act, alpha);
    emit(tape, args, g.flops(), dy, turned_around(tape, g, kernel), bias, dx);
}

}  // namespace netlet::ops
