// The register tile of gather_tile.h for bfloat16: rows at arbitrary addresses, terms in pairs (Bf16Lanes).
#pragma once
#include <string.h>

#include "simd/gather_tile.h"
#include "simd/gemm_dot.h"

namespace netlet::NETLET_ISA {

// A run is a sequence of pairs of terms that are contiguous in each row: the channels at one tap.
struct GatherBf16Tile {
    const Run<int32_t>* runs;  // K: pairs
    int64_t count;
    int64_t shift;    // the tile's columns begin at b + shift; rows of b are 2 vectors apart
    float* const* c;  // rows of c
    int64_t column;   // the tile's columns begin at c[i] + column
    const float* init;
    bool accumulate;  // the initial sums are c itself, not init
    int64_t last;     // valid lanes of the last vector, 1..width
};

template <int MR, int NV>
static void gather_bf16_tile(const GatherBf16Tile& g) {
    using V = Vec<float>;
    constexpr int W = V::width;
    V acc[MR][NV];
    NETLET_UNROLL(16)
    for (int i = 0; i < MR; ++i) {
        NETLET_UNROLL(2)
        for (int v = 0; v < NV; ++v) {
            const float* from = g.accumulate ? g.c[i] + g.column : g.init;
            acc[i][v] = !from ? V::zero() : v < NV - 1 ? V::load(from + v * W) : V::load_n(from + v * W, g.last);
        }
    }
    for (int64_t r = 0; r < g.count; ++r) {
        const int32_t* a[MR];
        const int32_t* volatile far[MR];  // pointers_in_registers of gather_tile.h
        NETLET_UNROLL(16)
        for (int i = 0; i < MR; ++i) {
            a[i] = g.runs[r].a[i] + g.runs[r].offset;
            if (i >= pointers_in_registers) far[i] = a[i];
        }
        const int32_t* b = g.runs[r].b + g.shift;
        for (int64_t k = 0; k < g.runs[r].K; ++k, b += 2 * W) {
            Words bv[NV];
            NETLET_UNROLL(2)
            for (int v = 0; v < NV; ++v) bv[v] = Words::load(b + v * W);
            NETLET_UNROLL(16)
            for (int i = 0; i < MR; ++i) {
                int32_t pair;  // bfloat16 numbers may begin at any even address
                memcpy(&pair, (i < pointers_in_registers ? a[i] : far[i]) + k, sizeof pair);
                const Words ai = Words::set1(pair);
                NETLET_UNROLL(2)
                for (int v = 0; v < NV; ++v) acc[i][v] = Bf16Lanes::multiply_add(ai, bv[v], acc[i][v]);
            }
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

using GatherBf16TileFn = void (*)(const GatherBf16Tile&);
template <int NV>
constexpr ByRows<GatherBf16TileFn> gather_bf16_tiles_of() {
    return by_rows<max_rows(2), GatherBf16TileFn>([]<int R>() { return gather_bf16_tile<R, NV>; });
}
static const ByRows<GatherBf16TileFn> gather_bf16_tiles[2] = {gather_bf16_tiles_of<1>(), gather_bf16_tiles_of<2>()};

// Computes `rows` rows (at most max_rows(2)) by `columns` columns. b is packed in panels that are 2 vectors wide and
// `panel` lanes apart.
NETLET_INLINE void gather_bf16_columns(GatherBf16Tile g, int64_t rows, int64_t columns, int64_t panel) {
    constexpr int W = Words::width;
    const float* init = g.init;
    for (int64_t j = 0; j < columns; j += 2 * W) {
        const int64_t left = columns - j;
        const int v = left <= W ? 1 : 2;
        g.last = left < v * W ? left - (v - 1) * W : W;
        g.shift = j / (2 * W) * panel;
        g.column = j;
        g.init = init ? init + j : nullptr;
        gather_bf16_tiles[v - 1].fn[rows](g);
    }
}

}  // namespace netlet::NETLET_ISA
