#include "dispatch/kernel.h"
#include "ops/reduce/prod_line.h"
#include "ops/reduce/reduce_tree.h"

namespace netlet::NETLET_ISA {

// ---- gradient of prod -----------------------------------------------------------------------------------------------
template <class T>
NETLET_INLINE void prod_bwd(const ProdBackwardArgs<T>& a, Range r) {
    for (int64_t line = r.begin; line < r.end; ++line)
        prod_line_bwd(a, line / a.inner * a.n * a.inner + line % a.inner, line);
}

NETLET_DEFINE_KERNEL(prod_bwd_f32, ProdBackwardArgs<float>) { prod_bwd(a, r); }
NETLET_DEFINE_KERNEL(prod_bwd_f64, ProdBackwardArgs<double>) { prod_bwd(a, r); }

namespace {

// ---- argmax, argmin -------------------------------------------------------------------------------------------------
template <bool first, class A, class B> struct Choose {
    using type = A;
};
template <class A, class B> struct Choose<false, A, B> {
    using type = B;
};

// Whether v displaces `best`: it is more extreme, or the first NaN.
template <bool is_max, class T>
NETLET_INLINE bool displaces(T v, T best) {
    return (is_max ? v > best : v < best) | ((v != v) & (best == best));
}

// Finds the extreme value, then its first position: two fast passes instead of one that tracks positions.
template <bool is_max, class T>
NETLET_INLINE int32_t find_extreme(const T* x, int64_t n) {
    using V = typename VectorOf<T>::type;
    if (n <= 32) {  // too short to repay the second pass
        T best = x[0];
        int32_t at = 0;
        for (int32_t i = 1; i < (int32_t)n; ++i) {
            const bool better = displaces<is_max>(x[i], best);
            best = better ? x[i] : best;
            at = better ? i : at;
        }
        return at;
    }
    using Op = typename Choose<is_max, MaxOp<V>, MinOp<V>>::type;
    const T best = reduce_line<Op, V>(x, n);
    const bool nan = best != best;
    const V wanted = V::set1(best);
    int64_t i = 0;
    for (; i + V::width <= n; i += V::width) {
        const V v = V::load(x + i);
        if (any(nan ? is_nan(v) : eq(v, wanted))) break;
    }
    for (; i < n; ++i)
        if (x[i] == best || (nan && x[i] != x[i])) return (int32_t)i;
    return 0;
}

template <bool is_max, class T>
NETLET_INLINE void find_extremes_of_columns(const T* NETLET_RESTRICT x, int32_t* NETLET_RESTRICT y, int64_t stride,
                                            int64_t n, int64_t cols) {
    T best[argreduce_tile];
    for (int64_t j = 0; j < cols; ++j) {
        best[j] = x[j];
        y[j] = 0;
    }
    for (int64_t i = 1; i < n; ++i)
        for (int64_t j = 0; j < cols; ++j) {
            const T v = x[i * stride + j];
            const bool better = displaces<is_max>(v, best[j]);
            best[j] = better ? v : best[j];
            y[j] = better ? (int32_t)i : y[j];
        }
}

template <class T>
NETLET_INLINE void argreduce(const ArgReduceArgs<T>& a, Range r) {
    const bool is_max = a.op == ReduceOp::max;
    if (a.inner == 1) {
        for (int64_t o = r.begin; o < r.end; ++o)
            a.y[o] = is_max ? find_extreme<true>(a.x + o * a.n, a.n) : find_extreme<false>(a.x + o * a.n, a.n);
        return;
    }
    const int64_t tiles = (a.inner + argreduce_tile - 1) / argreduce_tile;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t o = unit / tiles, first = unit % tiles * argreduce_tile, left = a.inner - first;
        const int64_t cols = left < argreduce_tile ? left : argreduce_tile;
        const T* x = a.x + o * a.n * a.inner + first;
        int32_t* y = a.y + o * a.inner + first;
        if (is_max)
            find_extremes_of_columns<true>(x, y, a.inner, a.n, cols);
        else
            find_extremes_of_columns<false>(x, y, a.inner, a.n, cols);
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(argreduce_f32, ArgReduceArgs<float>) { argreduce(a, r); }
NETLET_DEFINE_KERNEL(argreduce_f64, ArgReduceArgs<double>) { argreduce(a, r); }
NETLET_DEFINE_KERNEL(argreduce_i32, ArgReduceArgs<int32_t>) { argreduce(a, r); }
NETLET_DEFINE_KERNEL(argreduce_i64, ArgReduceArgs<int64_t>) { argreduce(a, r); }

}  // namespace netlet::NETLET_ISA
