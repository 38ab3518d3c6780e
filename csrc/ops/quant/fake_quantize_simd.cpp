// Gradients of fake quantization with given scales: FakeQuantizeBwdArgs in quant_args.h.
#include "dispatch/kernel.h"
#include "ops/quant/quant_code.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

namespace {

// Elements [at, at + n), n > 0, whose scales are scale + i * step for element i.
template <class T>
NETLET_INLINE void gradients(const FakeQuantizeBwdArgs<T>& a, int64_t at, int64_t n, const T* scale, const T* zero,
                             int64_t step) {
    using V = Vec<T>;
    const V lowest = V::set1((T)lowest_code(a.kind)), highest = V::set1((T)highest_code(a.kind));
    each_vector<V>({0, n}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V s = step ? lanes.load(scale + i) : V::set1(*scale), z = step ? lanes.load(zero + i) : V::set1(*zero);
        const V dy = lanes.load(a.dy + at + i), steps = lanes.load(a.x + at + i) / s;
        const V rounded = round_even(steps), code = rounded + z;
        const auto below = lt(code, lowest), above = gt(code, highest);
        const auto outside = below | above | is_nan(code);
        if (a.dx) {
            V dx = select(outside, V::zero(), dy);
            if (a.accumulate) dx = lanes.load(a.dx + at + i) + dx;
            lanes.store(dx, a.dx + at + i);
        }
        if (a.dscale) {
            const V slope = select(below, lowest - z, select(above, highest - z, rounded - steps));
            lanes.store(select(is_nan(code), V::zero(), dy * slope), a.dscale + at + i);
        }
    });
}

template <class T>
NETLET_INLINE void fake_quantize_bwd(const FakeQuantizeBwdArgs<T>& a, Range r) {
    const bool is_signed = a.kind != Quantizer::zeropoint_u8;
    T zeros[quantize_tile];
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        if (a.inner == 1) {
            const int64_t o = unit / a.pieces, first = unit % a.pieces * quantize_piece, left = a.n - first;
            zeros[0] = zero_at<T>(a.zero, o, is_signed);
            gradients(a, o * a.n + first, left < quantize_piece ? left : quantize_piece, a.scale + o, zeros, 0);
            continue;
        }
        const int64_t from = unit / a.n * a.inner;  // offset of this row's scales
        for (int64_t j = 0; j < a.inner; j += quantize_tile) {
            const int64_t columns = a.inner - j < quantize_tile ? a.inner - j : quantize_tile;
            for (int64_t k = 0; k < columns; ++k) zeros[k] = zero_at<T>(a.zero, from + j + k, is_signed);
            gradients(a, unit * a.inner + j, columns, a.scale + from + j, zeros, 1);
        }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(fake_quantize_bwd_f32, FakeQuantizeBwdArgs<float>) { fake_quantize_bwd(a, r); }
NETLET_DEFINE_KERNEL(fake_quantize_bwd_f64, FakeQuantizeBwdArgs<double>) { fake_quantize_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
