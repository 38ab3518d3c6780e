// Convolution in bfloat16 as a matrix product whose rows are pixels (mixed_conv_args.h): conv_simd.cpp in pairs of
// channels.
#include "dispatch/kernel.h"
#include "ops/conv/mixed_conv_args.h"
#include "ops/conv/pixel_strip.h"
#include "simd/bf16_lanes.h"
#include "simd/gather_bf16_tile.h"

namespace netlet::NETLET_ISA {

namespace {

constexpr int64_t mixed_panel = 2 * Words::width;

// A work unit is one panel group of the columns of one group.
template <class S>
NETLET_INLINE void pack_taps(const ConvPackArgs& g, Range r) {
    static_assert(conv_panel_group % mixed_panel == 0, "a group of columns holds whole panels");
    const int64_t columns = g.transposed ? g.C : g.O, terms = g.transposed ? g.O : g.C, K = g.taps * terms / 2;
    const int64_t blocks = (columns + conv_panel_group - 1) / conv_panel_group, pitch = g.groups * g.O;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t group = unit / blocks, begin = unit % blocks * conv_panel_group;
        const int64_t end = columns - begin < conv_panel_group ? columns : begin + conv_panel_group;
        for (int64_t tap = 0; tap < g.taps; ++tap) {
            const S* w = static_cast<const S*>(g.w) + tap * g.C * pitch + group * g.O;
            int32_t* panels = static_cast<int32_t*>(g.packed) + group * blocks * conv_panel_group * K;
            panels += (g.transposed ? g.taps - 1 - tap : tap) * terms / 2 * mixed_panel;
            for (int64_t j = begin; j < end; j += mixed_panel) {
                const int64_t n = end - j < mixed_panel ? end - j : mixed_panel;
                if (g.transposed)
                    pack_k_contiguous<MixedLanes>(panels + j * K, mixed_panel, w + j * pitch, pitch, n, terms, 0);
                else
                    pack_k_strided<MixedLanes>(panels + j * K, mixed_panel, w + j, pitch, n, terms, 0);
            }
        }
    }
}

// The runs of pairs of one strip, with the addresses that its rows read and the rows of the packed kernel.
struct Runs {
    const int32_t* a[most_runs][most_rows];
    Run<int32_t> run[most_runs];
    int64_t count;
};

NETLET_INLINE const int32_t* row_of_panel(const ConvArgs& g, const Stretch& at, const int32_t* b) {
    return b + (at.tap * g.C + at.channel) * mixed_panel;
}

// If all taps are inside x, strips differ only in the addresses of their rows, so the runs are computed once per work
// unit.
NETLET_INLINE int64_t inner_runs(Run<int32_t>* run, const ConvArgs& g, const int32_t* const* rows, const int32_t* b) {
    int64_t count = 0;
    each_run(g, side_by_side(g), [&](const Stretch& at) {
        if (count < most_runs) run[count] = {rows, at.offset, row_of_panel(g, at, b), at.terms};
        ++count;
    });
    return count;
}

// At an edge each run has its own row addresses. If there are more than most_runs runs, the product is computed in
// several passes that accumulate.
NETLET_INLINE void edge_strip(Runs& runs, const PixelStrip<int32_t>& s, const ConvArgs& g, const int32_t* b,
                              GatherBf16Tile tile, int64_t rows, int64_t columns, int64_t panel) {
    const bool whole = side_by_side(g) && s.inside[2];
    auto flush = [&] {
        tile.runs = runs.run;
        tile.count = runs.count;
        gather_bf16_columns(tile, rows, columns, panel);
        tile.accumulate = true;
        runs.count = 0;
    };
    runs.count = 0;
    each_run(g, whole, [&](const Stretch& at) {
        const int32_t** a = runs.a[runs.count];
        if (!place_stretch(a, s, g, at, whole)) return;
        runs.run[runs.count] = {a, 0, row_of_panel(g, at, b), at.terms};
        if (++runs.count == most_runs) flush();
    });
    if (runs.count || !tile.accumulate) flush();
}

// Applies the activation to a row of sums and rounds it to bfloat16. place_strip counts y in words of 32 bits.
NETLET_INLINE void round_row(const ConvArgs& g, float* sums, const int32_t* y, int64_t columns) {
    epilogue(g.act, g.alpha, sums, 0, 1, columns);
    BFloat16* to = static_cast<BFloat16*>(g.y) + (y - static_cast<const int32_t*>(g.y));
    int64_t j = 0;
    for (; j + Vec<float>::width <= columns; j += Vec<float>::width) store_bf16(Vec<float>::load(sums + j), to + j);
    if (j < columns) store_bf16(Vec<float>::load_n(sums + j, columns - j), to + j, columns - j);
}

NETLET_INLINE void conv_unit(const ConvArgs& g, int64_t unit) {
    constexpr int64_t most = max_rows(2);
    const int64_t pixels = g.batch * g.axis[0].grid * g.axis[1].grid * g.axis[2].grid;
    const int64_t m_blocks = (pixels + g.mb - 1) / g.mb, n_blocks = (g.O + g.nb - 1) / g.nb;
    const int64_t K = g.axis[0].kernel * g.axis[1].kernel * g.axis[2].kernel * g.C;
    const int64_t padded = (g.O + conv_panel_group - 1) / conv_panel_group * conv_panel_group;
    PixelStrip<int32_t> s;
    Runs edge;
    Run<int32_t> inner[most_runs];
    alignas(64) float sums[most * conv_rounded_columns];
    float* c[most_rows];
    const int64_t j = unit % n_blocks * g.nb, m = unit / n_blocks % m_blocks * g.mb, group = unit / n_blocks / m_blocks;
    const int64_t columns = g.O - j < g.nb ? g.O - j : g.nb, end = pixels - m < g.mb ? pixels : m + g.mb;
    const int32_t* b = static_cast<const int32_t*>(g.w) + (group * padded + j) * K;
    GatherBf16Tile tile{};
    tile.c = c;
    tile.init = g.bias ? static_cast<const float*>(g.bias) + group * g.O + j : nullptr;
    tile.accumulate = g.accumulate;
    const int64_t runs = inner_runs(inner, g, s.x, b), panel = K * mixed_panel;
    Pixel p = pixel_at(g.axis, m);
    for (int64_t i = m; i < end;) {
        const int64_t strips = (end - i + most - 1) / most, rows = (end - i) / strips;
        place_strip(s, g, p, rows, group, j);
        for (int64_t k = 0; k < rows; ++k) c[k] = g.y_is_bf16 ? sums + k * columns : reinterpret_cast<float*>(s.y[k]);
        if (s.inside[0] && s.inside[1] && s.inside[2] && runs <= most_runs) {
            tile.runs = inner;
            tile.count = runs;
            gather_bf16_columns(tile, rows, columns, panel);
        } else
            edge_strip(edge, s, g, b, tile, rows, columns, panel);
        for (int64_t k = 0; k < rows; ++k) {
            if (g.y_is_bf16)
                round_row(g, c[k], s.y[k], columns);
            else
                epilogue(g.act, g.alpha, c[k], 0, 1, columns);
        }
        i += rows;
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(mixed_conv_pack, MixedConvPackArgs) {
    if (a.w_is_bf16)
        pack_taps<BFloat16>(a, r);
    else
        pack_taps<float>(a, r);
}

NETLET_DEFINE_KERNEL(mixed_conv, MixedConvArgs) {
    const FlushSubnormals flush;
    for (int64_t unit = r.begin; unit < r.end; ++unit) conv_unit(a, unit);
}

}  // namespace netlet::NETLET_ISA
