// Depthwise convolution of codes. SIMD lanes are channels. A sum of few products of codes is exact in float32, where a
// multiply-add is one instruction; more taps are summed in int32.
#include "dispatch/kernel.h"
#include "ops/conv/quantized_conv_args.h"
#include "ops/quant/requantize.h"

namespace netlet::NETLET_ISA {

namespace {

struct FloatSums {
    using V = Vec<float>;
    static constexpr bool sliding = true;  // fast paths: many pixels, few adjacent taps
    static NETLET_MEMBER_INLINE V code(VecI v) { return to_float(v); }
    static NETLET_MEMBER_INLINE V weight(Vec<float> v) { return v; }
    static NETLET_MEMBER_INLINE VecI whole(V v) { return to_int_trunc(v); }
    static NETLET_MEMBER_INLINE V multiply_add(V a, V b, V c) { return fma(a, b, c); }
};
struct IntegerSums {
    using V = VecI;
    static constexpr bool sliding = false;
    static NETLET_MEMBER_INLINE V code(VecI v) { return v; }
    static NETLET_MEMBER_INLINE V weight(Vec<float> v) { return to_int_trunc(v); }
    static NETLET_MEMBER_INLINE VecI whole(V v) { return v; }
    static NETLET_MEMBER_INLINE V multiply_add(V a, V b, V c) { return a * b + c; }
};

constexpr int64_t most_pixels = 8;
constexpr int64_t channel_block = 256;

NETLET_INLINE VecI load_codes(AllLanes<Vec<float>>, const uint8_t* p) { return load_u8(p); }
NETLET_INLINE VecI load_codes(FirstLanes<Vec<float>> lanes, const uint8_t* p) { return load_u8_n(p, lanes.n); }

// Sums of P pixels for one vector of channels. With K > 0 there are K adjacent taps along the last axis, and neighbouring
// pixels are `Step` pixels of x apart: each pixel of x is converted once for all of its taps. The zero point of x is
// subtracted at the end, times the sum of the weights.
template <class S, int P, int K, int Step, class Lanes>
NETLET_INLINE void depthwise_sums(const QuantizedDepthwiseArgs& g, Lanes lanes, const uint8_t* x, const float* w,
                                  int32_t x_zero, int32_t* sums) {
    using V = typename S::V;
    const ConvAxis &D = g.axis[0], &H = g.axis[1], &X = g.axis[2];
    const int64_t x_step = X.step * g.C;
    V acc[P], weights = V::zero();
    NETLET_UNROLL(8)
    for (int p = 0; p < P; ++p) acc[p] = V::zero();
    for (int64_t d = 0; d < D.taps; ++d)
        for (int64_t h = 0; h < H.taps; ++h) {
            const uint8_t* xk = x + (d * D.tap_step * H.in + h * H.tap_step) * X.in * g.C;
            if constexpr (K > 0) {
                V tap[K];
                NETLET_UNROLL(5)
                for (int k = 0; k < K; ++k, w += g.C) {
                    tap[k] = S::weight(lanes.load(w));
                    weights += tap[k];
                }
                NETLET_UNROLL(20)
                for (int q = 0; q < (P - 1) * Step + K; ++q) {
                    const V pixel = S::code(load_codes(lanes, xk + q * g.C));
                    NETLET_UNROLL(5)
                    for (int k = 0; k < K; ++k)
                        if (const int p = (q - k) / Step; q >= k && p * Step == q - k && p < P)
                            acc[p] = S::multiply_add(pixel, tap[k], acc[p]);
                }
            } else {
                for (int64_t k = 0; k < X.taps; ++k, w += g.C, xk += X.tap_step * g.C) {
                    const V tap = S::weight(lanes.load(w));
                    weights += tap;
                    NETLET_UNROLL(8)
                    for (int p = 0; p < P; ++p)
                        acc[p] = S::multiply_add(S::code(load_codes(lanes, xk + p * x_step)), tap, acc[p]);
                }
            }
        }
    const V of_x_zero = S::code(VecI::set1(-x_zero)) * weights;
    NETLET_UNROLL(8)
    for (int p = 0; p < P; ++p) S::whole(acc[p] + of_x_zero).store(sums + p * channel_block);
}

// The same for a block of channels. The last vector overlaps the one before it, unless there is only one.
template <class S, int P, int K, int Step>
static void sums_of_block(const QuantizedDepthwiseArgs& g, const uint8_t* x, const float* w, int64_t channels,
                          int32_t x_zero, int32_t* sums) {
    constexpr int64_t W = VecI::width;
    static_assert(channel_block % W == 0, "whole vectors are stored");
    if (channels < W) return depthwise_sums<S, P, 0, 0>(g, FirstLanes<Vec<float>>{channels}, x, w, x_zero, sums);
    for (int64_t k = 0; k < channels; k += W) {
        const int64_t c = k + W > channels ? channels - W : k;
        depthwise_sums<S, P, K, Step>(g, AllLanes<Vec<float>>{}, x + c, w + c, x_zero, sums + c);
    }
}

using SumsOfBlock = void (*)(const QuantizedDepthwiseArgs&, const uint8_t*, const float*, int64_t, int32_t, int32_t*);

template <class S, int P>
NETLET_INLINE SumsOfBlock sums_of_pixels(const ConvAxis& w) {
    if constexpr (P > 1 && S::sliding) {
        const int64_t taps = w.tap_step == 1 ? w.taps : 0;
        if (w.step == 1 && taps == 3) return sums_of_block<S, P, 3, 1>;
        if (w.step == 1 && taps == 5) return sums_of_block<S, P, 5, 1>;
        if (w.step == 2 && taps == 3) return sums_of_block<S, P, 3, 2>;
        if (w.step == 2 && taps == 5) return sums_of_block<S, P, 5, 2>;
    }
    return sums_of_block<S, P, 0, 0>;
}

// Pixels are computed 8 or 4 at a time, the last ones of a row again together with some before them.
template <class S>
NETLET_INLINE void depthwise_row(const QuantizedDepthwiseArgs& g, const Requantization& last_step, int64_t row) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t ph = row % h.grid, pd = row / h.grid % d.grid, n = row / h.grid / d.grid;
    const int64_t size = last_step.y_scale ? 1 : 4, most = S::sliding ? 8 : 4;
    const int32_t x_zero = code_at(g.last_step.x_zero, n * g.last_step.row_step, false);
    const int64_t first_pixel = ((n * d.in + pd * d.step + d.first) * h.in + ph * h.step + h.first) * w.in + w.first;
    alignas(64) int32_t sums[most_pixels * channel_block];
    RequantizedRow of_row[most_pixels];
    for (RequantizedRow& of : of_row) of = RequantizedRow(last_step, 0, n);
    for (int64_t q = 0, pixels; q < w.grid; q += pixels) {
        const int64_t left = w.grid - q;
        pixels = left >= most ? most : w.grid >= 4 ? 4 : 1;
        if (left < pixels) q = w.grid - pixels;
        const SumsOfBlock sums_of = pixels == 8   ? sums_of_pixels<S, S::sliding ? 8 : 4>(w)
                                    : pixels == 4 ? sums_of_pixels<S, 4>(w)
                                                  : sums_of_pixels<S, 1>(w);
        for (int64_t begin = 0; begin < g.C; begin += channel_block) {
            const int64_t end = g.C - begin < channel_block ? g.C : begin + channel_block;
            const int64_t c = end - begin < VecI::width && begin > 0 ? end - VecI::width : begin;
            sums_of(g, g.x + (first_pixel + q * w.step) * g.C + c, g.w + c, end - c, x_zero, sums);
            requantize_block(last_step, sums, channel_block, of_row, pixels, c, end - c,
                             static_cast<uint8_t*>(g.y) + ((row * w.grid + q) * g.C + c) * size, g.C);
        }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(quantized_depthwise, QuantizedDepthwiseArgs) {
    Requantization last_step = a.last_step;  // of sums from which the zero points are already subtracted
    last_step.x_zero = nullptr;
    last_step.w_zero = nullptr;
    const bool few = a.axis[0].taps * a.axis[1].taps * a.axis[2].taps <= quantized_depthwise_taps;
    for (int64_t row = r.begin; row < r.end; ++row)
        few ? depthwise_row<FloatSums>(a, last_step, row) : depthwise_row<IntegerSums>(a, last_step, row);
}

}  // namespace netlet::NETLET_ISA
