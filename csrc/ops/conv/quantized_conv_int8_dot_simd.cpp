// Convolution of codes as a matrix product whose rows are pixels: the packing of the kernel, and the product.
#include "dispatch/kernel.h"
#include "ops/conv/pixel_iterator.h"
#include "ops/conv/quantized_conv_args.h"
#include "ops/quant/requantize.h"
#include "simd/gather_dot_tile.h"

namespace netlet::NETLET_ISA {

namespace {

constexpr int64_t dot_panel = 2 * Words::width;
static_assert(conv_panel_group % dot_panel == 0, "a group of columns holds whole panels");

// Columns [0, n) of one row of the kernel, one to a lane, with `step` bytes between columns.
NETLET_INLINE Words kernel_row(const int8_t* w, int64_t step, int64_t n) {
    if (step == 1) return ByteLanes::across(w, 0, 1, n);
    int8_t row[Words::width];
    for (int64_t j = 0; j < n; ++j) row[j] = w[j * step];
    return ByteLanes::across(row, 0, 1, n);
}

// The address of each term of the packed kernel, in the order of quantized_runs.
struct KernelTerms {
    const QuantizedConvPackArgs& g;
    const int8_t* w;
    bool merged;
    NETLET_MEMBER_INLINE const int8_t* at(int64_t x, int64_t y, int64_t z, int64_t term) const {
        const ConvAxis &d = g.axis[0], &h = g.axis[1], &v = g.axis[2];
        const int64_t k = merged ? term / g.C : z, c = merged ? term % g.C : term;
        const int64_t row = (d.tap + x * d.tap_stride) * h.kernel + h.tap + y * h.tap_stride;
        return w + (row * v.kernel + v.tap + k * v.tap_stride) * g.tap_step + c * g.term_step;
    }
};

// A work unit is one panel group of the columns of one group.
NETLET_INLINE void pack_kernel(const QuantizedConvPackArgs& g, Range r) {
    constexpr int64_t W = Words::width, G = ByteLanes::group;
    const QuantizedRuns runs = quantized_runs(g.axis, g.groups, g.C);
    const int64_t blocks = (g.O + conv_panel_group - 1) / conv_panel_group, lanes = runs.lanes(G);
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t group = unit / blocks, begin = unit % blocks * conv_panel_group;
        const int64_t end = g.O - begin < conv_panel_group ? g.O : begin + conv_panel_group;
        for (int64_t j = begin; j < end; j += W) {
            const int64_t n = end - j < W ? end - j : W, panel = j / dot_panel * dot_panel;
            const KernelTerms terms{g, g.w + group * g.group_step + j * g.column_step, runs.runs != g.axis[2].taps};
            int32_t* to =
                static_cast<int32_t*>(g.packed) + (group * blocks * conv_panel_group + panel) * lanes + j - panel;
            Words sums = Words::zero();
            for (int64_t x = 0; x < runs.rows; ++x)
                for (int64_t y = 0; y < runs.columns; ++y)
                    for (int64_t z = 0; z < runs.runs; ++z)
                        for (int64_t k = 0; k < runs.terms; k += G, to += dot_panel) {
                            Words lane = Words::zero();
                            for (int64_t u = G; u-- > 0;) {
                                lane = shl<32 / G>(lane);
                                if (k + u < runs.terms)
                                    lane = lane | kernel_row(terms.at(x, y, z, k + u), g.column_step, n);
                            }
                            lane.store(to);
                            sums = ByteLanes::multiply_add(Words::set1(G == 4 ? 0x01010101 : 0x00010001), lane, sums);
                        }
            sums.store_n(g.sums + group * g.O + j, n);
        }
    }
}

// ---- the product ----

struct PixelRows {
    const uint8_t* x[most_rows];
    int64_t pixel[most_rows];  // of y
    int64_t sample[most_rows];
};

// Fills the strip with the next `rows` grid pixels starting at p, and advances p past them.
NETLET_INLINE void place_rows(PixelRows& s, const QuantizedConvArgs& g, Pixel& p, int64_t rows, int64_t group) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t pitch = g.groups * g.C;
    for (int64_t i = 0; i < rows;) {  // one row of the grid, or its part inside the strip
        const int64_t id = p.d * d.step + d.first, ih = p.h * h.step + h.first, iw = p.w * w.step + w.first;
        const int64_t od = d.out_first + p.d * d.out_step, oh = h.out_first + p.h * h.out_step;
        const uint8_t* x = g.x + (((p.n * d.in + id) * h.in + ih) * w.in + iw) * pitch + group * g.C;
        const int64_t pixel = ((p.n * d.out + od) * h.out + oh) * w.out + w.out_first + p.w * w.out_step;
        const int64_t n = w.grid - p.w < rows - i ? w.grid - p.w : rows - i;
        for (int64_t k = 0; k < n; ++k, ++i) {
            s.x[i] = x + k * w.step * pitch;
            s.pixel[i] = pixel + k * w.out_step;
            s.sample[i] = p.n;
        }
        p.w += n - 1;
        next(p, g.axis);
    }
}

