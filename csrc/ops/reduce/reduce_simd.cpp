#include "dispatch/kernel.h"
#include "ops/reduce/reduce_tree.h"

namespace netlet::NETLET_ISA {

// ---- inner == 1: rows
// ------------------------------------------------------------------------------------------------
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

// ---- inner > 1: columns
// ----------------------------------------------------------------------------------------------
template <class V, class T> NETLET_INLINE V load_some(const T* p, int64_t n) {
    return n >= V::width ? V::load(p) : V::load_n(p, n);
}

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
NETLET_INLINE void reduce_tile_of_columns(const T* x, T* y, int64_t stride, int64_t rows, int64_t cols, T divisor,
                                          bool accumulate) {
    constexpr int64_t w = V::width, vectors = reduce_tile / w;
    constexpr int depth = 16;  // blocks of 16 rows: 2^14 in the longest piece
    static_assert(reduce_max_piece / 16 < (int64_t)1 << (depth - 1));
    V level[vectors][depth];
    uint64_t blocks = 0;
    for (; (int64_t)blocks * 16 < rows - 16; ++blocks)
        for (int64_t j = 0; j < cols; j += w)
            join_block<Op>(level[j / w], blocks,
                           reduce_block<Op, V>(x + (int64_t)blocks * 16 * stride + j, stride, 16, cols - j));
    const int64_t begin = (int64_t)blocks * 16, last = rows - begin;
    for (int64_t j = 0; j < cols; j += w) {
        const int64_t n = cols - j;
        V s = rows > 0 ? reduce_block<Op, V>(x + begin * stride + j, stride, last, n) : Op::identity();
        s = join_rest<Op>(level[j / w], blocks, s);
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
    const int64_t tiles = (a.inner + reduce_tile - 1) / reduce_tile;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t line = unit / tiles, first = unit % tiles * reduce_tile, begin = line % a.pieces * a.piece;
        const int64_t cols = a.inner - first, rows = a.n - begin;
        const T* x = a.x + (line / a.pieces * a.n + begin) * a.inner + first;
        reduce_tile_of_columns<Op, typename VectorOf<T>::type>(
            x, a.y + line * a.inner + first, a.inner, rows < a.piece ? rows : a.piece,
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

}  // namespace netlet::NETLET_ISA
