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
constexpr int64_t most_runs = 64;

// Rows beyond the strip's own hold what was there before: they are computed with, and never followed.
template <class T>
struct Strip {
    T* y[most_rows] = {};
    const T* x[most_rows] = {};             // where the first tap of each axis reads (a place that may lie outside)
    int64_t at[conv_axes][most_rows] = {};  // and its position along each axis
    bool inside[conv_axes];                 // all taps of all rows are, along this axis
};

// Points the strip at the pixels from p on, and p behind them.
template <class T>
NETLET_INLINE void place_strip(Strip<T>& s, const ConvArgs& g, Pixel& p, int64_t rows, int64_t group, int64_t j) {
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

// The stretches of terms that a strip's rows have in common, and where their rows of the packed kernel are.
template <class T>
struct Runs {
    const T* a[most_runs][most_rows];
    Run<T> run[most_runs];
    int64_t count;
};

// Calls f(td, th, tw, offset, row, terms) for each: a tap and where it reads, or a piece of its channels; the taps along the
// last axis together where they lie side by side and none is outside (`whole`).
template <class T, class F>
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
                    f(td, th, tw, offset + k, (tap * g.C + k) * conv_panel<T>,
                      terms - k < conv_longest_run ? terms - k : conv_longest_run);
            }
}

NETLET_INLINE bool side_by_side(const ConvArgs& g) {
    return g.groups == 1 && g.axis[2].tap_step == 1 && g.axis[2].tap_stride == 1;
}

// Where everything is inside, strips differ only in where their rows begin.
template <class T>
NETLET_INLINE int64_t inner_runs(Run<T>* run, const ConvArgs& g, const T* const* rows, const T* b) {
    int64_t count = 0;
    each_run<T>(g, side_by_side(g), [&](int64_t, int64_t, int64_t, int64_t offset, int64_t row, int64_t terms) {
        if (count < most_runs) run[count] = {rows, offset, b + row, terms};
        ++count;
    });
    return count;
}

// At an edge each run has rows of its own: what lies outside is read from zeros. More runs than there is room for are
// multiplied in turns.
template <class T>
NETLET_INLINE void edge_strip(Runs<T>& runs, const Strip<T>& s, const ConvArgs& g, const T* b, GatherTile<T> tile,
                              int64_t rows, int64_t columns, int64_t panel) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const bool whole = side_by_side(g) && s.inside[2];
    auto flush = [&] {
        tile.runs = runs.run;
        tile.count = runs.count;
        gather_columns<T, true>(tile, rows, columns, panel);
        tile.accumulate = true;
        runs.count = 0;
    };
    runs.count = 0;
    each_run<T>(g, whole, [&](int64_t td, int64_t th, int64_t tw, int64_t offset, int64_t row, int64_t terms) {
        const T** a = runs.a[runs.count];
        const uint64_t in_d = (uint64_t)d.in, in_h = (uint64_t)h.in, in_w = whole ? ~(uint64_t)0 : (uint64_t)w.in;
        const int64_t to_d = td * d.tap_step, to_h = th * h.tap_step, to_w = tw * w.tap_step;
        for (int i = 0; i < most_rows; ++i) {  // no branch, so that it becomes vectors
            const bool there = ((uint64_t)(s.at[0][i] + to_d) < in_d) & ((uint64_t)(s.at[1][i] + to_h) < in_h) &
                               ((uint64_t)(s.at[2][i] + to_w) < in_w);
            a[i] = there ? s.x[i] + offset : conv_zeros<T>;
        }
        runs.run[runs.count] = {a, 0, b + row, terms};
        if (++runs.count == most_runs) flush();
    });
    if (runs.count || !tile.accumulate) flush();
}

template <class T>
NETLET_INLINE void conv_gather(const ConvArgs& g, Range r) {
    constexpr int64_t most = max_rows(2);
    const int64_t pixels = g.batch * g.axis[0].grid * g.axis[1].grid * g.axis[2].grid;
    const int64_t m_blocks = (pixels + g.mb - 1) / g.mb, n_blocks = (g.O + g.nb - 1) / g.nb;
    const int64_t K = g.axis[0].kernel * g.axis[1].kernel * g.axis[2].kernel * g.C;
    const int64_t padded = (g.O + conv_panel_group - 1) / conv_panel_group * conv_panel_group;
    Strip<T> s;
    Runs<T> edge;
    Run<T> inner[most_runs];
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t j = unit % n_blocks * g.nb, m = unit / n_blocks % m_blocks * g.mb,
                      group = unit / n_blocks / m_blocks;
        const int64_t columns = g.O - j < g.nb ? g.O - j : g.nb, end = pixels - m < g.mb ? pixels : m + g.mb;
        const T* b = static_cast<const T*>(g.w) + (group * padded + j) * K;
        GatherTile<T> tile{};
        tile.step = 1;
        tile.c = s.y;
        tile.init = g.bias ? static_cast<const T*>(g.bias) + group * g.O + j : nullptr;
        tile.accumulate = g.accumulate;
        const int64_t runs = inner_runs(inner, g, s.x, b), panel = K * conv_panel<T>;
        Pixel p = pixel_at(g.axis, m);
        for (int64_t i = m; i < end;) {
            const int64_t strips = (end - i + most - 1) / most, rows = (end - i) / strips;
            place_strip(s, g, p, rows, group, j);
            if (s.inside[0] && s.inside[1] && s.inside[2] && runs <= most_runs) {
                tile.runs = inner;
                tile.count = runs;
                gather_columns<T, true>(tile, rows, columns, panel);
            } else
                edge_strip(edge, s, g, b, tile, rows, columns, panel);
            if (g.act != Activation::linear) {
                const int64_t pitch = g.groups * g.O;
                if (s.y[rows - 1] - s.y[0] != (rows - 1) * pitch)
                    for (int64_t k = 0; k < rows; ++k) epilogue(g.act, g.alpha, s.y[k], pitch, 1, columns);
                else if (columns == pitch)  // one stretch of memory
                    epilogue(g.act, g.alpha, s.y[0], pitch, 1, rows * columns);
                else
                    epilogue(g.act, g.alpha, s.y[0], pitch, rows, columns);
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
