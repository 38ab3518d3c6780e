// Depthwise convolution of codes. SIMD lanes are channels. A sum of few products of codes is exact in float32, where a
// multiply-add is one instruction; more taps are summed in int32.
#include "dispatch/kernel.h"
#include "ops/conv/quantized_conv_args.h"
#include "ops/conv/taps_inside.h"
#include "ops/quant/requantize.h"

namespace netlet::NETLET_ISA {

namespace {

struct FloatSums {
    using V = Vec<float>;
    static NETLET_MEMBER_INLINE V of(VecI v) { return to_float(v); }
    static NETLET_MEMBER_INLINE VecI whole(V v) { return to_int_trunc(v); }
    static NETLET_MEMBER_INLINE V multiply_add(V a, V b, V c) { return fma(a, b, c); }
};
struct IntegerSums {
    using V = VecI;
    static NETLET_MEMBER_INLINE V of(VecI v) { return v; }
    static NETLET_MEMBER_INLINE VecI whole(V v) { return v; }
    static NETLET_MEMBER_INLINE V multiply_add(V a, V b, V c) { return a * b + c; }
};

NETLET_INLINE VecI load_unsigned(AllLanes<VecI>, const uint8_t* p) { return load_u8(p); }
NETLET_INLINE VecI load_unsigned(FirstLanes<VecI> lanes, const uint8_t* p) { return load_u8_n(p, lanes.n); }
NETLET_INLINE VecI load_signed(AllLanes<VecI>, const int8_t* p) { return load_i8((const uint8_t*)p); }
NETLET_INLINE VecI load_signed(FirstLanes<VecI> lanes, const int8_t* p) {
    return load_i8_n((const uint8_t*)p, lanes.n);
}

constexpr int64_t most_pixels = 8;
constexpr int64_t channel_block = 256;

// What the pixels of a call have in common.
struct Window {
    Taps d, h, w;
    int32_t x_zero;
};

// Sums of P pixels, all with the same taps, for one vector of channels. With K > 0 there are K adjacent taps along the
// last axis and the pixels are adjacent too: each pixel of x is converted once for all of its taps. The zero point of x
// is subtracted at the end, times the sum of the weights.
template <class S, int P, int K, class Lanes>
NETLET_INLINE void depthwise_sums(const QuantizedDepthwiseArgs& g, const Window& at, Lanes lanes, const uint8_t* x,
                                  const int8_t* w, const int8_t* w_zero, int32_t* sums, int64_t ld) {
    using V = typename S::V;
    const ConvAxis &D = g.axis[0], &H = g.axis[1], &X = g.axis[2];
    const int64_t x_step = X.step * g.C;
    const VecI zero = !w_zero                   ? VecI::zero()
                      : g.last_step.column_step ? load_signed(lanes, w_zero)
                                                : VecI::set1(*w_zero);
    V acc[P], weights = V::zero();
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) acc[p] = V::zero();
    for (int64_t d = at.d.begin; d < at.d.end; ++d)
        for (int64_t h = at.h.begin; h < at.h.end; ++h) {
            const int64_t row = (D.tap + d * D.tap_stride) * H.kernel + H.tap + h * H.tap_stride;
            const int8_t* wk = w + (row * X.kernel + X.tap + at.w.begin * X.tap_stride) * g.C;
            const uint8_t* xk = x + ((d * D.tap_step * H.in + h * H.tap_step) * X.in + at.w.begin * X.tap_step) * g.C;
            if constexpr (K > 0) {
                V tap[K];
#pragma GCC unroll 5
                for (int k = 0; k < K; ++k) {
                    tap[k] = S::of(load_signed(lanes, wk + k * g.C) - zero);
                    weights += tap[k];
                }
#pragma GCC unroll 12
                for (int q = 0; q < P + K - 1; ++q) {
                    const V pixel = S::of(load_unsigned(lanes, xk + q * g.C));
#pragma GCC unroll 5
                    for (int k = 0; k < K; ++k)
                        if (q - k >= 0 && q - k < P) acc[q - k] = S::multiply_add(pixel, tap[k], acc[q - k]);
                }
            } else {
                for (int64_t k = at.w.begin; k < at.w.end; ++k, wk += X.tap_stride * g.C, xk += X.tap_step * g.C) {
                    const V tap = S::of(load_signed(lanes, wk) - zero);
                    weights += tap;
#pragma GCC unroll 8
                    for (int p = 0; p < P; ++p)
                        acc[p] = S::multiply_add(S::of(load_unsigned(lanes, xk + p * x_step)), tap, acc[p]);
                }
            }
        }
    const V of_x_zero = S::of(VecI::set1(-at.x_zero)) * weights;
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) S::whole(acc[p] + of_x_zero).store(sums + p * ld);
}

