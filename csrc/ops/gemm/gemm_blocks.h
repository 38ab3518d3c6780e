// Shared by the products of all number formats: the register tiles by size, and the blocks of a packed product.
//
// A format F defines what is multiplied (simd/gemm_tile.h: Lane, Sum, multiply_add) and how it is packed into panels:
//     Product                       the same Lane, Sum, multiply_add alone, which the tiles are made of
//     A, B                          the operands' element types in memory
//     group                         consecutive terms k that one lane takes
//     kc                            terms of a block of k, a multiple of group
//     pack_a(dst, ld, a, lda, transposed, rows, K), pack_b(... columns, K)
//     header(N)                     lanes before the panels of a packed b
//     begin(g, j)                   where the sums of columns j... of a packed product begin
//     finish(g, c, rows, columns)   the last step on a block of c that is done
#pragma once
#include "ops/gemm/gemm_args.h"
#include "simd/gemm_pack.h"
#include "simd/gemm_tile.h"

namespace netlet::NETLET_ISA {

// ---- tiles by size ----
template <class L, class S>
using TileFn = void (*)(int64_t K, const L* a, int64_t lda, const L* b, int64_t ldb, S* c, int64_t ldc, const S* init,
                        int64_t ldinit, int64_t last);

template <class F, int MR, int NV, AMajor major, bool MaskB, class L, class S>
static void tile_function(int64_t K, const L* a, int64_t lda, const L* b, int64_t ldb, S* c, int64_t ldc, const S* init,
                          int64_t ldinit, int64_t last) {
    tile<F, MR, NV, major, MaskB>(K, a, lda, b, ldb, c, ldc, init, ldinit, last);
}

template <class F>
using Tiles = ByRows<TileFn<typename F::Lane, typename F::Sum>>;
template <class F, int NV, AMajor major, bool MaskB>
constexpr Tiles<F> tiles_of() {
    using L = typename F::Lane;
    using S = typename F::Sum;
    return by_rows<max_rows(NV), TileFn<L, S>>([]<int R>() { return tile_function<F, R, NV, major, MaskB, L, S>; });
}
// [a is k-major][b's last vector is partial][1, 2 or 4 vectors wide]
template <class F, AMajor major, bool MaskB>
static const Tiles<F> tiles[3] = {tiles_of<F, 1, major, MaskB>(), tiles_of<F, 2, major, MaskB>(),
                                  tiles_of<F, 4, major, MaskB>()};

template <class F>
NETLET_INLINE const Tiles<F>& tiles_for(AMajor major, bool mask_b, int nv) {
    const int w = nv == 4 ? 2 : nv - 1;
#if defined(NETLET_VEC_AVX512)
    (void)mask_b;  // a masked load costs nothing here, so one set of tiles is enough
    return major == AMajor::row ? tiles<F, AMajor::row, true>[w] : tiles<F, AMajor::k, true>[w];
#else
    if (mask_b) return major == AMajor::row ? tiles<F, AMajor::row, true>[w] : tiles<F, AMajor::k, true>[w];
    return major == AMajor::row ? tiles<F, AMajor::row, false>[w] : tiles<F, AMajor::k, false>[w];
#endif
}

// The initial values of a tile's sums: the bias, c or zero in the first pass over k, then c.
template <class T>
struct Init {
    const T* p;
    int64_t ld;
    NETLET_MEMBER_INLINE const T* at(int64_t i, int64_t j) const { return p ? p + i * ld + j : nullptr; }
};

// The block of c that one unit of work computes.
struct Block {
    int64_t item, i, j, rows, columns;
};
NETLET_INLINE Block block_of(const GemmArgs& g, int64_t unit) {
    Block at{unit, 0, 0, g.M, g.N};
    if (g.mb < g.M || g.nb < g.N) {  // three divisions cost as much as a tiny product
        const int64_t m_blocks = (g.M + g.mb - 1) / g.mb, n_blocks = (g.N + g.nb - 1) / g.nb;
        at.j = unit % n_blocks * g.nb;
        at.i = unit / n_blocks % m_blocks * g.mb;
        at.item = unit / n_blocks / m_blocks;
        at.rows = g.M - at.i < g.mb ? g.M - at.i : g.mb;
        at.columns = g.N - at.j < g.nb ? g.N - at.j : g.nb;
    }
    return at;
}

// ---- packed ----
// A panel of b is 2 vectors wide. Blocks of kc terms keep nb columns of b in the L2 cache and one strip of a, packed
// on the stack, in the L1 cache.
constexpr int packed_nv = 2;
template <class F>
constexpr int64_t panel_width = packed_nv * Vec<typename F::Lane>::width;
// A packed strip of rows, padded to whole vectors.
template <class F>
constexpr int64_t strip_width = (max_rows(packed_nv) + Vec<typename F::Lane>::width - 1) /
                                Vec<typename F::Lane>::width * Vec<typename F::Lane>::width;
template <class F>
NETLET_INLINE int64_t lanes_of(int64_t terms) {
    return (terms + F::group - 1) / F::group;
}

// Computes the rows of `count` strips, from number `first` on, and all columns of a block of c, from strips of a (packed
// or in place) and panels of b. Panels are `panel_lanes` rows long, of which K are multiplied.
template <class F>
NETLET_INLINE void strips_times_panels(int64_t K, AMajor major, const typename F::Lane* a, int64_t ld,
                                       const typename F::Lane* panels, int64_t panel_lanes, typename F::Sum* c,
                                       int64_t ldc, Init<typename F::Sum> init, const RowStrips& strips, int64_t first,
                                       int64_t count, int64_t columns) {
    constexpr int W = Vec<typename F::Lane>::width, NR = panel_width<F>;
    for (int64_t j = 0; j < columns; j += NR) {
        const int64_t left = columns - j;
        const int v = left <= W ? 1 : 2;
        const int64_t last = left < v * W ? left - (v - 1) * W : W;
        const auto& tiles = tiles_for<typename F::Product>(major, false, v);
        for (int64_t s = first, i = 0; s < first + count; i += strips.rows(s++))
            tiles.fn[strips.rows(s)](K, a + i * (major == AMajor::row ? ld : 1), ld, panels + j * panel_lanes, NR,
                                     c + i * ldc + j, ldc, init.at(i, j), init.ld, last);
    }
}

// The same for one strip of `rows` rows.
template <class F>
NETLET_INLINE void strip_times_panels(int64_t K, AMajor major, const typename F::Lane* strip, int64_t ld,
                                      const typename F::Lane* panels, int64_t panel_lanes, typename F::Sum* c,
                                      int64_t ldc, Init<typename F::Sum> init, int64_t rows, int64_t columns) {
    strips_times_panels<F>(K, major, strip, ld, panels, panel_lanes, c, ldc, init, RowStrips(rows, rows), 0, 1,
                           columns);
}

template <class F>
NETLET_INLINE void packed_unit(const GemmArgs& g, int64_t unit) {
    using L = typename F::Lane;
    using S = typename F::Sum;
    constexpr int most = max_rows(packed_nv);
    const Block at = block_of(g, unit);
    const RowStrips strips(at.rows, most);
    const int64_t panel_lanes = lanes_of<F>(g.K);
    const typename F::A* a = static_cast<const typename F::A*>(g.a) + at.i * (g.a_transposed ? 1 : g.lda);
    const L* b = static_cast<const L*>(g.b) + F::header(g.N) + at.j * panel_lanes;
    S* c = static_cast<S*>(g.c) + at.i * g.ldc + at.j;
    Init<S> init = g.accumulate ? Init<S>{c, g.ldc} : Init<S>{F::begin(g, at.j), 0};

    // With one term per lane, the tile reads the rows of a in place, or from a copy if their pitch maps them to few
    // sets of the L1 cache. Otherwise a is packed into a strip.
    const bool by_row = F::group == 1 && !g.a_transposed, in_place = by_row && g.lda * (int64_t)sizeof(L) % 4096 != 0;
    // A b that few strips read comes from a far cache. On AVX2 two strips share what a panel costs, and shorter blocks of
    // terms make room for them in the L1 cache: a tenth faster for 32 rows (bench/lab/gemm_packed, Zen 3).
    const bool pairs = sizeof(Vec<L>) == 32 && by_row && strips.count <= 8;
    const int64_t together = pairs ? 2 : 1, kc = pairs ? F::kc / 3 * 2 : F::kc;
    constexpr int64_t row_lanes = F::kc / F::group + 16;
    alignas(64) L strip[row_lanes * 2 * strip_width<F>];
    for (int64_t k0 = 0; k0 < g.K; k0 += kc, init = {c, g.ldc}) {
        const int64_t ks = g.K - k0 < kc ? g.K - k0 : kc;
        for (int64_t s = 0, i = 0; s < strips.count;) {
            const int64_t count = strips.count - s < together ? strips.count - s : together;
            const int64_t mr = strips.rows(s) + (count == 2 ? strips.rows(s + 1) : 0);
            const typename F::A* rows = g.a_transposed ? a + k0 * g.lda + i : a + i * g.lda + k0;
            const L* lanes = strip;
            int64_t ld = by_row ? row_lanes : strip_width<F>;
            if constexpr (F::group == 1) {
                if (in_place) {
                    lanes = rows;
                    ld = g.lda;
                } else if (by_row)
                    pack_rows(strip, row_lanes, rows, g.lda, ks, mr);
            }
            if (!by_row) F::pack_a(strip, strip_width<F>, rows, g.lda, g.a_transposed, mr, ks);
            strips_times_panels<F>(lanes_of<F>(ks), by_row ? AMajor::row : AMajor::k, lanes, ld,
                                   b + k0 / F::group * panel_width<F>, panel_lanes, c + i * g.ldc, g.ldc,
                                   {init.at(i, 0), init.ld}, strips, s, count, at.columns);
            if (k0 + ks == g.K) F::finish(g, c + i * g.ldc, mr, at.columns);
            s += count;
            i += mr;
        }
    }
}

// Packs columns of b into panels, each `panel_lanes` rows long; this call writes the rows of K terms. It packs 8 rows
// of b at a time across all panels: it reads b nearly in order and writes to few places at once.
template <class F>
NETLET_INLINE void pack_panels(typename F::Lane* panels, int64_t panel_lanes, const typename F::B* b, int64_t ldb,
                               bool transposed, int64_t columns, int64_t K) {
    constexpr int NR = panel_width<F>;
    const int64_t block = transposed ? K : 8;
    for (int64_t k = 0; k < K; k += block) {
        const int64_t ks = K - k < block ? K - k : block;
        for (int64_t j = 0; j < columns; j += NR)
            F::pack_b(panels + j * panel_lanes + k / F::group * NR, NR, transposed ? b + j * ldb + k : b + k * ldb + j,
                      ldb, transposed, columns - j < NR ? columns - j : NR, ks);
    }
}

template <class F>
NETLET_INLINE void pack_b(const GemmPackArgs& g, Range r) {
    static_assert(gemm_panel_group % panel_width<F> == 0, "a group of columns holds whole panels");
    const int64_t begin = r.begin * gemm_panel_group, panel_lanes = lanes_of<F>(g.K);
    const int64_t end = r.end * gemm_panel_group < g.N ? r.end * gemm_panel_group : g.N;
    pack_panels<F>(static_cast<typename F::Lane*>(g.packed) + F::header(g.N) + begin * panel_lanes, panel_lanes,
                   static_cast<const typename F::B*>(g.b) + begin * (g.transposed ? g.ldb : 1), g.ldb, g.transposed,
                   end - begin, g.K);
}

}  // namespace netlet::NETLET_ISA
