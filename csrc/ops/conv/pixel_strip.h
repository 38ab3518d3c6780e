// The parts that the pixel products share: a strip of rows, one row per output pixel, and the runs of terms along which
// the rows are multiplied.
#pragma once
#include "ops/conv/pixel_iterator.h"
#include "ops/gemm/epilogue.h"
#include "simd/gather_tile.h"

namespace netlet::NETLET_ISA {

template <class T>
alignas(64) static const T conv_zeros[conv_longest_run] = {};

// ---- a strip of pixels and its runs ----
constexpr int64_t most_runs = conv_most_runs;

// Unused rows keep stale pointers. place_stretch computes addresses for them too; the product never reads those.
template <class T>
struct PixelStrip {
    T* y[most_rows] = {};
    const T* x[most_rows] = {};             // address that the first tap of each axis reads; it may lie outside x
    int64_t at[conv_axes][most_rows] = {};  // position of that tap along each axis
    bool inside[conv_axes];                 // whether all taps of all rows are inside x along this axis
};

// Fills the strip with the next `rows` output pixels starting at p, and advances p past them.
template <class T>
NETLET_INLINE void place_strip(PixelStrip<T>& s, const ConvArgs& g, Pixel& p, int64_t rows, int64_t group, int64_t j) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t in_pitch = g.groups * g.C, out_pitch = g.groups * g.O;
    int64_t low[conv_axes] = {INT64_MAX, INT64_MAX, INT64_MAX}, high[conv_axes] = {INT64_MIN, INT64_MIN, INT64_MIN};
    for (int64_t i = 0; i < rows;) {  // one row of the grid, or its part inside the strip
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

// A run of terms: its tap (td, th, tw), its offset from the row's first tap, its tap number in the packed kernel, the
// first channel, and the number of terms.
struct Stretch {
    int64_t td, th, tw, offset, tap, channel, terms;
};

// Whether the taps along the last axis are adjacent in x and w.
NETLET_INLINE bool side_by_side(const ConvArgs& g) {
    return g.groups == 1 && g.axis[2].tap_step == 1 && g.axis[2].tap_stride == 1;
}

// Calls f for each tap, or each piece of at most conv_longest_run of its channels. `whole` merges the taps along the
// last axis into one run; that requires adjacent taps in x and w, and no tap outside x along that axis.
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

// Sets a[i] to the address that row i reads; a row whose tap is outside x reads zeros. Returns false if all rows do.
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

// Applies the activation to a finished strip, columns j... of one group.
template <class T>
NETLET_INLINE void finish_strip(const PixelStrip<T>& s, const ConvArgs& g, int64_t rows, int64_t columns) {
    if (g.act == Activation::linear) return;
    const int64_t pitch = g.groups * g.O;
    if (s.y[rows - 1] - s.y[0] != (rows - 1) * pitch)
        for (int64_t k = 0; k < rows; ++k) epilogue(g.act, g.alpha, s.y[k], pitch, 1, columns);
    else if (columns == pitch)  // the strip is contiguous
        epilogue(g.act, g.alpha, s.y[0], pitch, 1, rows * columns);
    else
        epilogue(g.act, g.alpha, s.y[0], pitch, rows, columns);
}

}  // namespace netlet::NETLET_ISA
