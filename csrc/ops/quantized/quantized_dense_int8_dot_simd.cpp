// Formula: quantized_dense_args.h. x (M, K), packed w (K, N), y (M, N). A work unit is a block of rows and columns.
//
// A strip of rows is multiplied with one panel of columns after the other. The sums of the strip and a panel are
// requantized at once, while they are in the L1 cache, so memory sees codes and results only. If K is longer than a
// strip of x that fits the L1 cache, the sums of all panels wait in a buffer on the stack for the last terms. uint8 is
// read in place where the instruction takes it: packing costs 3 % of 128 x 784 x 512 and 20 % of 1 x 512 x 512 (Zen 4).
#include "dispatch/kernel.h"
#include "ops/gemm/gemm_bytes.h"
#include "ops/quant/requantize.h"
#include "ops/quantized/quantized_dense_args.h"

namespace netlet::NETLET_ISA {

namespace {

constexpr int64_t most_strip_rows = max_rows(packed_nv);
static_assert(most_strip_rows <= requantize_most_rows);

// Whether the tile can read x in place: four terms are the bytes of a lane, and a strip's rows are not so many bytes
// apart that they map to few sets of the L1 cache.
template <class F>
NETLET_INLINE bool reads_in_place(const QuantizedDenseArgs& g) {
    constexpr bool same_bytes = F::group == 4 && !F::flip;
    return same_bytes && g.K % 4 == 0 && (g.K % 2048 != 0 || g.M <= 8) && reinterpret_cast<uintptr_t>(g.x) % 4 == 0;
}

template <class F>
NETLET_INLINE void dense_unit(const QuantizedDenseArgs& g, int64_t unit) {
    constexpr int64_t NR = panel_width<F>, tile_sums = most_strip_rows * NR;
    static_assert(quantized_dense_most_columns % NR == 0);
    const int64_t blocks = (g.N + g.nb - 1) / g.nb, j0 = unit % blocks * g.nb, i0 = unit / blocks * g.mb;
    const int64_t columns = g.N - j0 < g.nb ? g.N - j0 : g.nb, rows = g.M - i0 < g.mb ? g.M - i0 : g.mb;
    const int64_t panel_lanes = lanes_of<F>(g.K), y_bytes = g.last.y_scale ? 1 : (int64_t)sizeof(float);
    const int32_t* panels = static_cast<const int32_t*>(g.w) + F::header(g.N) + j0 * panel_lanes;
    const RowStrips strips(rows, most_strip_rows);
    const bool one_pass = g.K <= F::kc, in_place = reads_in_place<F>(g);
    const AMajor major = in_place ? AMajor::row : AMajor::k;
    const int64_t ld = in_place ? g.K / 4 : strip_width<F>;

    alignas(64) int32_t strip[F::kc / F::group * strip_width<F>];
    alignas(64) int32_t sums[most_strip_rows * quantized_dense_most_columns];
    RequantizedRow of_rows[requantize_most_rows];
    for (int64_t s = 0, i = i0; s < strips.count; i += strips.rows(s), ++s) {
        const int64_t mr = strips.rows(s);
        const auto* x = static_cast<const typename F::A*>(g.x) + i * g.K;
        for (int64_t r = 0; r < mr; ++r) of_rows[r] = RequantizedRow(g.last, i + r, i + r);
        int64_t k0 = 0;
        do {  // runs once even if K = 0, because y must be written
            const int64_t ks = g.K - k0 < F::kc ? g.K - k0 : F::kc;
            const auto* lanes = reinterpret_cast<const int32_t*>(x + k0);
            if (!in_place) {
                F::pack_a(strip, strip_width<F>, x + k0, g.K, false, mr, ks);
                lanes = strip;
            }
            for (int64_t j = 0; j < columns; j += NR) {
                int32_t* c = one_pass ? sums : sums + j / NR * tile_sums;
                const int32_t* init = k0 ? c : F::first_sums(g.w, j0 + j);
                const int64_t width = columns - j < NR ? columns - j : NR;
                tiles_for<typename F::Product>(major, false, width <= Words::width ? 1 : packed_nv)
                    .fn[mr](lanes_of<F>(ks), lanes, ld, panels + j * panel_lanes + k0 / F::group * NR, NR, c, NR, init,
                            k0 ? NR : 0, Words::width);
                if (k0 + ks < g.K) continue;
                requantize_block(g.last, c, NR, of_rows, mr, j0 + j, width,
                                 static_cast<uint8_t*>(g.y) + (i * g.N + j0 + j) * y_bytes, g.N);
            }
            k0 += ks;
        } while (k0 < g.K);
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(quantized_dense_u8s8, QuantizedDenseArgs) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) dense_unit<Bytes<uint8_t>>(a, unit);
}
NETLET_DEFINE_KERNEL(quantized_dense_s8s8, QuantizedDenseArgs) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) dense_unit<Bytes<int8_t>>(a, unit);
}

}  // namespace netlet::NETLET_ISA
