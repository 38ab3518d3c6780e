#include "dispatch/kernel_table.h"
#include "ops/reduce/reduce_args.h"
#include "simd/scalar_lane.h"

namespace netlet::NETLET_ISA {

// ---- the four ways to join two values --------------------------------------------------------------------------------
NETLET_INLINE float lowest(float) { return -__builtin_inff(); }
NETLET_INLINE double lowest(double) { return -__builtin_inf(); }
NETLET_INLINE int32_t lowest(int32_t) { return INT32_MIN; }
NETLET_INLINE int64_t lowest(int64_t) { return INT64_MIN; }
NETLET_INLINE uint8_t lowest(uint8_t) { return 0; }
NETLET_INLINE float highest(float) { return __builtin_inff(); }
NETLET_INLINE double highest(double) { return __builtin_inf(); }
NETLET_INLINE int32_t highest(int32_t) { return INT32_MAX; }
NETLET_INLINE int64_t highest(int64_t) { return INT64_MAX; }
NETLET_INLINE uint8_t highest(uint8_t) { return 1; }

// `lanes` joins the lanes of one vector: halves, quarters, ..., an order that is fixed like the rest of the tree.
template <class V> struct SumOp {
    using T = typename V::Scalar;
    static NETLET_MEMBER_INLINE T empty() { return T(0); }
    static NETLET_MEMBER_INLINE V identity() { return V::set1(empty()); }
    static NETLET_MEMBER_INLINE V join(V a, V b) { return a + b; }
    static NETLET_MEMBER_INLINE T lanes(V v) {
        if constexpr (V::width == 1) return v.r;
        else return reduce_add(v);
    }
};
template <class V> struct ProdOp {
    using T = typename V::Scalar;
    static NETLET_MEMBER_INLINE T empty() { return T(1); }
    static NETLET_MEMBER_INLINE V identity() { return V::set1(empty()); }
    static NETLET_MEMBER_INLINE V join(V a, V b) { return a * b; }
    static NETLET_MEMBER_INLINE T lanes(V v) {
        T s[V::width];
        v.store(s);
        for (int half = V::width / 2; half > 0; half /= 2)
            for (int i = 0; i < half; ++i) s[i] *= s[i + half];
        return s[0];
    }
};
template <class V> struct MaxOp {
    using T = typename V::Scalar;
    static NETLET_MEMBER_INLINE T empty() { return lowest(T()); }
    static NETLET_MEMBER_INLINE V identity() { return V::set1(empty()); }
    static NETLET_MEMBER_INLINE V join(V a, V b) { return max(a, b); }
    static NETLET_MEMBER_INLINE T lanes(V v) {
        if constexpr (V::width == 1) return v.r;
        else return reduce_max(v);
    }
};
template <class V> struct MinOp {
    using T = typename V::Scalar;
    static NETLET_MEMBER_INLINE T empty() { return highest(T()); }
    static NETLET_MEMBER_INLINE V identity() { return V::set1(empty()); }
    static NETLET_MEMBER_INLINE V join(V a, V b) { return min(a, b); }
    static NETLET_MEMBER_INLINE T lanes(V v) {
        if constexpr (V::width == 1) return v.r;
        else return reduce_min(v);
    }
};

// ---- the tree --------------------------------------------------------------------------------------------------------
// Blocks are joined as a binary counter counts: block number b (from 0) first swallows the finished subtrees of the
// levels where b has trailing ones, so only subtrees of equal size are ever joined until the end.
template <class Op, class V>
NETLET_INLINE V join_rest(const V* level, uint64_t blocks, V rest) {
    for (int l = 0; blocks >> l; ++l)
        if (blocks >> l & 1) rest = Op::join(level[l], rest);
    return rest;
}

// Adds block number b to the tree.
template <class Op, class V>
NETLET_INLINE void join_block(V* level, uint64_t b, V sum) {
    int l = 0;
    for (; b >> l & 1; ++l) sum = Op::join(level[l], sum);
    level[l] = sum;
}

// The n numbers at x, side by side.
template <class Op, class V, class T = typename V::Scalar>
NETLET_INLINE T reduce_line(const T* x, int64_t n) {
    constexpr int64_t w = V::width, block = 64 * w;
    if (n <= w) return n > 0 ? Op::lanes(load_or(x, n, Op::identity())) : Op::empty();
    V level[48];
    uint64_t blocks = 0;
    int64_t i = 0;
    for (; i + block <= n; i += block, ++blocks) {
        V s0 = V::load(x + i), s1 = V::load(x + i + w), s2 = V::load(x + i + 2 * w), s3 = V::load(x + i + 3 * w);
        for (int64_t j = i + 4 * w; j < i + block; j += 4 * w) {
            s0 = Op::join(s0, V::load(x + j));
            s1 = Op::join(s1, V::load(x + j + w));
            s2 = Op::join(s2, V::load(x + j + 2 * w));
            s3 = Op::join(s3, V::load(x + j + 3 * w));
        }
        join_block<Op>(level, blocks, Op::join(Op::join(s0, s1), Op::join(s2, s3)));
    }
    V s0 = Op::identity(), s1 = s0;
    for (; i < n; i += 2 * w) {
        s0 = Op::join(s0, load_or(x + i, n - i, Op::identity()));
        if (i + w < n) s1 = Op::join(s1, load_or(x + i + w, n - i - w, Op::identity()));
    }
    return Op::lanes(join_rest<Op>(level, blocks, Op::join(s0, s1)));
}

// ---- inner == 1: rows ------------------------------------------------------------------------------------------------
template <class Op, class T>
NETLET_INLINE void reduce_rows(const ReduceArgs<T>& a, Range r) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t begin = unit % a.pieces * a.piece, left = a.n - begin;
        T y = reduce_line<Op, typename VectorOf<T>::type>(a.x + unit / a.pieces * a.n + begin, left < a.piece ? left : a.piece);
        if (a.divisor != T(1)) y = (T)(y / a.divisor);
        a.y[unit] = a.accumulate ? (T)(a.y[unit] + y) : y;
    }
}

