// Shared by the convolution kernels: a strip of rows, each an output pixel, and the runs of terms that are summed.
#pragma once
#include "ops/conv/pixel_iterator.h"
#include "ops/gemm/epilogue.h"
#include "simd/gather_tile.h"

namespace netlet::NETLET_ISA {

template <class T>
alignas(64) static const T conv_zeros[conv_longest_run] = {};

// ---- a strip of pixels and its runs ----
constexpr int64_t most_runs = conv_most_runs;

// Unused rows keep stale pointers: place_stretch computes with them, and no tile dereferences the result.
template <class T>
struct PixelStrip {
    T* y[most_rows] = {};
    const T* x[most_rows] = {};             // the row's first tap; may be outside of the image
    int64_t at[conv_axes][most_rows] = {};  // and its position along each axis
    bool inside[conv_axes];                 // whether all taps of all rows are, along this axis
};

// Fills the strip with the next `rows` output pixels starting at p and advances p past them.
template <class T>
NETLET_INLINE void place_strip(PixelStrip<T>& s, const ConvArgs& g, Pixel& p, int64_t rows, int64_t group, int64_t j) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t in_pitch = g.groups * g.C, out_pitch = g.groups * g.O;
    int64_t low[conv_axes] = {INT64_MAX, INT64_MAX, INT64_MAX}, high[conv_axes] = {INT64_MIN, INT64_MIN, INT64_MIN};
    for (int64_t i = 0; i < rows;) {  // a row of the grid, or the part of it that is in the strip
        const int64_t id = p.d * d.step + d.first, ih = p.h * h.step + h.first, iw = p.w * w.step + w.first;
        const int64_t od = d.out_first + p.d * d.out_step, oh = h.out_first + p.h * h.out_step;
        const T* x =
            static_cast<const T*>(g.x) + (((p.n * d.in + id) * h.in + ih) * w.in + iw) * in_pitch + group * g.C;
        T* y = static_cast<T*>(g.y) +
               (((p.n * d.out + od) * h.out + oh) * w.out + w.out_first + p.w * w.out_step) * out_pitch + group * g.O +
               j;
        const int64_t n = w.grid - p.w < rows - i ? w.grid - p.w : rows - i;
        const int64_t begin[conv_axes] = {id, ih, iw}, end[conv_axes] = {id, ih, iw + (n - 1) * w.step};
        for (int a = 0; a < conv_axes; ++a) {
            low[a] = begin[a] < low[a] ? begin[a] : low[a];
            high[a] = end[a] > high[a] ? end[a] : high[a];
        }
        for (int64_t k = 0; k < n; ++k, ++i) {
            s.at[0][i] = id;
            s.at[1][i] = ih;
            s.at[2][i] = iw + k * w.step;
            s.x[i] = x + k * w.step * in_pitch;
            s.y[i] = y + k * w.out_step * out_pitch;
        }
        p.w += n - 1;
        next(p, g.axis);
    }
    for (int a = 0; a < conv_axes; ++a)
        s.inside[a] = low[a] >= 0 && high[a] + (g.axis[a].taps - 1) * g.axis[a].tap_step < g.axis[a].in;
}

// A run of terms: its tap (td, th, tw), the offset of its pixels from the row's first tap, its tap in the packed
// kernel, its first channel, and its length.
struct Stretch {
    int64_t td, th, tw, offset, tap, channel, terms;
};

// Calls f for each run: one tap, or a part of its channels. With `whole`, the taps along the last axis are contiguous
// and inside of the image, and form one run.
template <class F>
NETLET_INLINE void each_run(const ConvArgs& g, bool whole, F f) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t pitch = g.groups * g.C, runs = whole ? 1 : w.taps, terms = whole ? w.taps * g.C : g.C;
    for (int64_t td = 0; td < d.taps; ++td)
        for (int64_t th = 0; th < h.taps; ++th)
            for (int64_t tw = 0; tw < runs; ++tw) {
                const int64_t offset = ((td * d.tap_step * h.in + th * h.tap_step) * w.in + tw * w.tap_step) * pitch;
                const int64_t tap = ((d.tap + td * d.tap_stride) * h.kernel + h.tap + th * h.tap_stride) * w.kernel +
                                    w.tap + tw * w.tap_stride;
                for (int64_t k = 0; k < terms; k += conv_longest_run)
                    f(Stretch{td, th, tw, offset + k, tap, k,
                              terms - k < conv_longest_run ? terms - k : conv_longest_run});
            }
}

// Points a[i] at the pixels that row i reads, or at zeros if the tap is outside of the image. False if all rows are.
template <class T>
NETLET_INLINE bool place_stretch(const T** a, const PixelStrip<T>& s, const ConvArgs& g, const Stretch& at,
                                 bool whole) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const uint64_t in_d = (uint64_t)d.in, in_h = (uint64_t)h.in, in_w = whole ? ~(uint64_t)0 : (uint64_t)w.in;
    const int64_t to_d = at.td * d.tap_step, to_h = at.th * h.tap_step, to_w = at.tw * w.tap_step;
    bool some = false;
    for (int i = 0; i < most_rows; ++i) {  // no branch, so that the compiler vectorizes it
        const bool there = ((uint64_t)(s.at[0][i] + to_d) < in_d) & ((uint64_t)(s.at[1][i] + to_h) < in_h) &
                           ((uint64_t)(s.at[2][i] + to_w) < in_w);
        a[i] = there ? s.x[i] + at.offset : conv_zeros<T>;
        some |= there;
    }
    return some;
}

// Applies the activation to a finished strip.
template <class T>
NETLET_INLINE void finish_strip(const PixelStrip<T>& s, const ConvArgs& g, int64_t rows, int64_t columns) {
    if (g.act == Activation::linear) return;
    const int64_t pitch = g.groups * g.O;
    if (s.y[rows - 1] - s.y[0] != (rows - 1) * pitch)
        for (int64_t k = 0; k < rows; ++k) epilogue(g.act, g.alpha, s.y[k], pitch, 1, columns);
    else if (columns == pitch)  // contiguous
        epilogue(g.act, g.alpha, s.y[0], pitch, 1, rows * columns);
    else
        epilogue(g.act, g.alpha, s.y[0], pitch, rows, columns);
}

}  // namespace netlet::NETLET_ISA
