#include "ops/conv/conv_planar.h"

#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/conv/conv_planar_args.h"
#include "ops/conv/conv_products.h"

namespace netlet::ops {

namespace {

ConvArgs arguments(const ConvGeometry& g, Activation act, double alpha) {
    ConvArgs args = product_arguments(g.batch, g.groups, g.C, g.O, act, alpha);
    set_forward_axes(g, args.axis);
    return args;
}

bool fits(const ConvArgs& args, int64_t rows, int64_t element_bytes) {
    return planes_of(args, rows, element_bytes).elements(args.C) * element_bytes <= planar_room;
}

}  // namespace

// conv_gather leaves lanes empty where there are few output channels, and begins a new run of terms for each row of
// taps. Against that, conv_planar copies pixels into planes and transposes its results. Medians of
// `python -m bench.lab few_channels` on AVX2 (Zen 3), in GFLOP/s, gather / planar: 1 -> 6, 5x5 taps 15 / 35; 3 -> 16, 3x3
// 52 / 60; 1 -> 32, 3x3 24 / 28; but 3 -> 32, 3x3 42 / 38; 6 -> 16, 5x5 61 / 50.
bool planar_pays(const ConvGeometry& g, DType dtype) {
    constexpr int64_t few_channels = 8, few_filters = 16, few_pairs = 64, few_terms = 12, fewest_pixels = 8;
    const int64_t terms = g.taps() * g.C;
    const bool flat = g.in[0] == 1 && g.kernel[0] == 1 && g.out[0] == 1 && g.groups == 1 && !g.mixed;
    if (!flat || g.C == 0 || g.C > few_channels || g.O == 0 || g.O > planar_most_columns || terms > planar_most_terms)
        return false;
    return ((g.O <= few_filters && g.C * g.O <= few_pairs) || terms <= few_terms) && g.out[2] >= fewest_pixels &&
           g.batch * g.out[1] > 0 && fits(arguments(g, Activation::linear, 0), 1, (int64_t)size_of(dtype));
}

void emit_planar(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& bias,
                 const Tensor& y, Activation act, double alpha) {
    ConvArgs args = arguments(g, act, alpha);
    const int64_t rows = args.axis[1].grid, chunks = chunks_for(g.flops());
    args.mb = ceil_div(rows, std::min(rows, ceil_div(chunks, g.batch)));
    while (!fits(args, args.mb, (int64_t)size_of(x->dtype))) --args.mb;
    const int64_t units = g.batch * ceil_div(rows, args.mb);
    tape.emit(NETLET_KERNEL_FOR(conv_planar, x->dtype), args,
              {in(args.x, x), in(args.w, w), in_if(args.bias, bias), out(args.y, y)},
              {units, ceil_div(units, chunks), g.flops()});
}

}  // namespace netlet::ops