// ---- inner > 1: columns ----------------------------------------------------------------------------------------------
template <class V, class T> NETLET_INLINE V load_some(const T* p, int64_t n) { return n >= V::width ? V::load(p) : V::load_n(p, n); }

// One vector of columns over `rows` rows, 1 to 16.
template <class Op, class V, class T>
NETLET_INLINE V reduce_block(const T* x, int64_t stride, int64_t rows, int64_t n) {
    if (rows == 16) {
        V s[4];
        for (int k = 0; k < 4; ++k) s[k] = load_some<V>(x + k * stride, n);
        for (int i = 4; i < 16; i += 4)
            for (int k = 0; k < 4; ++k) s[k] = Op::join(s[k], load_some<V>(x + (i + k) * stride, n));
        return Op::join(Op::join(s[0], s[1]), Op::join(s[2], s[3]));
    }
    V s = load_some<V>(x, n);
    for (int64_t i = 1; i < rows; ++i) s = Op::join(s, load_some<V>(x + i * stride, n));
    return s;
}

template <class Op, class V, class T>
NETLET_INLINE void reduce_tile_of_columns(const T* x, T* y, int64_t stride, int64_t rows, int64_t cols, T divisor, bool accumulate) {
    constexpr int64_t w = V::width, vectors = reduce_tile / w;
    constexpr int depth = 16;  // blocks of 16 rows: 2^14 in the longest piece
    static_assert(reduce_max_piece / 16 < (int64_t)1 << (depth - 1));
    V level[vectors][depth];
    uint64_t blocks = 0;
    for (; (int64_t)blocks * 16 < rows - 16; ++blocks)
        for (int64_t j = 0; j < cols; j += w)
            join_block<Op>(level[j / w], blocks, reduce_block<Op, V>(x + (int64_t)blocks * 16 * stride + j, stride, 16, cols - j));
    const int64_t begin = (int64_t)blocks * 16, last = rows - begin;
    for (int64_t j = 0; j < cols; j += w) {
        const int64_t n = cols - j;
        V s = rows > 0 ? reduce_block<Op, V>(x + begin * stride + j, stride, last, n) : Op::identity();
        s = join_rest<Op>(level[j / w], blocks, s);
        if (divisor != T(1)) s = s / V::set1(divisor);
        if (accumulate) s = load_some<V>((const T*)y + j, n) + s;
        if (n >= w) s.store(y + j);
        else s.store_n(y + j, n);
    }
}

template <class Op, class T>
NETLET_INLINE void reduce_columns(const ReduceArgs<T>& a, Range r) {
    const int64_t tiles = (a.inner + reduce_tile - 1) / reduce_tile;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t line = unit / tiles, first = unit % tiles * reduce_tile, begin = line % a.pieces * a.piece;
        const int64_t cols = a.inner - first, rows = a.n - begin;
        const T* x = a.x + (line / a.pieces * a.n + begin) * a.inner + first;
        reduce_tile_of_columns<Op, typename VectorOf<T>::type>(x, a.y + line * a.inner + first, a.inner,
                                                               rows < a.piece ? rows : a.piece,
                                                               cols < reduce_tile ? cols : reduce_tile, a.divisor, a.accumulate);
    }
}

