// The register tile: the inner loop of every matrix product.
//
//            b: K rows of NV vectors             c[i][j] = init[i][j] + sum over k of a(i,k) * b(k,j),  k ascending
//            +---------------+
//            | . . . k . . . |                   MR*NV accumulators stay in registers; per k the tile loads NV vectors
//   a(i,k)   +---------------+                   of b and broadcasts MR numbers of a.
//   +-----+  +---------------+
//   | MR  |  |  c: MR x NV*W |                   An element's sum is the same chain of fused multiply-adds in every
//   +-----+  +---------------+                   tile shape, so results do not depend on how C was cut into tiles.
#pragma once
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// The layout of a: a(i,k) is a[i*lda + k] (row), or a[k*lda + i] (k: a transposed operand or a packed strip).
enum class AMajor { row, k };

// The maximum number of rows of a tile that is nv vectors wide: accumulators, nv vectors of b and one broadcast must
// fit the registers (32 on AVX-512 and NEON, 16 on AVX2), and 8 accumulators or more hide the latency of the
// multiply-add.
constexpr int max_rows(int nv) {
#if defined(NETLET_VEC_AVX512)
    return nv == 4 ? 4 : 14;
#elif defined(NETLET_VEC_AVX2)
    return nv == 4 ? 2 : nv == 2 ? 6 : 8;
#elif defined(NETLET_VEC_NEON)
    return nv == 4 ? 4 : nv == 2 ? 8 : 12;
#else
    return nv == 4 ? 2 : nv == 2 ? 4 : 6;
#endif
}
constexpr int most_rows = max_rows(1);

// The functions that compute a tile, by its number of rows, 1 to `most`. make.operator()<R>() gives that of R rows.
template <class Fn>
struct ByRows {
    Fn fn[most_rows + 1];
};
template <int most, class Fn, int R = 1, class Make>
constexpr void fill_by_rows(ByRows<Fn>& table, Make make) {
    if constexpr (R <= most) {
        table.fn[R] = make.template operator()<R>();
        fill_by_rows<most, Fn, R + 1>(table, make);
    }
}
template <int most, class Fn, class Make>
constexpr ByRows<Fn> by_rows(Make make) {
    ByRows<Fn> table{};
    fill_by_rows<most>(table, make);
    return table;
}

// Rows cut into strips of at most `most` rows, as evenly as possible: 15 rows are 8 + 7 and not 14 + 1.
struct RowStrips {
    int64_t count = 1, each, longer = 0;  // the first `longer` strips have each + 1 rows
    NETLET_MEMBER_INLINE RowStrips(int64_t rows, int64_t most) : each(rows) {
        if (rows <= most) return;  // two divisions would cost as much as a tiny product
        count = (rows + most - 1) / most;
        each = rows / count;
        longer = rows % count;
    }
    NETLET_MEMBER_INLINE int64_t rows(int64_t strip) const { return each + (strip < longer); }
};

// The number format of a tile: the lane type of a and b, the type of their sums, and the multiply-add. The
// low-precision formats are in gemm_dot.h.
template <class T>
struct Plain {
    using Lane = T;
    using Sum = T;
    static NETLET_MEMBER_INLINE Vec<T> multiply_add(Vec<T> a, Vec<T> b, Vec<T> sum) { return fma(a, b, sum); }
};

// The last vector has `last` valid lanes (1..width). Only those are stored. With MaskB only those of b are read;
// without it, b is a panel padded to whole vectors. `init` may be c itself (accumulate), a bias row (ldinit = 0), or
// null (zero).
template <class F, int MR, int NV, AMajor major, bool MaskB>
NETLET_INLINE void tile(int64_t K, const typename F::Lane* a, int64_t lda, const typename F::Lane* b, int64_t ldb,
                        typename F::Sum* c, int64_t ldc, const typename F::Sum* init, int64_t ldinit, int64_t last) {
    using V = Vec<typename F::Lane>;
    using Sums = Vec<typename F::Sum>;
    constexpr int W = V::width;
    static_assert(Sums::width == W);
    Sums acc[MR][NV];
    NETLET_UNROLL(16)
    for (int i = 0; i < MR; ++i) {
        NETLET_UNROLL(4)
        for (int v = 0; v < NV; ++v) {
            if (!init)
                acc[i][v] = Sums::zero();
            else if (v < NV - 1)
                acc[i][v] = Sums::load(init + i * ldinit + v * W);
            else
                acc[i][v] = Sums::load_n(init + i * ldinit + v * W, last);
        }
    }
    for (int64_t k = 0; k < K; ++k) {
        V bv[NV];
        NETLET_UNROLL(4)
        for (int v = 0; v < NV; ++v) bv[v] = MaskB && v == NV - 1 ? V::load_n(b + v * W, last) : V::load(b + v * W);
        NETLET_UNROLL(16)
        for (int i = 0; i < MR; ++i) {
            V ai = V::set1(major == AMajor::row ? a[i * lda] : a[i]);
            NETLET_UNROLL(4)
            for (int v = 0; v < NV; ++v) acc[i][v] = F::multiply_add(ai, bv[v], acc[i][v]);
        }
        a += major == AMajor::row ? 1 : lda;
        b += ldb;
#if !defined(NETLET_VEC_AVX512) && !defined(NETLET_VEC_AVX2) && !defined(NETLET_VEC_NEON)
        // Keeps the loop scalar. Otherwise GCC 12 combines two iterations and reads row K of a and b, past their end,
        // without using it.
        NETLET_KEEP_SCALAR(a);
#endif
    }
    NETLET_UNROLL(16)
    for (int i = 0; i < MR; ++i) {
        NETLET_UNROLL(4)
        for (int v = 0; v < NV; ++v) {
            if (v < NV - 1)
                acc[i][v].store(c + i * ldc + v * W);
            else
                acc[i][v].store_n(c + i * ldc + v * W, last);
        }
    }
}

}  // namespace netlet::NETLET_ISA
