// Products with few rows (M <= 4, above all matrix times vector). Reading b once bounds their speed, so b is read in
// memory order: gemm_stream walks along the rows of b, gemm_dot along the rows of a transposed b.
#include "dispatch/kernel.h"
#include "ops/gemm/epilogue.h"
#include "ops/gemm/gemm_args.h"

namespace netlet::NETLET_ISA {

#if defined(NETLET_VEC_AVX2) || !(defined(NETLET_VEC_AVX512) || defined(NETLET_VEC_NEON))
constexpr int registers = 16;
#else
constexpr int registers = 32;
#endif

// ---- stream ----

// c(i, :) += the sum over `terms` rows of b, in one pass over the columns. The M * terms elements of a stay broadcast
// in registers. Each element of c is summed in ascending k, as in the register tile.
template <int M, int terms, class T>
NETLET_INLINE void stream_pass(const T* a, int64_t lda, const T* b, int64_t ldb, T* c, int64_t ldc, int64_t columns) {
    using V = Vec<T>;
    V ab[M][terms];
    NETLET_UNROLL(4)
    for (int i = 0; i < M; ++i) {
        NETLET_UNROLL(8)
        for (int t = 0; t < terms; ++t) ab[i][t] = V::set1(a[i * lda + t]);
    }
    auto at = [&](int64_t j, auto load, auto store) NETLET_INLINE_LAMBDA {
        V acc[M];
        NETLET_UNROLL(4)
        for (int i = 0; i < M; ++i) acc[i] = load(c + i * ldc + j);
        NETLET_UNROLL(8)
        for (int t = 0; t < terms; ++t) {
            V bt = load(b + t * ldb + j);
            NETLET_UNROLL(4)
            for (int i = 0; i < M; ++i) acc[i] = fma(ab[i][t], bt, acc[i]);
        }
        NETLET_UNROLL(4)
        for (int i = 0; i < M; ++i) store(acc[i], c + i * ldc + j);
    };
    int64_t j = 0;
    for (; j + V::width <= columns; j += V::width)
        at(j, [](const T* p) { return V::load(p); }, [](V v, T* p) { v.store(p); });
    const int64_t n = columns - j;
    if (n > 0) at(j, [n](const T* p) { return V::load_n(p, n); }, [n](V v, T* p) { v.store_n(p, n); });
}

// A work unit is a slice of k over all columns: narrower blocks of columns would break b's rows into short reads.
template <int M, class T>
static void stream_block(const GemmArgs& g, int64_t slice) {
    constexpr int terms = registers / 2 / M > 8 ? 8 : registers / 2 / M > 4 ? 4 : registers / 2 / M;
    const T *a = static_cast<const T*>(g.a), *b = static_cast<const T*>(g.b), *bias = static_cast<const T*>(g.bias);
    T* c = static_cast<T*>(g.c) + slice * M * g.ldc;
    if (!g.accumulate)
        for (int i = 0; i < M; ++i)
            for (int64_t j = 0; j < g.N; ++j) c[i * g.ldc + j] = bias ? bias[j * g.bias_step] : T(0);
    int64_t k = slice * g.kb;
    const int64_t end = g.kb && k + g.kb < g.K ? k + g.kb : g.K;
    for (; k + terms <= end; k += terms) stream_pass<M, terms>(a + k, g.lda, b + k * g.ldb, g.ldb, c, g.ldc, g.N);
    for (; k < end; ++k) stream_pass<M, 1>(a + k, g.lda, b + k * g.ldb, g.ldb, c, g.ldc, g.N);
    epilogue(g.act, g.alpha, c, g.ldc, M, g.N);
}

// ---- dot ----

// c(i, j) = init + sum over lanes of (sum over k of a(i, k) b(j, k)). reduce_add adds the lanes in a fixed order, so an
// element does not depend on how many rows are computed together.
template <int M, int NJ, class T>
NETLET_INLINE void dot_tile(const GemmArgs& g, const T* a, const T* b, T* c, const T* bias) {
    using V = Vec<T>;
    V acc[M][NJ];
    NETLET_UNROLL(4)
    for (int i = 0; i < M; ++i) {
        NETLET_UNROLL(8)
        for (int j = 0; j < NJ; ++j) acc[i][j] = V::zero();
    }
    auto at = [&](int64_t k, auto load) NETLET_INLINE_LAMBDA {
        V av[M];
        NETLET_UNROLL(4)
        for (int i = 0; i < M; ++i) av[i] = load(a + i * g.lda + k);
        NETLET_UNROLL(8)
        for (int j = 0; j < NJ; ++j) {
            V bj = load(b + j * g.ldb + k);
            NETLET_UNROLL(4)
            for (int i = 0; i < M; ++i) acc[i][j] = fma(av[i], bj, acc[i][j]);
        }
    };
    int64_t k = 0;
    for (; k + V::width <= g.K; k += V::width) at(k, [](const T* p) { return V::load(p); });
    const int64_t n = g.K - k;
    if (n > 0) at(k, [n](const T* p) { return V::load_n(p, n); });
    NETLET_UNROLL(4)
    for (int i = 0; i < M; ++i) {
        NETLET_UNROLL(8)
        for (int j = 0; j < NJ; ++j) {
            const T sum = reduce_add(acc[i][j]);
            c[i * g.ldc + j] = g.accumulate ? c[i * g.ldc + j] + sum : bias ? bias[j * g.bias_step] + sum : sum;
        }
    }
}

template <int M, class T>
static void dot_block(const GemmArgs& g, int64_t j0, int64_t columns) {
    constexpr int NJ = registers / 2 / M > 8 ? 8 : registers / 2 / M > 4 ? 4 : registers / 2 / M;
    const T *a = static_cast<const T*>(g.a), *b = static_cast<const T*>(g.b) + j0 * g.ldb;
    const T* bias = g.bias ? static_cast<const T*>(g.bias) + j0 * g.bias_step : nullptr;
    T* c = static_cast<T*>(g.c) + j0;
    int64_t j = 0;
    for (; j + NJ <= columns; j += NJ)
        dot_tile<M, NJ>(g, a, b + j * g.ldb, c + j, bias ? bias + j * g.bias_step : nullptr);
    for (; j < columns; ++j) dot_tile<M, 1>(g, a, b + j * g.ldb, c + j, bias ? bias + j * g.bias_step : nullptr);
    epilogue(g.act, g.alpha, c, g.ldc, M, columns);
}

// Calls f with M as a compile-time constant.
template <class F>
NETLET_INLINE void with_rows(int64_t M, F f) {
    switch (M) {
        case 1: return f.template operator()<1>();
        case 2: return f.template operator()<2>();
        case 3: return f.template operator()<3>();
        default: return f.template operator()<4>();
    }
}

template <class T>
NETLET_INLINE void stream(const GemmArgs& g, Range r) {
    for (int64_t slice = r.begin; slice < r.end; ++slice)
        with_rows(g.M, [&]<int M>() { stream_block<M, T>(g, slice); });
}

template <class T>
NETLET_INLINE void dot(const GemmArgs& g, Range r) {
    const int64_t begin = r.begin * g.nb, end = r.end * g.nb < g.N ? r.end * g.nb : g.N;
    with_rows(g.M, [&]<int M>() { dot_block<M, T>(g, begin, end - begin); });
}

NETLET_DEFINE_KERNEL(gemm_stream_f32, GemmArgs) { stream<float>(a, r); }
NETLET_DEFINE_KERNEL(gemm_stream_f64, GemmArgs) { stream<double>(a, r); }
NETLET_DEFINE_KERNEL(gemm_dot_f32, GemmArgs) { dot<float>(a, r); }
NETLET_DEFINE_KERNEL(gemm_dot_f64, GemmArgs) { dot<double>(a, r); }

}  // namespace netlet::NETLET_ISA
