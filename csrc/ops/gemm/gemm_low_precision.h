// Low-precision products without a packed b: each block of c packs its part of b into panels on the stack.
#pragma once
#include "ops/gemm/gemm_blocks.h"
#include "simd/gemm_dot.h"

namespace netlet::NETLET_ISA {

// The members that the low-precision formats share. L defines the lanes (gemm_dot.h); `flip` is the mask that packing
// applies to a by exclusive or. A format adds
//     add_flip_sums(sums, panels, lanes, columns)   adds the column sums that undo the flip of a, if there is one
template <class L, class A_, class B_, int32_t flip_>
struct LowPrecision : L {
    using Product = L;
    using A = A_;
    using B = B_;
    static constexpr int64_t kc = 384 * L::group;
    static constexpr int32_t flip = flip_;
    static NETLET_MEMBER_INLINE void pack_a(int32_t* dst, int64_t ld, const A* a, int64_t lda, bool transposed,
                                            int64_t rows, int64_t K) {
        if (transposed)
            pack_k_strided<L>(dst, ld, a, lda, rows, K, flip);
        else
            pack_k_contiguous<L>(dst, ld, a, lda, rows, K, flip);
    }
    static NETLET_MEMBER_INLINE void pack_b(int32_t* dst, int64_t ld, const B* b, int64_t ldb, bool transposed,
                                            int64_t columns, int64_t K) {
        if (transposed)
            pack_k_contiguous<L>(dst, ld, b, ldb, columns, K, 0);
        else
            pack_k_strided<L>(dst, ld, b, ldb, columns, K, 0);
    }
};

constexpr int64_t low_precision_panel_lanes = 8192;  // 32 KB
static_assert(low_precision_most_columns <= low_precision_panel_lanes / 2);

// c(i, :) += row, for whole vectors of row.
template <class S>
NETLET_INLINE void add_to_rows(S* c, int64_t ldc, int64_t rows, int64_t columns, const S* row) {
    using V = Vec<S>;
    for (int64_t i = 0; i < rows; ++i, c += ldc)
        for (int64_t j = 0; j < columns; j += V::width) {
            const int64_t n = columns - j < V::width ? columns - j : V::width;
            (V::load_n(c + j, n) + V::load(row + j)).store_n(c + j, n);
        }
}

template <class F>
static void low_precision_unit(const GemmArgs& g, int64_t unit) {
    using S = typename F::Sum;
    constexpr int most = max_rows(packed_nv);
    constexpr int64_t NR = panel_width<F>, strip_lanes = low_precision_panel_lanes / NR;
    const Block at = block_of(g, unit);
    const RowStrips strips(at.rows, most);
    const typename F::A* a = static_cast<const typename F::A*>(g.a) + at.i * (g.a_transposed ? 1 : g.lda);
    const typename F::B* b = static_cast<const typename F::B*>(g.b) + at.j * (g.b_transposed ? g.ldb : 1);
    S* c = static_cast<S*>(g.c) + (at.item * g.M + at.i) * g.ldc + at.j;
    int64_t rest = at.item, K = g.K;
    if (g.kb) {  // this item is a slice of K
        const int64_t k = at.item * g.kb;
        a += k * (g.a_transposed ? g.lda : 1);
        b += k * (g.b_transposed ? 1 : g.ldb);
        K = g.K - k < g.kb ? g.K - k : g.kb;
    }
    for (int d = g.batch_rank - 1; d >= 0; --d) {
        const int64_t index = rest % g.batch_dims[d];
        rest /= g.batch_dims[d];
        a += index * g.a_step[d];
        b += index * g.b_step[d];
    }

    alignas(64) int32_t panels[low_precision_panel_lanes];
    alignas(64) int32_t strip[strip_lanes * strip_width<F>];
    alignas(64) S sums[F::flip ? low_precision_most_columns : 1];
    const int64_t padded = (at.columns + NR - 1) / NR * NR;
    const int64_t kc = low_precision_panel_lanes / padded * F::group;
    int64_t k0 = 0;
    do {  // runs once even if K = 0, because c must be written
        const int64_t ks = K - k0 < kc ? K - k0 : kc, lanes = lanes_of<F>(ks);
        pack_panels<F>(panels, lanes, b + k0 * (g.b_transposed ? 1 : g.ldb), g.ldb, g.b_transposed, at.columns, ks);
        Init<S> init{F::begin(g, at.j), 0};
        if constexpr (F::flip != 0) {  // block 0 starts at its own sums; add_to_rows adds the others at the end
            if (k0 <= kc)
                for (int64_t j = 0; j < padded; ++j) sums[j] = 0;
            F::add_flip_sums(sums, panels, lanes, padded);
            init.p = sums;
        }
        for (int64_t s = 0, i = 0; s < strips.count; ++s) {
            const int64_t mr = strips.rows(s);
            F::pack_a(strip, strip_width<F>, g.a_transposed ? a + k0 * g.lda + i : a + i * g.lda + k0, g.lda,
                      g.a_transposed, mr, ks);
            S* ci = c + i * g.ldc;
            strip_times_panels<F>(lanes, AMajor::k, strip, strip_width<F>, panels, lanes, ci, g.ldc,
                                  k0 == 0 && !g.accumulate ? init : Init<S>{ci, g.ldc}, mr, at.columns);
            i += mr;
        }
        k0 += ks;
    } while (k0 < K);
    if constexpr (F::flip != 0)
        if (K > kc) add_to_rows(c, g.ldc, at.rows, at.columns, sums);
    F::finish(g, c, at.rows, at.columns);
}

}  // namespace netlet::NETLET_ISA
