// Convolution as a product whose rows of a are pixels: packing of the kernel, and the product.
#include "dispatch/kernel.h"
#include "ops/conv/pixels.h"
#include "ops/gemm/epilogue.h"
#include "simd/gather_tile.h"
#include "simd/gemm_pack.h"

namespace netlet::NETLET_ISA {

template <class T>
constexpr int64_t conv_panel = 2 * Vec<T>::width;

// One unit is a panel group of one group's columns.
template <class T>
NETLET_INLINE void conv_pack(const ConvPackArgs& g, Range r) {
    static_assert(conv_panel_group % conv_panel<T> == 0, "a group of columns holds whole panels");
    constexpr int64_t NR = conv_panel<T>;
    const int64_t columns = g.transposed ? g.C : g.O, terms = g.transposed ? g.O : g.C, K = g.taps * terms;
    const int64_t blocks = (columns + conv_panel_group - 1) / conv_panel_group, pitch = g.groups * g.O;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t group = unit / blocks, begin = unit % blocks * conv_panel_group;
        const int64_t end = columns - begin < conv_panel_group ? columns : begin + conv_panel_group;
        for (int64_t tap = 0; tap < g.taps; ++tap) {
            const T* w = static_cast<const T*>(g.w) + tap * g.C * pitch + group * g.O;
            T* panels = static_cast<T*>(g.packed) + group * blocks * conv_panel_group * K;
            panels += (g.transposed ? g.taps - 1 - tap : tap) * terms * NR;
            for (int64_t j = begin; j < end; j += NR) {
                const int64_t n = end - j < NR ? end - j : NR;
                if (g.transposed)
                    pack_transposed(panels + j * K, NR, w + j * pitch, pitch, n, terms);
                else
                    pack_rows(panels + j * K, NR, w + j, pitch, n, terms);
            }
        }
    }
}

template <class T>
alignas(64) static const T conv_zeros[conv_longest_run] = {};

// ---- a strip of pixels and its runs ----
constexpr int conv_most_runs = 64;
template <class T>
struct Strip {
    const T* a[conv_most_runs][most_rows];
    Run<T> run[conv_most_runs];
    int64_t count = 0;
    T* y[most_rows];
    const T* x[most_rows];             // where tap 0 of each axis reads (a place that may lie outside)
    int64_t at[conv_axes][most_rows];  // and its position along each axis
};

// Points rows at the pixels from `first` on.
template <class T>
NETLET_INLINE void place_strip(Strip<T>& s, const ConvArgs& g, int64_t first, int64_t rows, int64_t group) {
    const ConvAxis *d = &g.axis[0], *h = &g.axis[1], *w = &g.axis[2];
    Pixel p = pixel_at(g.axis, first);
    const int64_t in_pitch = g.groups * g.C, out_pitch = g.groups * g.O;
    for (int64_t i = 0; i < rows; ++i, next(p, g.axis)) {
        const int64_t id = p.d * d->step + d->first, ih = p.h * h->step + h->first, iw = p.w * w->step + w->first;
        s.at[0][i] = id;
        s.at[1][i] = ih;
        s.at[2][i] = iw;
        s.x[i] = static_cast<const T*>(g.x) + (((p.n * d->in + id) * h->in + ih) * w->in + iw) * in_pitch + group * g.C;
        const int64_t od = d->out_first + p.d * d->out_step, oh = h->out_first + p.h * h->out_step,
                      ow = w->out_first + p.w * w->out_step;
        s.y[i] = static_cast<T*>(g.y) + (((p.n * d->out + od) * h->out + oh) * w->out + ow) * out_pitch + group * g.O;
    }
}

NETLET_INLINE bool inside(int64_t at, int64_t extent) { return (uint64_t)at < (uint64_t)extent; }

// The product of a strip with the runs gathered so far, for columns j0... of the packed kernel at b.
template <class T>
NETLET_INLINE void flush(Strip<T>& s, const T* bias, int64_t rows, int64_t columns, int64_t K, bool& accumulate) {
    GatherTile<T> tile{s.run, s.count, 1, 0, 0, s.y, 0, bias, accumulate, 0};
    gather_columns<T, true>(tile, rows, columns, K * conv_panel<T>);
    accumulate = true;
    s.count = 0;
}