// Few columns would leave most lanes of the last step empty. If the rows of a strip follow each other in y, their sums
// are stored one after the other too, and the last step sees one long row: what belongs to the columns is repeated for
// each row.
struct RepeatedColumns {
    static constexpr int64_t most = max_rows(2) * dot_panel;
    Requantization last_step;
    float w_scale[most], bias[most];
    int32_t w_sums[most], integer_bias[most];

    static NETLET_MEMBER_INLINE bool pays(const QuantizedConvArgs& g) {
        const bool adjacent = g.groups == 1 && g.axis[0].out_step * g.axis[1].out_step * g.axis[2].out_step == 1;
        return adjacent && g.O < dot_panel && g.O % Words::width != 0 && !g.last_step.w_zero && !g.sums_only;
    }
    NETLET_MEMBER_INLINE void set(const Requantization& q, int64_t columns) {
        last_step = q;
        last_step.column_step = 1;
        repeat(w_scale, last_step.w_scale, columns, q.column_step);
        repeat(bias, last_step.bias, columns, 1);
        repeat(w_sums, last_step.w_sums, columns, 1);
        repeat(integer_bias, last_step.integer_bias, columns, 1);
    }

  private:
    template <class T>
    static NETLET_MEMBER_INLINE void repeat(T* to, const T*& from, int64_t columns, int64_t step) {
        if (!from) return;
        for (int64_t i = 0; i < max_rows(2) * columns; ++i) to[i] = from[i % columns * step];
        from = to;
    }
};

// Writes the finished sums of a strip, columns [j, j + columns) of one group.
NETLET_INLINE void finish_rows(const PixelRows& s, const QuantizedConvArgs& g, const int32_t* sums, int64_t rows,
                               int64_t group, int64_t j, int64_t columns) {
    const int64_t first = group * g.O + j, pitch = g.groups * g.O;
    if (g.sums_only) {
        for (int64_t i = 0; i < rows; ++i) {
            int32_t* y = static_cast<int32_t*>(g.y) + s.pixel[i] * pitch + first;
            for (int64_t k = 0; k < columns; ++k) y[k] = sums[i * quantized_conv_columns + k];
        }
        return;
    }
    RequantizedRow of_row[most_rows];
    for (int64_t i = 0; i < rows; ++i)
        of_row[i] = RequantizedRow(g.last_step, s.pixel[i] * g.groups + group, s.sample[i]);
    const int64_t size = g.last_step.y_scale ? 1 : 4;
    // A block of rows at equal distances in y: all of them, or those of one row of pixels.
    for (int64_t i = 0, n; i < rows; i += n) {
        const int64_t step = i + 1 < rows ? s.pixel[i + 1] - s.pixel[i] : 1;
        for (n = 1; i + n < rows && s.pixel[i + n] - s.pixel[i + n - 1] == step;) ++n;
        requantize_block(g.last_step, sums + i * quantized_conv_columns, quantized_conv_columns, of_row + i, n, first,
                         columns, static_cast<uint8_t*>(g.y) + (s.pixel[i] * pitch + first) * size, step * pitch);
    }
}

