// The gradient of a convolution's kernel in bfloat16 (mixed_conv_args.h): rows are (tap, channel), terms are pairs of
// pixels. Rows of x and columns of dy are packed for each chunk of pixels: pixels are far apart in memory, so a pair of
// them is no word that the tile could read in place.
#include "dispatch/kernel.h"
#include "ops/conv/mixed_conv_args.h"
#include "ops/gemm/gemm_blocks.h"
#include "simd/bf16_lanes.h"

namespace netlet::NETLET_ISA {

namespace {

struct Bf16Product : Bf16Lanes {
    using Product = Bf16Lanes;
};
constexpr int64_t chunk_pairs = 128;  // 64 KB of packed dy and 8 KB of packed x
constexpr int64_t chunk_pieces = 64;

// A piece of a row of output pixels: its first pair in the chunk, and the offsets of its first pixel in x (that of tap
// 0) and in dy.
struct Piece {
    int64_t pair, pixels, x, dy;
};

// The next pieces of the output rows from `row`, `pixel` on, as many as fit a chunk; advances both. Returns the pairs.
NETLET_INLINE int64_t next_chunk(const ConvKernelGradArgs& g, int64_t& row, int64_t& pixel, int64_t end, Piece* pieces,
                                 int64_t& count) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    int64_t pairs = 0;
    for (count = 0; row < end && pairs < chunk_pairs && count < chunk_pieces; ++count) {
        const int64_t room = (chunk_pairs - pairs) * 2, left = w.grid - pixel, n = left < room ? left : room;
        const int64_t id = row / h.grid % d.grid * d.step + d.first, ih = row % h.grid * h.step + h.first;
        const int64_t iw = pixel * w.step + w.first;
        pieces[count] = {pairs, n, (((row / h.grid / d.grid * d.in + id) * h.in + ih) * w.in + iw) * g.groups * g.C,
                         (row * w.grid + pixel) * g.groups * g.O};
        pairs += (n + 1) / 2;
        pixel += n;
        if (pixel == w.grid) {
            pixel = 0;
            ++row;
        }
    }
    return pairs;
}

template <class X, class DY>
static void gradient_unit(const MixedConvKernelGradArgs& g, int64_t unit) {
    using F = Bf16Product;
    constexpr int64_t most = max_rows(packed_nv), NR = panel_width<F>, SW = strip_width<F>;
    static_assert(mixed_conv_grad_columns % NR == 0);
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t taps = d.kernel * h.kernel * w.kernel, pitch = g.groups * g.C, out_pitch = g.groups * g.O;
    // A line: rows of dw whose numbers are contiguous in x. Those of adjacent taps are, if the taps are.
    const bool merged = g.groups == 1 && w.tap_step == 1;
    const int64_t line = merged ? w.kernel * g.C : g.C, lines = taps * g.C / line;
    const int64_t each = (line + most - 1) / most, strips = lines * each, n_blocks = (g.O + g.nb - 1) / g.nb;
    const int64_t block = unit % g.blocks, j = unit / g.blocks % n_blocks * g.nb;
    const int64_t group = unit / g.blocks / n_blocks % g.groups, slice = unit / g.blocks / n_blocks / g.groups;
    const int64_t columns = g.O - j < g.nb ? g.O - j : g.nb;
    const X* x = static_cast<const X*>(g.x) + group * g.C;
    const DY* dy = static_cast<const DY*>(g.dy) + group * g.O + j;
    float* dw = static_cast<float*>(g.dw) + slice * taps * g.C * out_pitch + group * g.O + j;

    Piece pieces[chunk_pieces];
    alignas(64) int32_t panels[chunk_pairs * mixed_conv_grad_columns];
    alignas(64) int32_t strip[chunk_pairs * SW];
    const int64_t rows = g.batch * d.grid * h.grid, first = slice * g.slice;
    const int64_t end = rows - first < g.slice ? rows : first + g.slice;
    bool accumulate = g.accumulate;
    int64_t count = 0;
    for (int64_t row = first, pixel = 0; row < end; accumulate = true) {
        const int64_t pairs = next_chunk(g, row, pixel, end, pieces, count);
        for (int64_t p = 0; p < count; ++p)
            for (int64_t k = 0; k < columns; k += NR)
                pack_k_strided<MixedLanes>(panels + k * chunk_pairs + pieces[p].pair * NR, NR, dy + pieces[p].dy + k,
                                           out_pitch, columns - k < NR ? columns - k : NR, pieces[p].pixels, 0);
        for (int64_t s = block * strips / g.blocks; s < (block + 1) * strips / g.blocks; ++s) {
            const int64_t l = s / each, i = s % each * line / each, mr = (s % each + 1) * line / each - i;
            const int64_t tap = merged ? l * w.kernel : l;
            const int64_t tw = tap % w.kernel, th = tap / w.kernel % h.kernel, td = tap / w.kernel / h.kernel;
            const X* from = x + ((td * d.tap_step * h.in + th * h.tap_step) * w.in + tw * w.tap_step) * pitch + i;
            for (int64_t p = 0; p < count; ++p)
                pack_k_strided<MixedLanes>(strip + pieces[p].pair * SW, SW, from + pieces[p].x, w.step * pitch, mr,
                                           pieces[p].pixels, 0);
            float* c = dw + (l * line + i) * out_pitch;
            const FlushSubnormals flush;
            strip_times_panels<F>(pairs, AMajor::k, strip, SW, panels, chunk_pairs, c, out_pitch,
                                  {accumulate ? c : nullptr, out_pitch}, mr, columns);
        }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(mixed_conv_kernel_grad, MixedConvKernelGradArgs) {
    const auto unit = !a.dy_is_bf16 ? gradient_unit<BFloat16, float>
                      : a.x_is_bf16 ? gradient_unit<BFloat16, BFloat16>
                                    : gradient_unit<float, BFloat16>;
    for (int64_t i = r.begin; i < r.end; ++i) unit(a, i);
}

}  // namespace netlet::NETLET_ISA
