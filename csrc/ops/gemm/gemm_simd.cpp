// The two ways to a large or middling product: gemm_direct reads the operands where they lie, gemm_packed reads a b
// that gemm_pack_b has laid out in panels. Both end in the register tile.
#include "dispatch/kernel.h"
#include "ops/gemm/epilogue.h"
#include "ops/gemm/gemm_args.h"
#include "simd/gemm_pack.h"
#include "simd/gemm_tile.h"

namespace netlet::NETLET_ISA {

// ---- tiles by size ----
template <class T>
using TileFn = void (*)(int64_t K, const T* a, int64_t lda, const T* b, int64_t ldb, T* c, int64_t ldc, const T* init,
                        int64_t ldinit, int64_t last);

template <int MR, int NV, AMajor major, bool MaskB, class T>
static void tile_function(int64_t K, const T* a, int64_t lda, const T* b, int64_t ldb, T* c, int64_t ldc, const T* init,
                          int64_t ldinit, int64_t last) {
    tile<MR, NV, major, MaskB>(K, a, lda, b, ldb, c, ldc, init, ldinit, last);
}

template <class T>
struct Tiles {
    TileFn<T> fn[most_rows + 1];  // by rows
};
template <class T, int NV, AMajor major, bool MaskB>
constexpr Tiles<T> tiles_of() {
    Tiles<T> t{};
    // clang-format off
#define NETLET_ROWS(R) if constexpr (R <= max_rows(NV)) t.fn[R] = tile_function<R, NV, major, MaskB, T>;
    NETLET_ROWS(1) NETLET_ROWS(2) NETLET_ROWS(3) NETLET_ROWS(4) NETLET_ROWS(5) NETLET_ROWS(6) NETLET_ROWS(7)
    NETLET_ROWS(8) NETLET_ROWS(9) NETLET_ROWS(10) NETLET_ROWS(11) NETLET_ROWS(12) NETLET_ROWS(13) NETLET_ROWS(14)
#undef NETLET_ROWS
        // clang-format on
        return t;
}
// [a is k-major][b's last vector is partial][1, 2 or 4 vectors wide]
template <class T, AMajor major, bool MaskB>
static const Tiles<T> tiles[3] = {tiles_of<T, 1, major, MaskB>(), tiles_of<T, 2, major, MaskB>(),
                                  tiles_of<T, 4, major, MaskB>()};

template <class T>
NETLET_INLINE const Tiles<T>& tiles_for(AMajor major, bool mask_b, int nv) {
    const int w = nv == 4 ? 2 : nv - 1;
#if defined(NETLET_VEC_AVX512)
    (void)mask_b;  // a masked load costs nothing here, so one set of tiles does
    return major == AMajor::row ? tiles<T, AMajor::row, true>[w] : tiles<T, AMajor::k, true>[w];
#else
    if (mask_b) return major == AMajor::row ? tiles<T, AMajor::row, true>[w] : tiles<T, AMajor::k, true>[w];
    return major == AMajor::row ? tiles<T, AMajor::row, false>[w] : tiles<T, AMajor::k, false>[w];
#endif
}

// Where a tile's sums begin: the first pass over k takes the bias, c or zero, later passes continue in c.
template <class T>
struct Init {
    const T* p;
    int64_t ld;
    NETLET_MEMBER_INLINE const T* at(int64_t i, int64_t j) const { return p ? p + i * ld + j : nullptr; }
};

// ---- direct ----
constexpr int64_t stack_panel_bytes = 32 * 1024;

// One block of c: rows x columns, K terms. Strips of rows are cut evenly, so that 15 rows are 8 + 7 and not 14 + 1.
template <class T>
static void direct_block(const GemmArgs& g, const T* a, const T* b, T* c, Init<T> first, int64_t rows, int64_t columns,
                         int64_t K, bool finish) {
    constexpr int W = Vec<T>::width;
    const AMajor major = g.a_transposed ? AMajor::k : AMajor::row;
    const int64_t a_row = g.a_transposed ? 1 : g.lda, a_k = g.a_transposed ? g.lda : 1;
    const int nv = columns <= W ? 1 : columns > 2 * W && rows <= max_rows(4) ? 4 : 2;
    int64_t strips = 1, each = rows, longer = 0;
    if (rows > max_rows(nv)) {
        strips = (rows + max_rows(nv) - 1) / max_rows(nv);
        each = rows / strips;
        longer = rows % strips;
    }

    // A transposed b is turned, kc rows at a time, into a panel on the stack. Then panels are the outer loop.
    alignas(64) T panel[stack_panel_bytes / sizeof(T)];
    const int64_t panel_width = nv * W;
    const int64_t turned = stack_panel_bytes / (int64_t)sizeof(T) / W;  // vectors of the panel
    const int64_t kc = !g.b_transposed ? K : nv == 1 ? turned : nv == 2 ? turned / 2 : turned / 4;
    const int64_t group = g.b_transposed ? panel_width : columns;  // columns that one round of strips covers

    for (int64_t j0 = 0; j0 < columns; j0 += group) {
        const int64_t j1 = j0 + group < columns ? j0 + group : columns;
        int64_t k0 = 0;
        do {  // once even where K = 0: c is still to be written
            const int64_t ks = K - k0 < kc ? K - k0 : kc;
            const Init<T> init = k0 == 0 ? first : Init<T>{c, g.ldc};
            const T* bk = g.b_transposed ? panel : b + k0 * g.ldb + j0;
            const int64_t ldb = g.b_transposed ? panel_width : g.ldb;
            if (g.b_transposed) pack_transposed(panel, panel_width, b + j0 * g.ldb + k0, g.ldb, j1 - j0, ks);
            for (int64_t s = 0, i = 0; s < strips; ++s) {
                const int64_t mr = each + (s < longer);
                const T* ai = a + i * a_row + k0 * a_k;
                for (int64_t j = j0; j < j1;) {
                    const int64_t left = j1 - j;
                    const int v = left <= W ? 1 : left <= 2 * W || nv == 2 ? 2 : 4;
                    // 3 vectors are done as 2 + 1: a 4-vector tile must have its last vector in part.
                    const int width = v == 4 && left <= 3 * W ? 2 : v;
                    const int64_t last = left < width * W ? left - (width - 1) * W : W;
                    const bool mask_b = !g.b_transposed && last < W;
                    tiles_for<T>(major, mask_b, width)
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
    int64_t i = 0, j = 0, item = unit;
    if (g.mb < g.M || g.nb < g.N) {  // three divisions cost as much as a tiny product
        const int64_t m_blocks = (g.M + g.mb - 1) / g.mb, n_blocks = (g.N + g.nb - 1) / g.nb;
        j = unit % n_blocks * g.nb;
        i = unit / n_blocks % m_blocks * g.mb;
        item = unit / n_blocks / m_blocks;
    }
    const int64_t rows = g.M - i < g.mb ? g.M - i : g.mb, columns = g.N - j < g.nb ? g.N - j : g.nb;
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

// ---- packed ----
// A panel of b is 2 vectors wide. Blocks of kc terms keep nb columns of b in the second cache and one strip of a,
// packed on the stack, in the first.
constexpr int packed_nv = 2;
template <class T>
constexpr int64_t packed_kc = 1536 / sizeof(T);

template <class T>
NETLET_INLINE void packed_unit(const GemmArgs& g, int64_t unit) {
    constexpr int W = Vec<T>::width, NR = packed_nv * W, most = max_rows(packed_nv);
    constexpr int strip_width = (most + W - 1) / W * W;
    const int64_t n_blocks = (g.N + g.nb - 1) / g.nb;
    const int64_t j_begin = unit % n_blocks * g.nb, i_begin = unit / n_blocks * g.mb;
    const int64_t rows = g.M - i_begin < g.mb ? g.M - i_begin : g.mb,
                  columns = g.N - j_begin < g.nb ? g.N - j_begin : g.nb;
    const int64_t strips = (rows + most - 1) / most, each = rows / strips, longer = rows % strips;
    const T* a = static_cast<const T*>(g.a) + i_begin * (g.a_transposed ? 1 : g.lda);
    const T* b = static_cast<const T*>(g.b) + j_begin * g.K;
    T* c = static_cast<T*>(g.c) + i_begin * g.ldc + j_begin;
    Init<T> init{nullptr, 0};
    if (g.accumulate)
        init = {c, g.ldc};
    else if (g.bias)
        init = {static_cast<const T*>(g.bias) + j_begin, 0};

    constexpr int64_t kc = packed_kc<T>;
    alignas(64) T strip[packed_kc<T> * strip_width];
    for (int64_t k0 = 0; k0 < g.K; k0 += kc, init = {c, g.ldc}) {
        const int64_t ks = g.K - k0 < kc ? g.K - k0 : kc;
        for (int64_t s = 0, i = 0; s < strips; ++s) {
            const int64_t mr = each + (s < longer);
            if (g.a_transposed)
                pack_rows(strip, strip_width, a + k0 * g.lda + i, g.lda, mr, ks);
            else
                pack_transposed(strip, strip_width, a + i * g.lda + k0, g.lda, mr, ks);
            for (int64_t j = 0; j < columns; j += NR) {
                const int64_t left = columns - j;
                const int v = left <= W ? 1 : 2;
                const int64_t last = left < v * W ? left - (v - 1) * W : W;
                tiles_for<T>(AMajor::k, false, v)
                    .fn[mr](ks, strip, strip_width, b + j * g.K + k0 * NR, NR, c + i * g.ldc + j, g.ldc, init.at(i, j),
                            init.ld, last);
            }
            if (k0 + ks == g.K) epilogue(g.act, g.alpha, c + i * g.ldc, g.ldc, mr, columns);
            i += mr;
        }
    }
}

template <class T>
NETLET_INLINE void pack_b(const GemmPackArgs& g, Range r) {
    constexpr int NR = packed_nv * Vec<T>::width;
    static_assert(gemm_panel_group % NR == 0, "a group of columns holds whole panels");
    const int64_t begin = r.begin * gemm_panel_group;
    const int64_t end = r.end * gemm_panel_group < g.N ? r.end * gemm_panel_group : g.N;
    const T* b = static_cast<const T*>(g.b);
    T* packed = static_cast<T*>(g.packed);
    // A few rows of b at a time, across all panels of the range: as near to reading b in its own order as the number of
    // places to write to allows.
    const int64_t block = g.transposed ? g.K : 8;
    for (int64_t k = 0; k < g.K; k += block) {
        const int64_t ks = g.K - k < block ? g.K - k : block;
        for (int64_t j = begin; j < end; j += NR) {
            const int64_t columns = end - j < NR ? end - j : NR;
            T* panel = packed + j * g.K + k * NR;
            if (g.transposed)
                pack_transposed(panel, NR, b + j * g.ldb, g.ldb, columns, ks);
            else
                pack_rows(panel, NR, b + k * g.ldb + j, g.ldb, columns, ks);
        }
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
        for (int64_t unit = r.begin; unit < r.end; ++unit) packed_unit<T>(a, unit);                                    \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(gemm_pack_b_##suffix, GemmPackArgs) { pack_b<T>(a, r); }                                      \
    NETLET_DEFINE_KERNEL(gemm_sum_slices_##suffix, GemmSlicesArgs) { sum_slices<T>(a, r); }
NETLET_GEMM_KERNELS(float, f32)
NETLET_GEMM_KERNELS(double, f64)

}  // namespace netlet::NETLET_ISA