template <class T>
NETLET_INLINE void reduce(const ReduceArgs<T>& a, Range r) {
    using V = typename VectorOf<T>::type;
    if (a.inner == 1) switch (a.op) {
        case ReduceOp::sum: return reduce_rows<SumOp<V>>(a, r);
        case ReduceOp::prod: return reduce_rows<ProdOp<V>>(a, r);
        case ReduceOp::max: return reduce_rows<MaxOp<V>>(a, r);
        case ReduceOp::min: return reduce_rows<MinOp<V>>(a, r);
    }
    switch (a.op) {
        case ReduceOp::sum: return reduce_columns<SumOp<V>>(a, r);
        case ReduceOp::prod: return reduce_columns<ProdOp<V>>(a, r);
        case ReduceOp::max: return reduce_columns<MaxOp<V>>(a, r);
        case ReduceOp::min: return reduce_columns<MinOp<V>>(a, r);
    }
}

NETLET_DEFINE_KERNEL(reduce_f32, ReduceArgs<float>) { reduce(a, r); }
NETLET_DEFINE_KERNEL(reduce_f64, ReduceArgs<double>) { reduce(a, r); }
NETLET_DEFINE_KERNEL(reduce_i32, ReduceArgs<int32_t>) { reduce(a, r); }
NETLET_DEFINE_KERNEL(reduce_i64, ReduceArgs<int64_t>) { reduce(a, r); }
NETLET_DEFINE_KERNEL(reduce_bool, ReduceArgs<uint8_t>) { reduce(a, r); }

// ---- d prod ----------------------------------------------------------------------------------------------------------
template <class T>
NETLET_INLINE void prod_bwd(const ProdBackwardArgs<T>& a, Range r) {
    for (int64_t line = r.begin; line < r.end; ++line) {
        const int64_t first = line / a.inner * a.n * a.inner + line % a.inner;
        const T* x = a.x + first;
        T *before = a.before + first, *dx = a.dx + first;
        T p = a.dy[line];
        for (int64_t i = 0; i < a.n; ++i) {
            before[i * a.inner] = p;
            p *= x[i * a.inner];
        }
        T behind = 1;
        for (int64_t i = a.n - 1; i >= 0; --i) {
            const T d = before[i * a.inner] * behind;
            dx[i * a.inner] = a.accumulate ? dx[i * a.inner] + d : d;
            behind *= x[i * a.inner];
        }
    }
}

NETLET_DEFINE_KERNEL(prod_bwd_f32, ProdBackwardArgs<float>) { prod_bwd(a, r); }
NETLET_DEFINE_KERNEL(prod_bwd_f64, ProdBackwardArgs<double>) { prod_bwd(a, r); }

// ---- argmax, argmin --------------------------------------------------------------------------------------------------
template <bool first, class A, class B> struct Choose { using type = A; };
template <class A, class B> struct Choose<false, A, B> { using type = B; };

// Whether v displaces `best`: it is more extreme, or the first NaN.
template <bool is_max, class T>
NETLET_INLINE bool displaces(T v, T best) {
    return (is_max ? v > best : v < best) | ((v != v) & (best == best));
}

// The extreme value first, then its first place: two fast passes instead of one that carries positions along.
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
NETLET_INLINE void find_extremes_of_columns(const T* NETLET_RESTRICT x, int32_t* NETLET_RESTRICT y, int64_t stride, int64_t n,
                                            int64_t cols) {
    T best[reduce_tile];
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
    const int64_t tiles = (a.inner + reduce_tile - 1) / reduce_tile;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t o = unit / tiles, first = unit % tiles * reduce_tile, left = a.inner - first;
        const int64_t cols = left < reduce_tile ? left : reduce_tile;
        const T* x = a.x + o * a.n * a.inner + first;
        int32_t* y = a.y + o * a.inner + first;
        if (is_max) find_extremes_of_columns<true>(x, y, a.inner, a.n, cols);
        else find_extremes_of_columns<false>(x, y, a.inner, a.n, cols);
    }
}

NETLET_DEFINE_KERNEL(argreduce_f32, ArgReduceArgs<float>) { argreduce(a, r); }
NETLET_DEFINE_KERNEL(argreduce_f64, ArgReduceArgs<double>) { argreduce(a, r); }
NETLET_DEFINE_KERNEL(argreduce_i32, ArgReduceArgs<int32_t>) { argreduce(a, r); }
NETLET_DEFINE_KERNEL(argreduce_i64, ArgReduceArgs<int64_t>) { argreduce(a, r); }

}  // namespace netlet::NETLET_ISA
