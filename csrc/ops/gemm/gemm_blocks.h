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
#include "simd/prefetch.h"

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

// The block of c that one unit of work computes. Units count column blocks fastest, or row blocks if `down`.
struct Block {
    int64_t item, i, j, rows, columns;
};
NETLET_INLINE Block block_of(const GemmArgs& g, int64_t unit, bool down = false) {
    Block at{unit, 0, 0, g.M, g.N};
    if (g.mb < g.M || g.nb < g.N) {  // three divisions cost as much as a tiny product
        const int64_t m_blocks = (g.M + g.mb - 1) / g.mb, n_blocks = (g.N + g.nb - 1) / g.nb;
        at.j = (down ? unit / m_blocks : unit) % n_blocks * g.nb;
        at.i = (down ? unit : unit / n_blocks) % m_blocks * g.mb;
        at.item = unit / n_blocks / m_blocks;
        at.rows = g.M - at.i < g.mb ? g.M - at.i : g.mb;
        at.columns = g.N - at.j < g.nb ? g.N - at.j : g.nb;
    }
    return at;
}

// ---- packed ----
// A panel of b is 2 vectors wide. Blocks of kc terms keep a strip of a or a panel of b in the L1 cache (packed_unit).
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

// Where strips of a begin, in memory of pitch ld: number t, whose first row is `row`, at p + t * strip_step + row *
// row_step. Strips that are packed lie strip after strip, others row after row.
template <class L>
struct StripsOfA {
    const L* p;
    AMajor major;
    int64_t ld, strip_step, row_step;
    NETLET_MEMBER_INLINE const L* at(int64_t t, int64_t row) const { return p + t * strip_step + row * row_step; }
};
template <class L>
NETLET_INLINE StripsOfA<L> rows_of_a(const L* p, int64_t ld) {
    return {p, AMajor::row, ld, 0, ld};
}

// Computes the rows of `count` strips, from number `first` on, and all columns of a block of c, from strips of a and
// panels of b. Panels are `panel_lanes` rows long, of which K are multiplied. With `fetch` each strip asks for its part
// of the next panel and for the numbers of c that the next strip begins with: the hardware foresees neither.
template <class F>
NETLET_INLINE void strips_times_panels(int64_t K, const StripsOfA<typename F::Lane>& a, const typename F::Lane* panels,
                                       int64_t panel_lanes, typename F::Sum* c, int64_t ldc, Init<typename F::Sum> init,
                                       const RowStrips& strips, int64_t first, int64_t count, int64_t columns,
                                       bool fetch = false) {
    constexpr int W = Vec<typename F::Lane>::width, NR = panel_width<F>;
    for (int64_t j = 0; j < columns; j += NR) {
        const int64_t left = columns - j;
        const int v = left <= W ? 1 : 2;
        const int64_t last = left < v * W ? left - (v - 1) * W : W;
        const auto& tiles = tiles_for<typename F::Product>(a.major, false, v);
        const typename F::Lane* panel = panels + j * panel_lanes;
        for (int64_t t = 0, i = 0; t < count; ++t) {
            const int64_t rows = strips.rows(first + t);
            if (fetch) {
                const int64_t part = (K + count - 1) / count, k = t * part, lanes = K - k < part ? K - k : part;
                if (left > NR && lanes > 0)
                    prefetch_far(panel + (panel_lanes + k) * NR, lanes * NR * (int64_t)sizeof(*panel));
                if (t + 1 < count)
                    for (int64_t r = 0; r < strips.rows(first + t + 1); ++r) prefetch(c + (i + rows + r) * ldc + j, 1);
            }
            tiles.fn[rows](K, a.at(t, i), a.ld, panel, NR, c + i * ldc + j, ldc, init.at(i, j), init.ld, last);
            i += rows;
        }
    }
}

// The same for one strip of `rows` rows.
template <class F>
NETLET_INLINE void strip_times_panels(int64_t K, AMajor major, const typename F::Lane* strip, int64_t ld,
                                      const typename F::Lane* panels, int64_t panel_lanes, typename F::Sum* c,
                                      int64_t ldc, Init<typename F::Sum> init, int64_t rows, int64_t columns) {
    strips_times_panels<F>(K, {strip, major, ld, 0, 0}, panels, panel_lanes, c, ldc, init, RowStrips(rows, rows), 0, 1,
                           columns);
}

// Packs K terms of `count` strips of a transposed a, `rows` rows in all. It reads memory in order, for all strips at
// once: strip by strip would fetch each cache line for every strip that has a part of it.
template <class F>
NETLET_INLINE void pack_strips(typename F::Lane* dst, int64_t strip_lanes, const typename F::A* a, int64_t lda,
                               const RowStrips& strips, int64_t first, int64_t count, int64_t rows, int64_t K) {
    using V = Vec<typename F::Lane>;
    constexpr int64_t ahead = 32;
    for (int64_t k = 0; k < K; ++k, a += lda) {
        if (k + ahead < K) prefetch(a + ahead * lda, rows * (int64_t)sizeof(*a));
        for (int64_t t = 0, i = 0; t < count; i += strips.rows(first + t++))
            for (int64_t v = 0; v < strips.rows(first + t); v += V::width) {
                const int64_t left = rows - i - v;
                const V x = left < V::width ? V::load_n(a + i + v, left) : V::load(a + i + v);
                x.store(dst + t * strip_lanes + k * strip_width<F> + v);
            }
    }
}