// The same for `channels` of them, from channel c on, and their last step. x and y belong to the first pixel.
template <class S, int P, int K>
static void depthwise_pixels(const QuantizedDepthwiseArgs& g, const Requantization& last_step, const Window& at,
                             const uint8_t* x, uint8_t* y, int64_t sample) {
    static_assert(channel_block % VecI::width == 0, "whole vectors are stored");
    alignas(64) int32_t sums[most_pixels * channel_block];
    const int64_t size = last_step.y_scale ? 1 : 4, y_step = g.axis[2].out_step * g.C;
    RequantizedRow of_row[P];
    for (RequantizedRow& row : of_row) row = RequantizedRow(last_step, 0, sample);
    for (int64_t begin = 0; begin < g.C; begin += channel_block) {
        const int64_t end = g.C - begin < channel_block ? g.C : begin + channel_block;
        each_vector<VecI>({begin, end}, [&](auto lanes, int64_t c) NETLET_INLINE_LAMBDA {
            const int8_t* zero = g.last_step.w_zero ? g.last_step.w_zero + c * g.last_step.column_step : nullptr;
            depthwise_sums<S, P, K>(g, at, lanes, x + c, g.w + c, zero, sums + (c - begin), channel_block);
        });
        requantize_block(last_step, sums, channel_block, of_row, P, begin, end - begin, y + begin * size, y_step);
    }
}

// Pixels that share their taps are computed 8 or 4 at a time; the last of them again, together with pixels before them.
template <class S>
NETLET_INLINE void depthwise_row(const QuantizedDepthwiseArgs& g, const Requantization& last_step, int64_t row) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t ph = row % h.grid, pd = row / h.grid % d.grid, n = row / h.grid / d.grid;
    const int64_t size = last_step.y_scale ? 1 : 4;
    const uint8_t* x = g.x + ((n * d.in + pd * d.step + d.first) * h.in + ph * h.step + h.first) * w.in * g.C;
    uint8_t* y =
        static_cast<uint8_t*>(g.y) +
        ((n * d.out + d.out_first + pd * d.out_step) * h.out + h.out_first + ph * h.out_step) * w.out * g.C * size;
    Window at{taps_inside(d, pd), taps_inside(h, ph), {}, code_at(g.last_step.x_zero, n * g.last_step.row_step, false)};
    const bool adjacent = w.step == 1 && w.tap_step == 1 && w.tap_stride == 1;
    for (int64_t begin = 0; begin < w.grid;) {
        at.w = taps_inside(w, begin);
        int64_t end = begin + 1;
        while (end < w.grid && taps_inside(w, end) == at.w) ++end;
        const int64_t taps = adjacent ? at.w.end - at.w.begin : 0;
        for (int64_t q = begin; q < end;) {
            const int64_t pixels = end - begin >= 8 ? 8 : end - begin >= 4 ? 4 : 1;
            const int64_t first = end - q < pixels ? end - pixels : q;
            const uint8_t* xq = x + (first * w.step + w.first) * g.C;
            uint8_t* yq = y + (w.out_first + first * w.out_step) * g.C * size;
            if (pixels == 8 && taps == 3)
                depthwise_pixels<S, 8, 3>(g, last_step, at, xq, yq, n);
            else if (pixels == 8 && taps == 5)
                depthwise_pixels<S, 8, 5>(g, last_step, at, xq, yq, n);
            else if (pixels == 8)
                depthwise_pixels<S, 8, 0>(g, last_step, at, xq, yq, n);
            else if (pixels == 4)
                depthwise_pixels<S, 4, 0>(g, last_step, at, xq, yq, n);
            else
                depthwise_pixels<S, 1, 0>(g, last_step, at, xq, yq, n);
            q = first + pixels;
        }
        begin = end;
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(quantized_depthwise, QuantizedDepthwiseArgs) {
    Requantization last_step = a.last_step;  // of sums in which the zero points are already subtracted
    last_step.x_zero = nullptr;
    last_step.w_zero = nullptr;
    const bool few = a.axis[0].kernel * a.axis[1].kernel * a.axis[2].kernel <= quantized_depthwise_taps;
    for (int64_t row = r.begin; row < r.end; ++row)
        few ? depthwise_row<FloatSums>(a, last_step, row) : depthwise_row<IntegerSums>(a, last_step, row);
}

}  // namespace netlet::NETLET_ISA
