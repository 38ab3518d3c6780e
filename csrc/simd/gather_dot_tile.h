// The register tile for 8-bit products whose left rows are read in place, at arbitrary addresses: pixels of an image.
//
//     c[i][j] = sum over the runs, and over the terms k of each run, of a_i[run + k] * b[k][j]        a uint8, b int8
//
// A lane of ByteLanes::group consecutive terms of a row is broadcast from memory. Sums stay in int32 registers over all
// runs. A run that does not end with a whole lane reads past its end; b has weights of 0 there.
#pragma once
#include "simd/gather_tile.h"
#include "simd/gemm_dot.h"

namespace netlet::NETLET_ISA {

// ByteLanes::group bytes from p in every lane, in the form that ByteLanes::multiply_add takes for `a`. Where the
// instruction needs signed bytes it is x - 128, and the sums start at 128 times the column sums of b.
NETLET_INLINE Words broadcast_bytes(const uint8_t* p) {
#if defined(NETLET_DOT_VNNI) || defined(NETLET_VEC_NEON)
    int32_t lane;
    memcpy(&lane, p, 4);
    return Words::set1(ByteLanes::a_is_signed ? lane ^ flip_of<uint8_t> : lane);
#elif defined(NETLET_VEC_AVX512)
    int16_t pair;
    memcpy(&pair, p, 2);
    return {_mm512_cvtepu8_epi16(_mm256_set1_epi16(pair))};
#elif defined(NETLET_VEC_AVX2)
    int16_t pair;
    memcpy(&pair, p, 2);
    return {_mm256_cvtepu8_epi16(_mm_set1_epi16(pair))};
#else
    return Words::set1(p[0] | p[1] << 16);
#endif
}

// The runs of all rows, as three nested loops: run (i, j, k) begins i*step[0] + j*step[1] + k*step[2] bytes after a
// row's first byte.
struct ByteRuns {
    int64_t count[3], step[3];
    int64_t lanes;  // of one run
};

struct GatherDotTile {
    const ByteRuns* runs;
    const uint8_t* const* a;  // first byte of each row
    const int32_t* b;         // a panel that is 2 vectors wide
    const int32_t* sums;      // where a is flipped: the column sums of b
    int32_t* c;               // whole vectors are stored, row after row: ldc may be less than their width
    int64_t ldc, last;        // valid lanes of the last vector of `sums`
};

template <int MR, int NV>
static void gather_dot_tile(const GatherDotTile& g) {
    constexpr int W = Words::width;
    Words acc[MR][NV];
    NETLET_UNROLL(2)
    for (int v = 0; v < NV; ++v) {
        Words init = Words::zero();
        if constexpr (flip_of<uint8_t> != 0) init = shl<7>(Words::load_n(g.sums + v * W, v < NV - 1 ? W : g.last));
        NETLET_UNROLL(16)
        for (int i = 0; i < MR; ++i) acc[i][v] = init;
    }
    const uint8_t* a[MR];
    const uint8_t* volatile far[MR];  // pointers_in_registers of gather_tile.h
    NETLET_UNROLL(16)
    for (int i = 0; i < MR; ++i) {
        a[i] = g.a[i];
        if (i >= pointers_in_registers) far[i] = a[i];
    }
    const int32_t* b = g.b;
    const int64_t length = g.runs->lanes * ByteLanes::group;
    for (int64_t x = 0; x < g.runs->count[0]; ++x)
        for (int64_t y = 0; y < g.runs->count[1]; ++y)
            for (int64_t z = 0; z < g.runs->count[2]; ++z) {
                int64_t k = x * g.runs->step[0] + y * g.runs->step[1] + z * g.runs->step[2];
                const int64_t end = k + length;
                for (; k < end; k += ByteLanes::group, b += 2 * W) {
                    Words bv[NV];
                    NETLET_UNROLL(2)
                    for (int v = 0; v < NV; ++v) bv[v] = Words::load(b + v * W);
                    NETLET_UNROLL(16)
                    for (int i = 0; i < MR; ++i) {
                        const Words ai = broadcast_bytes((i < pointers_in_registers ? a[i] : far[i]) + k);
                        NETLET_UNROLL(2)
                        for (int v = 0; v < NV; ++v) acc[i][v] = ByteLanes::multiply_add(ai, bv[v], acc[i][v]);
                    }
                }
            }
    NETLET_UNROLL(16)
    for (int i = 0; i < MR; ++i) NETLET_UNROLL(2)
    for (int v = 0; v < NV; ++v) acc[i][v].store(g.c + i * g.ldc + v * W);
}

using GatherDotTileFn = void (*)(const GatherDotTile&);
template <int NV>
constexpr ByRows<GatherDotTileFn> gather_dot_tiles_of() {
    return by_rows<max_rows(NV), GatherDotTileFn>([]<int R>() { return gather_dot_tile<R, NV>; });
}
static const ByRows<GatherDotTileFn> gather_dot_tiles[2] = {gather_dot_tiles_of<1>(), gather_dot_tiles_of<2>()};

// Computes `rows` rows (at most max_rows(2)) by `columns` columns of c. Panels are `panel` lanes apart.
NETLET_INLINE void gather_dot_columns(GatherDotTile g, int64_t rows, int64_t columns, int64_t panel) {
    constexpr int64_t W = Words::width;
    for (int64_t j = 0; j < columns; j += 2 * W, g.b += panel, g.c += 2 * W) {
        const int64_t left = columns - j;
        const int v = left <= W ? 1 : 2;
        g.last = left < v * W ? left - (v - 1) * W : W;
        gather_dot_tiles[v - 1].fn[rows](g);
        if (g.sums) g.sums += 2 * W;
    }
}

}  // namespace netlet::NETLET_ISA
