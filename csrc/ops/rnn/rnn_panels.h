// Rows of scratch times packed panels: the matrix product inside a time step. Every step reads the panels from the L2
// cache, so the loop over panels is the outer loop, and all strips of rows use a panel while it is in the L1 cache.
#pragma once
#include "ops/gemm/gemm_blocks.h"

namespace netlet::NETLET_ISA {

// Reading the panels bounds the speed of a single row: several panels at a time keep enough multiply-adds in flight.
template <class F, int P>
NETLET_INLINE void row_times_panels(int64_t K, const typename F::Lane* a, const typename F::Lane* panels,
                                    typename F::Sum* c, const typename F::Sum* init) {
    using V = Vec<typename F::Lane>;
    using Sums = Vec<typename F::Sum>;
    constexpr int W = V::width;
    Sums sum[P][packed_nv];
    NETLET_UNROLL(8)
    for (int p = 0; p < P; ++p) NETLET_UNROLL(2)
    for (int v = 0; v < packed_nv; ++v) sum[p][v] = init ? Sums::load(init + (p * packed_nv + v) * W) : Sums::zero();
    for (int64_t k = 0; k < K; ++k) {
        const V ak = V::set1(a[k]);
        NETLET_UNROLL(8)
        for (int p = 0; p < P; ++p) NETLET_UNROLL(2)
        for (int v = 0; v < packed_nv; ++v)
            sum[p][v] = F::multiply_add(ak, V::load(panels + (p * K + k) * packed_nv * W + v * W), sum[p][v]);
    }
    NETLET_UNROLL(8)
    for (int p = 0; p < P; ++p) NETLET_UNROLL(2)
    for (int v = 0; v < packed_nv; ++v) sum[p][v].store(c + (p * packed_nv + v) * W);
}

constexpr int panels_together = 4;

// c (rows, N) = init + a (rows, K) . b, with b in the panels of the format F (gemm_blocks.h: Plain<T> or lanes of
// low-precision numbers, K of them in a row).
template <class F>
static void rows_times_panels(int64_t rows, int64_t N, int64_t K, const typename F::Lane* a, int64_t lda,
                              const typename F::Lane* panels, typename F::Sum* c, int64_t ldc,
                              Init<typename F::Sum> init) {
    constexpr int W = Vec<typename F::Lane>::width, most = max_rows(packed_nv), together = panels_together;
    constexpr int64_t NR = packed_nv * W;
    int64_t j = 0;
    if (rows == 1)
        for (; j + together * NR <= N; j += together * NR)
            row_times_panels<F, together>(K, a, panels + j * K, c + j, init.at(0, j));
    const RowStrips strips(rows, most);
    for (; j < N; j += NR) {
        const int64_t left = N - j;
        const int nv = left <= W ? 1 : 2;
        const int64_t last = left < nv * W ? left - (nv - 1) * W : W;
        const auto& tiles = tiles_for<F>(AMajor::row, false, nv);
        for (int64_t s = 0, i = 0; s < strips.count; ++s) {
            const int64_t mr = strips.rows(s);
            tiles.fn[mr](K, a + i * lda, lda, panels + j * K, NR, c + i * ldc + j, ldc, init.at(i, j), init.ld, last);
            i += mr;
        }
    }
}

}  // namespace netlet::NETLET_ISA
