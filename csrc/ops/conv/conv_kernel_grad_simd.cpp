// The gradient of a convolution's kernel, as a matrix product: rows are (tap, channel), terms are pixels.
#include "dispatch/kernel.h"
#include "ops/conv/pixel_iterator.h"
#include "simd/gather_tile.h"

namespace netlet::NETLET_ISA {

namespace {

// Runs are pieces of a row of output pixels. Every strip reads the pieces of one chunk while they are in the cache.
constexpr int64_t longest_piece = 256;
constexpr int chunk_runs = 64;

// A piece of a row of output pixels: the input positions of its first tap along the first two axes, its pixels [from,
// to), and the offsets in x and dy of pixel 0 of its row.
struct Piece {
    int64_t d, h, from, to, x, dy;
};

// The rows of dw that one tile computes.
struct KernelRows {
    int64_t first, rows;
    int64_t td, th, tw;  // their tap; unused if one_matrix
};

NETLET_INLINE KernelRows kernel_rows(const ConvKernelGradArgs& g, int64_t strip, int64_t strips, int64_t taps) {
    KernelRows at{};
    if (g.one_matrix) {
        const int64_t rows = taps * g.C;
        at.first = strip * rows / strips;
        at.rows = (strip + 1) * rows / strips - at.first;
        return at;
    }
    const int64_t each = strips / taps, tap = strip / each, i = strip % each;
    const int64_t c = i * g.C / each;
    at.first = tap * g.C + c;
    at.rows = (i + 1) * g.C / each - c;
    at.td = tap / g.axis[2].kernel / g.axis[1].kernel;
    at.th = tap / g.axis[2].kernel % g.axis[1].kernel;
    at.tw = tap % g.axis[2].kernel;
    return at;
}

// Sets a[i] to the address that row i of the strip reads. x is the address that tap 0, channel 0 reads.
template <class T>
NETLET_INLINE void place_rows(const ConvKernelGradArgs& g, const KernelRows& at, const T* x, const T** a) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t pitch = g.groups * g.C, tap = at.first / g.C;
    int64_t c = at.first % g.C, tw = tap % w.kernel, th = tap / w.kernel % h.kernel, td = tap / w.kernel / h.kernel;
    for (int64_t i = 0; i < at.rows; ++i) {
        a[i] = x + ((td * d.tap_step * h.in + th * h.tap_step) * w.in + tw * w.tap_step) * pitch + c;
        if (++c < g.C) continue;
        c = 0;
        if (++tw < w.kernel) continue;
        tw = 0;
        if (++th < h.kernel) continue;
        th = 0;
        ++td;
    }
}

// Clips [begin, end) to the output positions of the last axis whose input for this tap is inside x.
NETLET_INLINE void valid_pixels(const ConvAxis& w, int64_t tap, int64_t& begin, int64_t& end) {
    const int64_t first = w.first + tap * w.tap_step;
    const int64_t lo = first < 0 ? (-first + w.step - 1) / w.step : 0;
    const int64_t hi = first < w.in ? (w.in - 1 - first) / w.step + 1 : 0;
    if (begin < lo) begin = lo;
    if (end > hi) end = hi;
}

template <class T>
NETLET_INLINE void kernel_grad_unit(const ConvKernelGradArgs& g, int64_t unit) {
    constexpr int64_t most = max_rows(2);
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t taps = d.kernel * h.kernel * w.kernel, pitch = g.groups * g.C, out_pitch = g.groups * g.O;
    const int64_t strips = g.one_matrix ? (taps * g.C + most - 1) / most : taps * ((g.C + most - 1) / most);
    const int64_t block = unit % g.blocks, group = unit / g.blocks % g.groups, slice = unit / g.blocks / g.groups;
    const int64_t first_strip = block * strips / g.blocks, end_strip = (block + 1) * strips / g.blocks;

    const int64_t piece = w.grid < longest_piece ? w.grid : longest_piece, pieces = (w.grid + piece - 1) / piece;
    const int64_t rows = g.batch * d.grid * h.grid, row0 = slice * g.slice;
    const int64_t begin = row0 * pieces, end = (rows - row0 < g.slice ? rows : row0 + g.slice) * pieces;
    const int64_t chunk = longest_piece / piece < chunk_runs ? longest_piece / piece : chunk_runs;
    const T *x = static_cast<const T*>(g.x) + group * g.C, *dy = static_cast<const T*>(g.dy) + group * g.O;
    T* dw = static_cast<T*>(g.dw) + slice * taps * g.C * out_pitch + group * g.O;

    Piece pieces_of[chunk_runs];
    Run<T> run[chunk_runs];
    const T* a[most_rows];
    T* c[most_rows];
    bool accumulate = g.accumulate;
    for (int64_t p = begin; p < end; p += chunk, accumulate = true) {
        const int64_t here = end - p < chunk ? end - p : chunk;
        for (int64_t q = 0; q < here; ++q) {
            const int64_t row = (p + q) / pieces, from = (p + q) % pieces * piece, n = row / h.grid / d.grid;
            const int64_t id = row / h.grid % d.grid * d.step + d.first, ih = row % h.grid * h.step + h.first;
            pieces_of[q] = {id,
                            ih,
                            from,
                            w.grid - from < piece ? w.grid : from + piece,
                            (((n * d.in + id) * h.in + ih) * w.in + w.first) * pitch,
                            row * w.grid * out_pitch};
        }
        for (int64_t strip = first_strip; strip < end_strip; ++strip) {
            const KernelRows k = kernel_rows(g, strip, strips, taps);
            place_rows(g, k, x, a);
            for (int64_t i = 0; i < k.rows; ++i) c[i] = dw + (k.first + i) * out_pitch;
            int64_t runs = 0;
            for (int64_t q = 0; q < here; ++q) {
                const Piece& at = pieces_of[q];
                int64_t from = at.from, to = at.to;
                if (!g.one_matrix) {
                    const int64_t td = at.d + k.td * d.tap_step, th = at.h + k.th * h.tap_step;
                    if (td < 0 || td >= d.in || th < 0 || th >= h.in) continue;
                    valid_pixels(w, k.tw, from, to);
                    if (from >= to) continue;
                }
                run[runs++] = {a, at.x + from * w.step * pitch, dy + at.dy + from * out_pitch, to - from};
            }
            GatherTile<T> tile{run, runs, w.step * pitch, 0, 0, c, 0, nullptr, accumulate, 0};
            gather_columns<T, false>(tile, k.rows, g.O, out_pitch);
        }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(conv_kernel_grad_f32, ConvKernelGradArgs) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) kernel_grad_unit<float>(a, unit);
}
NETLET_DEFINE_KERNEL(conv_kernel_grad_f64, ConvKernelGradArgs) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) kernel_grad_unit<double>(a, unit);
}

}  // namespace netlet::NETLET_ISA
