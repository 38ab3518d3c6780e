// Kernels for medium and large products. gemm_direct reads both operands in place; gemm_packed reads a b that
// gemm_pack_b has packed into panels. Both compute with the register tile (simd/gemm_tile.h).
#include "dispatch/kernel.h"
#include "ops/gemm/epilogue.h"
#include "ops/gemm/gemm_blocks.h"
#include "ops/gemm/gemm_floats.h"
#include "simd/gemm_pack.h"

namespace netlet::NETLET_ISA {

// ---- direct ----
constexpr int64_t stack_panel_bytes = 16 * 1024;

// Computes one block of c: rows x columns, K terms.
template <class T>
static void direct_block(const GemmArgs& g, const T* a, const T* b, T* c, Init<T> first, int64_t rows, int64_t columns,
                         int64_t K, bool finish) {
    constexpr int W = Vec<T>::width;
    const AMajor major = g.a_transposed ? AMajor::k : AMajor::row;
    const int64_t a_row = g.a_transposed ? 1 : g.lda, a_k = g.a_transposed ? g.lda : 1;
    const int nv = columns <= W ? 1 : columns > 2 * W && rows <= max_rows(4) ? 4 : 2;
    const RowStrips strips(rows, max_rows(nv));

    // A b that is transposed is packed into a panel on the stack, kc terms at a time, and the loop over panels is the
    // outer loop. The same is done for other b's in two cases, if several strips of rows read them: rows of b whose
    // pitch is a multiple of 4 KB share a few sets of the caches, so the second strip would find nothing of what the
    // first one read; and the strips of AVX2 have too few rows to hide the latency of the L2 cache.
    const bool far = sizeof(Vec<T>) == 32 || g.ldb * (int64_t)sizeof(T) % 4096 == 0;
    const bool panels = g.b_transposed || (strips.count > 1 && far);
    alignas(64) T panel[stack_panel_bytes / sizeof(T)];
    const int64_t panel_columns = nv * W;
    const int64_t turned = stack_panel_bytes / (int64_t)sizeof(T) / W;  // vectors that fit the panel
    const int64_t kc = !panels ? K : nv == 1 ? turned : nv == 2 ? turned / 2 : turned / 4;
    const int64_t group = panels ? panel_columns : columns;  // columns covered by one pass over the strips

    // Rows of an a beyond the L2 cache are fetched while the strip before is multiplied: the hardware follows six short
    // rows at once badly (8192 x 32 x 144: 54 to 59 instead of 39 to 46 GFLOP/s, bench/lab/gemm_direct, Zen 3).
    const bool fetch = sizeof(Vec<T>) == 32 && panels && !g.a_transposed && K * (int64_t)sizeof(T) >= 512 &&
                       g.M * g.lda * (int64_t)sizeof(T) > prefetched_bytes;

    for (int64_t j0 = 0; j0 < columns; j0 += group) {
        const int64_t j1 = j0 + group < columns ? j0 + group : columns;
        int64_t k0 = 0;
        do {  // runs once even if K = 0, because c must be written
            const int64_t ks = K - k0 < kc ? K - k0 : kc;
            const Init<T> init = k0 == 0 ? first : Init<T>{c, g.ldc};
            const T* bk = panels ? panel : b + k0 * g.ldb + j0;
            const int64_t ldb = panels ? panel_columns : g.ldb;
            if (g.b_transposed)
                pack_transposed(panel, panel_columns, b + j0 * g.ldb + k0, g.ldb, j1 - j0, ks);
            else if (panels)
                pack_rows(panel, panel_columns, b + k0 * g.ldb + j0, g.ldb, j1 - j0, ks);
            for (int64_t s = 0, i = 0; s < strips.count; ++s) {
                const int64_t mr = strips.rows(s);
                const T* ai = a + i * a_row + k0 * a_k;
                if (fetch && j0 == 0 && s + 1 < strips.count)
                    for (int64_t r = mr; r < mr + strips.rows(s + 1); ++r)
                        prefetch_far(ai + r * g.lda, ks * (int64_t)sizeof(T));
                for (int64_t j = j0; j < j1;) {
                    const int64_t left = j1 - j;
                    const int v = left <= W ? 1 : left <= 2 * W || nv == 2 ? 2 : 4;
                    // 3 vectors are computed as 2 + 1: a tile of 4 vectors needs at least one valid lane in its last
                    // vector.
                    const int width = v == 4 && left <= 3 * W ? 2 : v;
                    const int64_t last = left < width * W ? left - (width - 1) * W : W;
                    const bool mask_b = !panels && last < W;
                    tiles_for<Plain<T>>(major, mask_b, width)
                        .fn[mr](ks, ai, g.lda, bk + (j - j0), ldb, c + i * g.ldc + j, g.ldc, init.at(i, j), init.ld,
                                last);
                    j += width * W;
                }
                if (finish && k0 + ks == K) epilogue(g.act, g.alpha, c + i * g.ldc + j0, g.ldc, mr, j1 - j0);
                i += mr;
            }
            k0 += ks;
        } while (k0 < K);
    }
}

template <class T>
NETLET_INLINE void direct_unit(const GemmArgs& g, int64_t unit) {
    const auto [item, i, j, rows, columns] = block_of(g, unit);
    const T* a0 = static_cast<const T*>(g.a) + i * (g.a_transposed ? 1 : g.lda);
    const T* b0 = static_cast<const T*>(g.b) + j * (g.b_transposed ? g.ldb : 1);
    T* c = static_cast<T*>(g.c) + item * g.M * g.ldc + i * g.ldc + j;

    int64_t K = g.K;
    if (g.kb) {
        const int64_t k = item * g.kb;
        a0 += k * (g.a_transposed ? g.lda : 1);
        b0 += k * (g.b_transposed ? 1 : g.ldb);
        K = g.K - k < g.kb ? g.K - k : g.kb;
    }
    for (int64_t s = 0; s < g.summed; ++s) {
        const T *a = a0, *b = b0;
        int64_t rest = item * g.summed + s;
        for (int d = g.batch_rank - 1; d >= 0; --d) {
            const int64_t at = rest % g.batch_dims[d];
            rest /= g.batch_dims[d];
            a += at * g.a_step[d];
            b += at * g.b_step[d];
        }
        Init<T> init{nullptr, 0};
        if (s > 0 || g.accumulate)
            init = {c, g.ldc};
        else if (g.bias)
            init = {static_cast<const T*>(g.bias) + j, 0};
        direct_block(g, a, b, c, init, rows, columns, K, s == g.summed - 1);
    }
}

// ---- slices of a split K ----
template <class T>
NETLET_INLINE void sum_slices(const GemmSlicesArgs& g, Range r) {
    using V = Vec<T>;
    const T* slices = static_cast<const T*>(g.slices);
    const T* bias = static_cast<const T*>(g.bias);
    for (int64_t i = r.begin; i < r.end; ++i) {
        T* c = static_cast<T*>(g.c) + i * g.N;
        for (int64_t j = 0; j < g.N; j += V::width) {
            const int64_t n = g.N - j < V::width ? g.N - j : V::width;
            V sum = g.accumulate ? V::load_n(c + j, n) : bias ? V::load_n(bias + j, n) : V::zero();
            for (int64_t s = 0; s < g.count; ++s) sum += V::load_n(slices + (s * g.M + i) * g.N + j, n);
            sum.store_n(c + j, n);
        }
        epilogue(g.act, g.alpha, c, g.N, 1, g.N);
    }
}

#define NETLET_GEMM_KERNELS(T, suffix)                                                                                 \
    NETLET_DEFINE_KERNEL(gemm_direct_##suffix, GemmArgs) {                                                             \
        for (int64_t unit = r.begin; unit < r.end; ++unit) direct_unit<T>(a, unit);                                    \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(gemm_slice_k_##suffix, GemmArgs) {                                                            \
        for (int64_t unit = r.begin; unit < r.end; ++unit) direct_unit<T>(a, unit);                                    \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(gemm_packed_##suffix, GemmArgs) {                                                             \
        for (int64_t unit = r.begin; unit < r.end; ++unit) packed_unit<Floats<T>>(a, unit);                            \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(gemm_pack_b_##suffix, GemmPackArgs) { pack_b<Floats<T>>(a, r); }                              \
    NETLET_DEFINE_KERNEL(gemm_sum_slices_##suffix, GemmSlicesArgs) { sum_slices<T>(a, r); }
NETLET_GEMM_KERNELS(float, f32)
NETLET_GEMM_KERNELS(double, f64)

}  // namespace netlet::NETLET_ISA
