#include "dispatch/kernel.h"
#include "ops/quant/quantize_line.h"

namespace netlet::NETLET_ISA {

namespace {

// ---- one kernel: range, scale and codes ---------------------------------------------------------------------------
template <bool absolute, class T>
NETLET_INLINE void quantize_lines(const QuantizeArgs<T>& a, Range r) {
    const Encoder<T> encode(a.kind);
    for (int64_t o = r.begin; o < r.end; ++o) {
        T low, high;
        range_of<absolute>(a.x + o * a.n, a.n, low, high);
        const Code<T> code = code_of(a.kind, low, high);
        a.scale[o] = code.scale;
        if (a.zero) a.zero[o] = to_byte((double)code.zero);
        encode.line(a.x + o * a.n, a.q + o * a.n, a.n, OneScale<T>{Vec<T>::set1(code.scale), Vec<T>::set1(code.zero)});
    }
}

template <bool absolute, class T>
NETLET_INLINE void quantize_columns(const QuantizeArgs<T>& a, Range r) {
    using V = Vec<T>;
    const Encoder<T> encode(a.kind);
    const int64_t tiles = (a.inner + quantize_tile - 1) / quantize_tile;
    T low[quantize_tile], high[quantize_tile];  // later the zero points and scales
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t first = unit % tiles * quantize_tile, o = unit / tiles;
        const int64_t columns = a.inner - first < quantize_tile ? a.inner - first : quantize_tile;
        const T* x = a.x + o * a.n * a.inner + first;
        for (int64_t j = 0; j < quantize_tile; ++j) low[j] = high[j] = T(0);
        for (int64_t k = 0; k < a.n; ++k)
            for (int64_t j = 0; j < columns; j += V::width) {
                Extent<T> e{V::load(low + j), V::load(high + j)};
                const T* p = x + k * a.inner + j;
                e.template add<absolute>(columns - j >= V::width ? V::load(p) : V::load_n(p, columns - j));
                e.low.store(low + j);
                e.high.store(high + j);
            }
        for (int64_t j = 0; j < columns; ++j) {
            const Code<T> code = code_of(a.kind, low[j], high[j]);
            a.scale[o * a.inner + first + j] = high[j] = code.scale;
            low[j] = code.zero;
            if (a.zero) a.zero[o * a.inner + first + j] = to_byte((double)code.zero);
        }
        uint8_t* q = a.q + o * a.n * a.inner + first;
        for (int64_t k = 0; k < a.n; ++k)
            encode.line(x + k * a.inner, q + k * a.inner, columns, ScaleArrays<T>{high, low});
    }
}

template <class T>
NETLET_INLINE void quantize(const QuantizeArgs<T>& a, Range r) {
    const bool absolute = a.kind == Quantizer::absmax_i8;
    if (a.inner == 1)
        return absolute ? quantize_lines<true>(a, r) : quantize_lines<false>(a, r);
    else
        return absolute ? quantize_columns<true>(a, r) : quantize_columns<false>(a, r);
}

// ---- three kernels: range, scale, codes ---------------------------------------------------------------------------
NETLET_INLINE int64_t piece_size(int64_t n, int64_t piece) {
    const int64_t left = n - piece * quantize_piece;
    return left < quantize_piece ? left : quantize_piece;
}

template <class T>
NETLET_INLINE void quantize_range(const QuantizeRangeArgs<T>& a, Range r) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t piece = unit % a.pieces, size = piece_size(a.n, piece);
        const T* x = a.x + unit / a.pieces * a.n + piece * quantize_piece;
        T unused;
        if (a.low)
            range_of<false>(x, size, a.low[unit], a.high[unit]);
        else
            range_of<true>(x, size, unused, a.high[unit]);
    }
}

template <class T>
NETLET_INLINE void quantize_scale(const QuantizeScaleArgs<T>& a, Range r) {
    for (int64_t o = r.begin; o < r.end; ++o) {
        T low = T(0), high, unused;
        range_of<true>(a.high + o * a.pieces, a.pieces, unused, high);  // no high is below 0
        if (a.low) range_of<false>(a.low + o * a.pieces, a.pieces, low, unused);
        const Code<T> code = code_of(a.kind, low, high);
        a.scale[o] = code.scale;
        if (a.zero) a.zero[o] = to_byte((double)code.zero);
    }
}

