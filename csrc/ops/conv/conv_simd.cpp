// Convolution as a matrix product whose rows are pixels: the packing of the kernel, and the product.
#include "dispatch/kernel.h"
#include "ops/conv/pixel_strip.h"
#include "simd/gemm_pack.h"

namespace netlet::NETLET_ISA {

namespace {

template <class T>
constexpr int64_t conv_panel = 2 * Vec<T>::width;

// A work unit is one panel group of the columns of one group.
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

// The runs of terms of one strip, with the addresses that its rows read and the rows of the packed kernel.
template <class T>
struct Runs {
    const T* a[most_runs][most_rows];
    Run<T> run[most_runs];
    int64_t count;
};

// If all taps are inside x, strips differ only in the addresses of their rows, so the runs are computed once per work
// unit.
template <class T>
NETLET_INLINE int64_t inner_runs(Run<T>* run, const ConvArgs& g, const T* const* rows, const T* b) {
    int64_t count = 0;
    each_run(g, side_by_side(g), [&](const Stretch& at) {
        if (count < most_runs)
            run[count] = {rows, at.offset, b + (at.tap * g.C + at.channel) * conv_panel<T>, at.terms};
        ++count;
    });
    return count;
}

// At an edge each run has its own row addresses. If there are more than most_runs runs, the product is computed in
// several passes that accumulate.
template <class T>
NETLET_INLINE void edge_strip(Runs<T>& runs, const PixelStrip<T>& s, const ConvArgs& g, const T* b, GatherTile<T> tile,
                              int64_t rows, int64_t columns, int64_t panel) {
    const bool whole = side_by_side(g) && s.inside[2];
    auto flush = [&] {
        tile.runs = runs.run;
        tile.count = runs.count;
        gather_columns<T, true>(tile, rows, columns, panel);
        tile.accumulate = true;
        runs.count = 0;
    };
    runs.count = 0;
    each_run(g, whole, [&](const Stretch& at) {
        const T** a = runs.a[runs.count];
        if (!place_stretch(a, s, g, at, whole)) return;
        runs.run[runs.count] = {a, 0, b + (at.tap * g.C + at.channel) * conv_panel<T>, at.terms};
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
    PixelStrip<T> s;
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
            finish_strip(s, g, rows, columns);
            i += rows;
        }
    }
}

}  // namespace

#define NETLET_CONV_KERNELS(T, suffix)                                                                                 \
    NETLET_DEFINE_KERNEL(conv_pack_##suffix, ConvPackArgs) { conv_pack<T>(a, r); }                                     \
    NETLET_DEFINE_KERNEL(conv_gather_##suffix, ConvArgs) { conv_gather<T>(a, r); }
NETLET_CONV_KERNELS(float, f32)
NETLET_CONV_KERNELS(double, f64)

}  // namespace netlet::NETLET_ISA
