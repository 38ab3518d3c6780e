#include "dispatch/kernel.h"
#include "ops/reduce/reduce_tree.h"

namespace netlet::NETLET_ISA {

// ---- inner == 1: rows -----------------------------------------------------------------------------------------------
template <class Op, class T>
NETLET_INLINE void reduce_rows(const ReduceArgs<T>& a, Range r) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t begin = unit % a.pieces * a.piece, left = a.n - begin;
        T y = reduce_line<Op, typename VectorOf<T>::type>(a.x + unit / a.pieces * a.n + begin,
                                                          left < a.piece ? left : a.piece);
        if (a.divisor != T(1)) y = (T)(y / a.divisor);
        a.y[unit] = a.accumulate ? (T)(a.y[unit] + y) : y;
    }
}

// ---- inner > 1: columns ---------------------------------------------------------------------------------------------
template <class V, class T> NETLET_INLINE V load_some(const T* p, int64_t n) {
    return n >= V::width ? V::load(p) : V::load_n(p, n);
}

// Four rows at p, p + stride, ...
template <class Op, class V, class T>
NETLET_INLINE V join_four(const T* p, int64_t stride, int64_t n) {
    return Op::join(Op::join(load_some<V>(p, n), load_some<V>(p + stride, n)),
                    Op::join(load_some<V>(p + 2 * stride, n), load_some<V>(p + 3 * stride, n)));
}

// One vector of columns over `rows` rows, 1 to 16: by fours, then one by one.
template <class Op, class V, class T>
NETLET_INLINE V reduce_block(const T* x, int64_t stride, int64_t rows, int64_t n) {
    int64_t i = rows < 4 ? 1 : 4;
    V s = rows < 4 ? load_some<V>(x, n) : join_four<Op, V>(x, stride, n);
    for (; i + 4 <= rows; i += 4) s = Op::join(s, join_four<Op, V>(x + i * stride, stride, n));
    for (; i < rows; ++i) s = Op::join(s, load_some<V>(x + i * stride, n));
    return s;
}

// The same for all vectors of a strip. It reads four rows at a time from end to end: column by column, the prefetcher
// would not help with rows a page apart, and rows at multiples of 4 KB would share a few lines of the cache.
template <class Op, class V, class T>
NETLET_INLINE void reduce_strip_block(V* sum, const T* x, int64_t stride, int64_t rows, int64_t cols) {
    constexpr int64_t w = V::width;
    int64_t i = 0;
    if (stride <= reduce_near) {
        for (int64_t j = 0; j < cols; j += w) sum[j / w] = reduce_block<Op, V>(x + j, stride, rows, cols - j);
        return;
    }
    for (; i + 4 <= rows; i += 4)
        for (int64_t j = 0; j < cols; j += w) {
            const V four = join_four<Op, V>(x + i * stride + j, stride, cols - j);
            sum[j / w] = i == 0 ? four : Op::join(sum[j / w], four);
        }
    for (; i < rows; ++i)
        for (int64_t j = 0; j < cols; j += w) {
            const V one = load_some<V>(x + i * stride + j, cols - j);
            sum[j / w] = i == 0 ? one : Op::join(sum[j / w], one);
        }
}

template <class Op, class V, class T>
NETLET_INLINE void reduce_tile_of_columns(const T* x, T* y, int64_t stride, int64_t rows, int64_t cols, T divisor,
                                          bool accumulate) {
    constexpr int64_t w = V::width, vectors = reduce_tile<T> / w;
    constexpr int depth = 16;  // blocks of 16 rows: 2^14 in the longest piece
    static_assert(reduce_max_piece / 16 < (int64_t)1 << (depth - 1));
    V level[depth * vectors], sum[vectors];
    const int64_t count = (cols + w - 1) / w;  // vectors in use, so that the levels are close together
    uint64_t blocks = 0;
    for (; (int64_t)blocks * 16 < rows - 16; ++blocks) {
        reduce_strip_block<Op, V>(sum, x + (int64_t)blocks * 16 * stride, stride, 16, cols);
        // As join_block does, for all vectors.
        int l = 0;
        for (; blocks >> l & 1; ++l)
            for (int64_t v = 0; v < count; ++v) sum[v] = Op::join(level[l * count + v], sum[v]);
        for (int64_t v = 0; v < count; ++v) level[l * count + v] = sum[v];
    }
    const int64_t begin = (int64_t)blocks * 16;
    if (rows > 0)
        reduce_strip_block<Op, V>(sum, x + begin * stride, stride, rows - begin, cols);
    else
        for (int64_t v = 0; v < count; ++v) sum[v] = Op::identity();
    for (int l = 0; blocks >> l; ++l)
        if (blocks >> l & 1)
            for (int64_t v = 0; v < count; ++v) sum[v] = Op::join(level[l * count + v], sum[v]);
    for (int64_t j = 0; j < cols; j += w) {
        const int64_t n = cols - j;
        V s = sum[j / w];
        if (divisor != T(1)) s = s / V::set1(divisor);
        if (accumulate) s = load_some<V>((const T*)y + j, n) + s;
        if (n >= w)
            s.store(y + j);
        else
            s.store_n(y + j, n);
    }
}

template <class Op, class T>
NETLET_INLINE void reduce_columns(const ReduceArgs<T>& a, Range r) {
    const int64_t tiles = (a.inner + reduce_tile<T> - 1) / reduce_tile<T>;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t line = unit / tiles, first = unit % tiles * reduce_tile<T>, begin = line % a.pieces * a.piece;
        const int64_t cols = a.inner - first, rows = a.n - begin;
        const T* x = a.x + (line / a.pieces * a.n + begin) * a.inner + first;
        reduce_tile_of_columns<Op, typename VectorOf<T>::type>(
            x, a.y + line * a.inner + first, a.inner, rows < a.piece ? rows : a.piece,
            cols < reduce_tile<T> ? cols : reduce_tile<T>, a.divisor, a.accumulate);
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

}  // namespace netlet::NETLET_ISA