template <class F>
NETLET_INLINE void packed_unit(const GemmArgs& g, int64_t unit) {
    using L = typename F::Lane;
    using S = typename F::Sum;
    constexpr int most = max_rows(packed_nv);
    const Block at = block_of(g, unit, g.N > g.M);  // the larger operand is read once, the other one from a cache
    const RowStrips strips(at.rows, most);
    const int64_t panel_lanes = lanes_of<F>(g.K);
    const typename F::A* a = static_cast<const typename F::A*>(g.a) + at.i * (g.a_transposed ? 1 : g.lda);
    const L* b = static_cast<const L*>(g.b) + F::header(g.N) + at.j * panel_lanes;
    S* c = static_cast<S*>(g.c) + at.i * g.ldc + at.j;
    Init<S> init = g.accumulate ? Init<S>{c, g.ldc} : Init<S>{F::begin(g, at.j), 0};

    // With one term per lane, the tile reads the rows of a in place, or from a copy if their pitch maps them to few
    // sets of the L1 cache (the six rows of AVX2 fit its ways). Otherwise a is packed into strips.
    constexpr bool avx2 = F::group == 1 && sizeof(Vec<L>) == 32;
    const bool by_row = F::group == 1 && !g.a_transposed;
    const bool in_place = by_row && (avx2 || g.lda * (int64_t)sizeof(L) % 4096 != 0);
    // A strip of a stays in the L1 cache, and the panels of b pass by, from the L2 cache where b fits it. On AVX2 a b of
    // more than 512 KB is read once for all strips instead: a panel of it stays in the L1 cache, and the strips pass by,
    // or as many of them as fit the buffer. 512 x 1984 x 1984: 83 instead of 73 GFLOP/s (bench/lab/gemm_packed, Zen 3).
    // Up to 2 MB this is 1 to 4 % slower where b is still in the L2 cache, and a fifth faster on two threads where other
    // programs have filled it (bench/onnx_models.py, MLP). A panel of AVX-512 would fill the L1 cache.
    constexpr int64_t buffered = avx2 ? 6 : 1, strip_lanes = (F::kc / F::group + 16) * strip_width<F>;
    const bool panel_stays = avx2 && g.K >= 256 && g.N * panel_lanes * (int64_t)sizeof(L) > 512 * 1024;
    const int64_t together = !panel_stays ? 1 : in_place ? strips.count : buffered;
    alignas(64) L copy[buffered * strip_lanes];
    // Few terms: to write c takes longer than to compute it. 32768 x 96 x 16: 43 instead of 32 GFLOP/s (Zen 3).
    const bool fetch_c = avx2 && together == 1 && g.K <= 64 && g.M * g.N * (int64_t)sizeof(S) > prefetched_bytes;
    for (int64_t k0 = 0; k0 < g.K; k0 += F::kc, init = {c, g.ldc}) {
        const int64_t ks = g.K - k0 < F::kc ? g.K - k0 : F::kc;
        for (int64_t s = 0, i = 0; s < strips.count;) {
            const int64_t count = strips.count - s < together ? strips.count - s : together;
            int64_t rows = 0;
            for (int64_t t = 0; t < count; ++t) rows += strips.rows(s + t);
            const typename F::A* from = g.a_transposed ? a + k0 * g.lda + i : a + i * g.lda + k0;
            StripsOfA<L> packed{copy, AMajor::k, strip_width<F>, strip_lanes, 0};
            if (!by_row && count == 1)
                F::pack_a(copy, strip_width<F>, from, g.lda, g.a_transposed, rows, ks);
            else if constexpr (F::group == 1) {
                if (by_row) {
                    packed = in_place ? rows_of_a(from, g.lda) : rows_of_a<L>(copy, F::kc + 16);
                    if (!in_place) pack_rows(copy, F::kc + 16, from, g.lda, ks, rows);
                } else
                    pack_strips<F>(copy, strip_lanes, from, g.lda, strips, s, count, rows, ks);
            }
            if (fetch_c && s + count < strips.count)
                for (int64_t r = 0; r < strips.rows(s + count); ++r)
                    prefetch_far(c + (i + rows + r) * g.ldc, at.columns * (int64_t)sizeof(S));
            strips_times_panels<F>(lanes_of<F>(ks), packed, b + k0 / F::group * panel_width<F>, panel_lanes,
                                   c + i * g.ldc, g.ldc, {init.at(i, 0), init.ld}, strips, s, count, at.columns,
                                   avx2 && count > 3);
            if (k0 + ks == g.K) F::finish(g, c + i * g.ldc, rows, at.columns);
            s += count;
            i += rows;
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
