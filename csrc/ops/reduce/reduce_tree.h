// The tree in which numbers are joined, and the reduction of one line by it.
#pragma once
#include "ops/reduce/reduce_args.h"
#include "simd/scalar_lane.h"

namespace netlet::NETLET_ISA {

// ---- the four join operations ---------------------------------------------------------------------------------------
NETLET_INLINE float lowest(float) { return -(float)NETLET_INFINITY; }
NETLET_INLINE double lowest(double) { return -NETLET_INFINITY; }
NETLET_INLINE int32_t lowest(int32_t) { return INT32_MIN; }
NETLET_INLINE int64_t lowest(int64_t) { return INT64_MIN; }
NETLET_INLINE uint8_t lowest(uint8_t) { return 0; }
NETLET_INLINE float highest(float) { return (float)NETLET_INFINITY; }
NETLET_INLINE double highest(double) { return NETLET_INFINITY; }
NETLET_INLINE int32_t highest(int32_t) { return INT32_MAX; }
NETLET_INLINE int64_t highest(int64_t) { return INT64_MAX; }
NETLET_INLINE uint8_t highest(uint8_t) { return 1; }

// `lanes` joins the lanes of one vector: halves, quarters, ..., a fixed order like the rest of the tree.
template <class V> struct SumOp {
    using T = typename V::Scalar;
    static NETLET_MEMBER_INLINE T empty() { return T(0); }
    static NETLET_MEMBER_INLINE V identity() { return V::set1(empty()); }
    static NETLET_MEMBER_INLINE V join(V a, V b) { return a + b; }
    static NETLET_MEMBER_INLINE T lanes(V v) {
        if constexpr (V::width == 1)
            return v.r;
        else
            return reduce_add(v);
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
        if constexpr (V::width == 1)
            return v.r;
        else
            return reduce_max(v);
    }
};
template <class V> struct MinOp {
    using T = typename V::Scalar;
    static NETLET_MEMBER_INLINE T empty() { return highest(T()); }
    static NETLET_MEMBER_INLINE V identity() { return V::set1(empty()); }
    static NETLET_MEMBER_INLINE V join(V a, V b) { return min(a, b); }
    static NETLET_MEMBER_INLINE T lanes(V v) {
        if constexpr (V::width == 1)
            return v.r;
        else
            return reduce_min(v);
    }
};

// ---- the tree -------------------------------------------------------------------------------------------------------
// Blocks are joined like the carries of a binary counter: block number b (from 0) first joins the finished subtrees of
// the levels where b has trailing ones. So only subtrees of equal size are joined until the end.
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

// Reduces the n contiguous numbers at x.
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

}  // namespace netlet::NETLET_ISA