NETLET_INLINE void finish_row(const PixelRows& s, const QuantizedConvArgs& g, const Requantization& last_step,
                              const int32_t* sums, int64_t columns) {
    uint8_t* y = static_cast<uint8_t*>(g.y) + s.pixel[0] * g.O * (last_step.y_scale ? 1 : 4);
    const RequantizedRow row(last_step, 0, s.sample[0]);
    requantize_block(last_step, sums, 0, &row, 1, 0, columns, y, 0);
}

NETLET_INLINE ByteRuns byte_runs(const QuantizedConvArgs& g, const QuantizedRuns& runs) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t pitch = g.groups * g.C, row = w.in * pitch;
    return {{runs.rows, runs.columns, runs.runs},
            {d.tap_step * h.in * row, h.tap_step * row, w.tap_step * pitch},
            (runs.terms + ByteLanes::group - 1) / ByteLanes::group};
}

NETLET_INLINE void multiply_pixels(const QuantizedConvArgs& g, Range r) {
    constexpr int64_t most = max_rows(2);
    const int64_t pixels = g.batch * g.axis[0].grid * g.axis[1].grid * g.axis[2].grid;
    const int64_t m_blocks = (pixels + g.mb - 1) / g.mb, n_blocks = (g.O + g.nb - 1) / g.nb;
    const int64_t padded = (g.O + conv_panel_group - 1) / conv_panel_group * conv_panel_group;
    const QuantizedRuns shape = quantized_runs(g.axis, g.groups, g.C);
    const ByteRuns runs = byte_runs(g, shape);
    const int64_t lanes = shape.lanes(ByteLanes::group);
    alignas(64) int32_t sums[most * quantized_conv_columns];
    PixelRows s;
    RepeatedColumns repeated;
    const bool repeats = RepeatedColumns::pays(g);
    if (repeats) repeated.set(g.last_step, g.O);
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t j = unit % n_blocks * g.nb, m = unit / n_blocks % m_blocks * g.mb,
                      group = unit / n_blocks / m_blocks;
        const int64_t columns = g.O - j < g.nb ? g.O - j : g.nb, end = pixels - m < g.mb ? pixels : m + g.mb;
        GatherDotTile tile{};
        tile.runs = &runs;
        tile.a = s.x;
        tile.b = static_cast<const int32_t*>(g.w) + (group * padded + j) * lanes;
        tile.sums = flip_of<uint8_t> ? g.last_step.w_sums + group * g.O + j : nullptr;
        tile.c = sums;
        Pixel p = pixel_at(g.axis, m);
        for (int64_t i = m; i < end;) {
            const int64_t strips = (end - i + most - 1) / most, rows = (end - i) / strips;
            place_rows(s, g, p, rows, group);
            const bool one_row = repeats && (g.last_step.row_step == 0 || s.sample[rows - 1] == s.sample[0]);
            tile.ldc = one_row ? columns : quantized_conv_columns;
            gather_dot_columns(tile, rows, columns, dot_panel * lanes);
            if (one_row)
                finish_row(s, g, repeated.last_step, sums, rows * columns);
            else
                finish_rows(s, g, sums, rows, group, j, columns);
            i += rows;
        }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(quantized_conv_pack, QuantizedConvPackArgs) { pack_kernel(a, r); }
NETLET_DEFINE_KERNEL(quantized_conv, QuantizedConvArgs) { multiply_pixels(a, r); }

}  // namespace netlet::NETLET_ISA