template <class T>
NETLET_INLINE void conv_strip(Strip<T>& s, const ConvArgs& g, const T* b, const T* bias, int64_t rows,
                              int64_t columns) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t pitch = g.groups * g.C, K = d.kernel * h.kernel * w.kernel * g.C;
    // Where all pixels of all taps along the last axis are there, and lie side by side, these are one run.
    bool one_run = g.groups == 1 && w.tap_step == 1 && w.tap_stride == 1;
    for (int64_t i = 0; i < rows; ++i)
        one_run = one_run && s.at[2][i] >= 0 && s.at[2][i] + (w.taps - 1) * w.tap_step < w.in;
    const int64_t runs = one_run ? 1 : w.taps, terms = one_run ? w.taps * g.C : g.C;
    bool accumulate = g.accumulate;
    for (int64_t td = 0; td < d.taps; ++td)
        for (int64_t th = 0; th < h.taps; ++th) {
            const int64_t row = (d.tap + td * d.tap_stride) * h.kernel + h.tap + th * h.tap_stride;
            const int64_t to_row = (td * d.tap_step * h.in + th * h.tap_step) * w.in * pitch;
            for (int64_t tw = 0; tw < runs; ++tw) {
                const int64_t offset = to_row + tw * w.tap_step * pitch;
                const T* b_tap = b + (row * w.kernel + w.tap + tw * w.tap_stride) * g.C * conv_panel<T>;
                for (int64_t k = 0; k < terms; k += conv_longest_run) {
                    const T** a = s.a[s.count];
                    bool some = false;
                    for (int64_t i = 0; i < rows; ++i) {
                        const bool there = inside(s.at[0][i] + td * d.tap_step, d.in) &
                                           inside(s.at[1][i] + th * h.tap_step, h.in) &
                                           (one_run | inside(s.at[2][i] + tw * w.tap_step, w.in));
                        a[i] = there ? s.x[i] + offset + k : conv_zeros<T>;
                        some |= there;
                    }
                    if (!some) break;
                    s.run[s.count] = {a, b_tap + k * conv_panel<T>,
                                      terms - k < conv_longest_run ? terms - k : conv_longest_run};
                    if (++s.count == conv_most_runs) flush(s, bias, rows, columns, K, accumulate);
                }
            }
        }
    if (s.count || !accumulate) flush(s, bias, rows, columns, K, accumulate);
}

template <class T>
NETLET_INLINE void conv_gather(const ConvArgs& g, Range r) {
    constexpr int64_t most = max_rows(2);
    const int64_t pixels = g.batch * g.axis[0].grid * g.axis[1].grid * g.axis[2].grid;
    const int64_t m_blocks = (pixels + g.mb - 1) / g.mb, n_blocks = (g.O + g.nb - 1) / g.nb;
    const int64_t K = g.axis[0].kernel * g.axis[1].kernel * g.axis[2].kernel * g.C;
    const int64_t padded = (g.O + conv_panel_group - 1) / conv_panel_group * conv_panel_group;
    Strip<T> s;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t j = unit % n_blocks * g.nb, m = unit / n_blocks % m_blocks * g.mb,
                      group = unit / n_blocks / m_blocks;
        const int64_t columns = g.O - j < g.nb ? g.O - j : g.nb, end = pixels - m < g.mb ? pixels : m + g.mb;
        const T* b = static_cast<const T*>(g.w) + (group * padded + j) * K;
        const T* bias = g.bias ? static_cast<const T*>(g.bias) + group * g.O + j : nullptr;
        for (int64_t i = m; i < end;) {
            const int64_t strips = (end - i + most - 1) / most, rows = (end - i) / strips;
            place_strip(s, g, i, rows, group);
            for (int64_t k = 0; k < rows; ++k) s.y[k] += j;
            conv_strip(s, g, b, bias, rows, columns);
            if (g.act != Activation::linear) {
                const int64_t pitch = g.groups * g.O;
                if (s.y[rows - 1] - s.y[0] == (rows - 1) * pitch)
                    epilogue(g.act, g.alpha, s.y[0], pitch, rows, columns);
                else
                    for (int64_t k = 0; k < rows; ++k) epilogue(g.act, g.alpha, s.y[k], pitch, 1, columns);
            }
            i += rows;
        }
    }
}

#define NETLET_CONV_KERNELS(T, suffix)                                                                                 \
    NETLET_DEFINE_KERNEL(conv_pack_##suffix, ConvPackArgs) { conv_pack<T>(a, r); }                                     \
    NETLET_DEFINE_KERNEL(conv_gather_##suffix, ConvArgs) { conv_gather<T>(a, r); }
NETLET_CONV_KERNELS(float, f32)
NETLET_CONV_KERNELS(double, f64)

}  // namespace netlet::NETLET_ISA
