// The last step of an integer product, on rows of sums that are still in the cache: requantize_args.h.
#pragma once
#include "ops/activation/fusable_activations.h"
#include "ops/quant/requantize_args.h"
#include "simd/bytes.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE int32_t code_at(const uint8_t* codes, int64_t i, bool is_signed) {
    return !codes ? 0 : is_signed ? (int8_t)codes[i] : codes[i];
}

NETLET_INLINE void store_values(AllLanes<Vec<float>>, Vec<float> v, float* y) { v.store(y); }
NETLET_INLINE void store_values(FirstLanes<Vec<float>> lanes, Vec<float> v, float* y) { v.store_n(y, lanes.n); }
NETLET_INLINE void store_codes(AllLanes<Vec<float>>, VecI v, uint8_t* q) { store_low_bytes(v, q); }
NETLET_INLINE void store_codes(FirstLanes<Vec<float>> lanes, VecI v, uint8_t* q) { store_low_bytes_n(v, q, lanes.n); }

// One row: acc holds the sums of columns [j, j + columns). `row` is the row of x_sums, `sample` that of x_scale and
// x_zero. y points at the first result: float32, or codes if y_scale is set.
template <Activation act>
NETLET_INLINE void requantize_row(const Requantization& q, const int32_t* acc, int64_t row, int64_t sample, int64_t j,
                                  int64_t columns, void* y) {
    using V = Vec<float>;
    const int64_t at = sample * q.row_step;
    const int32_t x_zero = code_at(q.x_zero, at, q.x_signed);
    const V x_scale = V::set1(q.x_scale[at]);
    const VecI minus_zero = VecI::set1(-x_zero);
    const VecI of_w_zero = VecI::set1(q.w_zero ? -(q.x_sums[row] - (int32_t)q.terms * x_zero) : 0);
    const V lowest = V::set1(q.y_signed ? -128.0f : 0.0f), highest = V::set1(q.y_signed ? 127.0f : 255.0f);
    const V y_scale = V::set1(q.y_scale ? *q.y_scale : 1.0f);
    const V y_zero = V::set1(q.y_scale ? (float)code_at(q.y_zero, 0, q.y_signed) : 0.0f);
    each_vector<V>({0, columns}, [&](auto lanes, int64_t k) NETLET_INLINE_LAMBDA {
        const int64_t n = lanes.n;
        const int64_t c = j + k;
        VecI s = load_lanes<VecI>(acc + k, n);
        if (x_zero) s = s + minus_zero * load_lanes<VecI>(q.w_sums + c, n);
        if (q.w_zero) s = s + of_w_zero * load_i8_n(reinterpret_cast<const uint8_t*>(q.w_zero) + c, n);
        if (q.integer_bias) s = s + load_lanes<VecI>(q.integer_bias + c, n);
        const V w_scale = q.column_step ? lanes.load(q.w_scale + c) : V::set1(*q.w_scale);
        V v = to_float(s) * (x_scale * w_scale);
        if (q.bias) v = v + lanes.load(q.bias + c);
        v = activate(act, v, (float)q.alpha);
        if (!q.y_scale) return store_values(lanes, v, static_cast<float*>(y) + k);
        const V code = round_even(v / y_scale) + y_zero;
        const V kept = select(is_nan(code), V::zero(), min(max(code, lowest), highest));
        store_codes(lanes, to_int_trunc(kept), static_cast<uint8_t*>(y) + k);
    });
}

// Calls f.template operator()<act>() with the activation as a constant.
template <class F>
NETLET_INLINE void with_activation(Activation act, const F& f) {
    switch (act) {
        case Activation::relu: return f.template operator()<Activation::relu>();
        case Activation::leaky_relu: return f.template operator()<Activation::leaky_relu>();
        case Activation::sigmoid: return f.template operator()<Activation::sigmoid>();
        case Activation::tanh: return f.template operator()<Activation::tanh>();
        case Activation::elu: return f.template operator()<Activation::elu>();
        case Activation::exponential: return f.template operator()<Activation::exponential>();
        default: return f.template operator()<Activation::linear>();
    }
}

}  // namespace netlet::NETLET_ISA
