// The register tile of gemm_tile.h for rows at arbitrary addresses. Convolutions use it: the rows of a are pixels.
//
//     c[i][j] = init[j] + sum over the runs, and over the terms k of each run, of a_i[k*step] * b[k][j],  in this order
//
// A run is a sequence of terms whose step is the same for all rows: the channels at one kernel tap, or the pixels of
// one image row. Sums stay in registers over all runs.
#pragma once
#include "simd/gemm_tile.h"

namespace netlet::NETLET_ISA {

template <class T>
struct Run {
    const T* const* a;  // row i's terms begin at a[i] + offset
    int64_t offset;
    const T* b;  // the first of K rows of b
    int64_t K;
};

template <class T>
struct GatherTile {
    const Run<T>* runs;
    int64_t count;
    int64_t step;        // from one term of a row to the next
    int64_t shift, ldb;  // the tile's columns begin at b + shift
    T* const* c;         // rows of c
    int64_t column;      // the tile's columns begin at c[i] + column
    const T* init;       // the initial sum of each column, the same for all rows; null: zero
    bool accumulate;     // the initial sums are c itself, not init
    int64_t last;        // valid lanes of the last vector, 1..width
};

// x86-64 has 16 general-purpose registers. The pointers of the remaining rows are read from the stack each time
// (`far`): otherwise GCC holds them in vector registers and moves them out on the execution ports that multiply.
constexpr int pointers_in_registers = sizeof(void*) == 8 && most_rows > 12 ? 9 : most_rows;

// With MaskB the tile reads only the first `last` lanes of b's last vector.
template <class T, int MR, int NV, bool MaskB>
static void gather_tile(const GatherTile<T>& g) {
    using V = Vec<T>;
    constexpr int W = V::width;
    V acc[MR][NV];
    NETLET_UNROLL(16)
    for (int i = 0; i < MR; ++i) {
        NETLET_UNROLL(2)
        for (int v = 0; v < NV; ++v) {
            const T* from = g.accumulate ? g.c[i] + g.column : g.init;
            acc[i][v] = !from ? V::zero() : v < NV - 1 ? V::load(from + v * W) : V::load_n(from + v * W, g.last);
        }
    }
    for (int64_t r = 0; r < g.count; ++r) {
        const T* a[MR];
        const T* volatile far[MR];
        NETLET_UNROLL(16)
        for (int i = 0; i < MR; ++i) {
            a[i] = g.runs[r].a[i] + g.runs[r].offset;
            if (i >= pointers_in_registers) far[i] = a[i];
        }
        const T* b = g.runs[r].b + g.shift;
        const int64_t end = g.runs[r].K * g.step;
        for (int64_t k = 0; k < end; k += g.step, b += g.ldb) {
            V bv[NV];
            NETLET_UNROLL(2)
            for (int v = 0; v < NV; ++v)
                bv[v] = MaskB && v == NV - 1 ? V::load_n(b + v * W, g.last) : V::load(b + v * W);
            NETLET_UNROLL(16)
            for (int i = 0; i < MR; ++i) {
                const V ai = V::set1(i < pointers_in_registers ? a[i][k] : far[i][k]);
                NETLET_UNROLL(2)
                for (int v = 0; v < NV; ++v) acc[i][v] = fma(ai, bv[v], acc[i][v]);
            }
#if !defined(NETLET_VEC_AVX512) && !defined(NETLET_VEC_AVX2) && !defined(NETLET_VEC_NEON)
            NETLET_KEEP_SCALAR(b);  // keeps the loop scalar: see gemm_tile.h
#endif
        }
    }
    NETLET_UNROLL(16)
    for (int i = 0; i < MR; ++i) {
        NETLET_UNROLL(2)
        for (int v = 0; v < NV; ++v) {
            if (v < NV - 1)
                acc[i][v].store(g.c[i] + g.column + v * W);
            else
                acc[i][v].store_n(g.c[i] + g.column + v * W, g.last);
        }
    }
}

template <class T>
using GatherTileFn = void (*)(const GatherTile<T>&);
template <class T, int NV, bool MaskB>
constexpr ByRows<GatherTileFn<T>> gather_tiles_of() {
    return by_rows<max_rows(NV), GatherTileFn<T>>([]<int R>() { return gather_tile<T, R, NV, MaskB>; });
}
template <class T, bool MaskB>
static const ByRows<GatherTileFn<T>> gather_tiles[2] = {gather_tiles_of<T, 1, MaskB>(), gather_tiles_of<T, 2, MaskB>()};

// Computes `rows` rows (at most max_rows(2)) by `columns` columns. With Packed, b is packed in panels that are 2
// vectors wide and `panel` elements apart; otherwise b is a matrix with leading dimension `panel`.
template <class T, bool Packed>
NETLET_INLINE void gather_columns(GatherTile<T> g, int64_t rows, int64_t columns, int64_t panel) {
    constexpr int W = Vec<T>::width;
    const T* init = g.init;
    g.ldb = Packed ? 2 * W : panel;
    for (int64_t j = 0; j < columns; j += 2 * W) {
        const int64_t left = columns - j;
        const int v = left <= W ? 1 : 2;
        g.last = left < v * W ? left - (v - 1) * W : W;
        g.shift = Packed ? j / (2 * W) * panel : j;
        g.column = j;
        g.init = init ? init + j : nullptr;
#if defined(NETLET_VEC_AVX512)
        gather_tiles<T, !Packed>[v - 1].fn[rows](g);  // a masked load costs nothing extra on AVX-512
#else
        if (!Packed && g.last < W)
            gather_tiles<T, true>[v - 1].fn[rows](g);
        else
            gather_tiles<T, false>[v - 1].fn[rows](g);
#endif
    }
}

}  // namespace netlet::NETLET_ISA