template <class T>
NETLET_INLINE void quantize_codes(const QuantizeCodesArgs<T>& a, Range r) {
    const Encoder<T> encode(a.kind);
    const bool is_signed = a.kind != Quantizer::zeropoint_u8;
    T scales[quantize_tile], zeros[quantize_tile];
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        if (a.inner > 1) {
            const int64_t from = unit / a.n * a.inner;  // offset of this row's scales
            for (int64_t j = 0; j < a.inner; j += quantize_tile) {
                const int64_t columns = a.inner - j < quantize_tile ? a.inner - j : quantize_tile;
                for (int64_t k = 0; k < columns; ++k) {
                    scales[k] = a.scale[from + j + k];
                    zeros[k] = zero_at<T>(a.zero, from + j + k, is_signed);
                }
                const int64_t at = unit * a.inner + j;
                encode.line(a.x + at, a.q + at, columns, ScaleArrays<T>{scales, zeros});
            }
            continue;
        }
        const int64_t o = unit / a.pieces, piece = unit % a.pieces, at = o * a.n + piece * quantize_piece;
        const T zero = zero_at<T>(a.zero, o, is_signed);
        encode.line(a.x + at, a.q + at, piece_size(a.n, piece),
                    OneScale<T>{Vec<T>::set1(a.scale[o]), Vec<T>::set1(zero)});
    }
}

// ---- dequantization -----------------------------------------------------------------------------------------------
NETLET_INLINE void store_product(VecI c, const float* scale, const float* zero, float* y, int64_t n, int64_t step) {
    using V = Vec<float>;
    const V s = step ? V::load_n(scale, n) : V::set1(*scale), z = step ? V::load_n(zero, n) : V::set1(*zero);
    const V v = (to_float(c) - z) * s;
    if (n >= V::width)
        v.store(y);
    else
        v.store_n(y, n);
}
NETLET_INLINE void store_product(VecI c, const double* scale, const double* zero, double* y, int64_t n, int64_t step) {
    using V = Vec<double>;
    constexpr int64_t upper = VecI::width - V::width;
    const Vec<float> f = to_float(c);
    for (int64_t i = 0; i <= upper && i < n; i += V::width) {
        const int64_t m = n - i < V::width ? n - i : (int64_t)V::width;
        const V s = step ? V::load_n(scale + i, m) : V::set1(*scale),
                z = step ? V::load_n(zero + i, m) : V::set1(*zero);
        (((i ? widen_high(f) : widen_low(f)) - z) * s).store_n(y + i, m);
    }
}

template <bool is_signed, class T>
NETLET_INLINE void decode_line(const uint8_t* q, const T* scale, const T* zero, int64_t step, T* y, int64_t n) {
    int64_t i = 0;
    for (; i + VecI::width <= n; i += VecI::width)
        store_product(is_signed ? load_i8(q + i) : load_u8(q + i), scale + i * step, zero + i * step, y + i,
                      VecI::width, step);
    if (i < n)
        store_product(is_signed ? load_i8_n(q + i, n - i) : load_u8_n(q + i, n - i), scale + i * step, zero + i * step,
                      y + i, n - i, step);
}

template <bool is_signed, class T>
NETLET_INLINE void dequantize(const DequantizeArgs<T>& a, Range r) {
    T zeros[quantize_tile];
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        if (a.inner == 1) {
            const int64_t o = unit / a.pieces, piece = unit % a.pieces, at = o * a.n + piece * quantize_piece;
            zeros[0] = zero_at<T>(a.zero, o, is_signed);
            decode_line<is_signed>(a.q + at, a.scale + o, zeros, 0, a.y + at, piece_size(a.n, piece));
            continue;
        }
        const int64_t from = unit / a.n * a.inner;  // offset of this row's scales
        for (int64_t j = 0; j < a.inner; j += quantize_tile) {
            const int64_t columns = a.inner - j < quantize_tile ? a.inner - j : quantize_tile;
            for (int64_t k = 0; k < columns; ++k) zeros[k] = zero_at<T>(a.zero, from + j + k, is_signed);
            decode_line<is_signed>(a.q + unit * a.inner + j, a.scale + from + j, zeros, 1, a.y + unit * a.inner + j,
                                   columns);
        }
    }
}

}  // namespace

#define NETLET_QUANT_KERNELS(suffix, T)                                                                                \
    NETLET_DEFINE_KERNEL(quantize_##suffix, QuantizeArgs<T>) { quantize(a, r); }                                       \
    NETLET_DEFINE_KERNEL(quantize_range_##suffix, QuantizeRangeArgs<T>) { quantize_range(a, r); }                      \
    NETLET_DEFINE_KERNEL(quantize_scale_##suffix, QuantizeScaleArgs<T>) { quantize_scale(a, r); }                      \
    NETLET_DEFINE_KERNEL(quantize_codes_##suffix, QuantizeCodesArgs<T>) { quantize_codes(a, r); }                      \
    NETLET_DEFINE_KERNEL(dequantize_##suffix, DequantizeArgs<T>) {                                                     \
        a.is_signed ? dequantize<true>(a, r) : dequantize<false>(a, r);                                                \
    }
NETLET_QUANT_KERNELS(f32, float)
NETLET_QUANT_KERNELS(f64, double)

}  // namespace netlet::NETLET_ISA
