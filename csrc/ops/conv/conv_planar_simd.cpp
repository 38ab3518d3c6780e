#include "dispatch/kernel.h"
#include "ops/conv/conv_planar_args.h"
#include "ops/gemm/epilogue.h"
#include "simd/gemm_tile.h"
#include "simd/transpose.h"

namespace netlet::NETLET_ISA {

namespace {

// ---- the planes ----
template <class T>
NETLET_INLINE void copy_elements(T* to, const T* from, int64_t n) {
    constexpr int W = Vec<T>::width;
    int64_t i = 0;
    for (; i + W <= n; i += W) Vec<T>::load(from + i).store(to + i);
    if (i < n) Vec<T>::load_n(from + i, n - i).store_n(to + i, n - i);
}

// Copies the rows that one band reads. Elements that no pixel of x fills are 0 already, but for rows outside x.
template <class T>
NETLET_INLINE void fill_planes(T* planes, const Planes& p, const ConvArgs& g, int64_t n, int64_t first_row) {
    const ConvAxis &h = g.axis[1], &w = g.axis[2];
    const int64_t step = w.step * g.C;
    for (int64_t c = 0; c < g.C; ++c)
        for (int64_t phase = 0; phase < p.phases; ++phase) {
            const int64_t column = w.first + phase;  // of x, that the first element of a row holds
            const int64_t begin = column < 0 ? (w.step - 1 - column) / w.step : 0;
            const int64_t inside = column < w.in ? (w.in - column + w.step - 1) / w.step : 0;
            const int64_t end = inside < p.pitch ? inside : p.pitch;
            for (int64_t r = 0; r < p.rows; ++r, planes += p.pitch) {
                const int64_t ih = h.first + first_row * h.step + r;
                const T* x = static_cast<const T*>(g.x) + ((n * h.in + ih) * w.in + column) * g.C + c;
                if ((uint64_t)ih >= (uint64_t)h.in)
                    for (int64_t i = begin; i < end; ++i) planes[i] = 0;
                else if (step == 1)
                    copy_elements(planes + begin, x + begin, end - begin);
                else
                    for (int64_t i = begin; i < end; ++i) planes[i] = x[i * step];
            }
        }
}

// Where the pixels of each term begin in the planes, relative to the row and column of the first tap.
NETLET_INLINE int64_t term_offsets(int32_t* offsets, const Planes& p, const ConvArgs& g) {
    const ConvAxis &h = g.axis[1], &w = g.axis[2];
    int64_t terms = 0;
    for (int64_t th = 0; th < h.taps; ++th)
        for (int64_t tw = 0; tw < w.taps; ++tw)
            for (int64_t c = 0; c < g.C; ++c) {
                const int64_t column = tw * w.tap_step, plane = c * p.phases + column % w.step;
                offsets[terms++] = (int32_t)((plane * p.rows + th * h.tap_step) * p.pitch + column / w.step);
            }
    return terms;
}

// ---- the product ----
template <class T>
struct PlanarTile {
    const int32_t* offsets;
    int64_t terms;
    const T* x;     // the planes, at the tile's first pixel
    const T* w;     // (terms, O), at the tile's first output channel
    int64_t ldw;    // O
    const T* init;  // the initial sum of each output channel; null: zero
    T* sums;        // (output channels, 2 vectors)
};

template <class T, int MR, int NV>
static void planar_tile(const PlanarTile<T>& g) {
    using V = Vec<T>;
    constexpr int W = V::width;
    V acc[MR][NV];
    NETLET_UNROLL(16)
    for (int i = 0; i < MR; ++i) {
        NETLET_UNROLL(2)
        for (int v = 0; v < NV; ++v) acc[i][v] = g.init ? V::set1(g.init[i]) : V::zero();
    }
    const T* w = g.w;
    for (int64_t k = 0; k < g.terms; ++k, w += g.ldw) {
        const T* x = g.x + g.offsets[k];
        V xv[NV];
        NETLET_UNROLL(2)
        for (int v = 0; v < NV; ++v) xv[v] = V::load(x + v * W);
        NETLET_UNROLL(16)
        for (int i = 0; i < MR; ++i) {
            const V wi = V::set1(w[i]);
            NETLET_UNROLL(2)
            for (int v = 0; v < NV; ++v) acc[i][v] = fma(wi, xv[v], acc[i][v]);
        }
#if !defined(NETLET_VEC_AVX512) && !defined(NETLET_VEC_AVX2) && !defined(NETLET_VEC_NEON)
        NETLET_KEEP_SCALAR(w);  // keeps the loop scalar: see gemm_tile.h
#endif
    }
    NETLET_UNROLL(16)
    for (int i = 0; i < MR; ++i) {
        NETLET_UNROLL(2)
        for (int v = 0; v < NV; ++v) acc[i][v].store(g.sums + (i * 2 + v) * W);
    }
}

template <class T>
using PlanarTileFn = void (*)(const PlanarTile<T>&);
template <class T, int NV>
constexpr ByRows<PlanarTileFn<T>> planar_tiles_of() {  // a row is an output channel
    return by_rows<max_rows(2), PlanarTileFn<T>>([]<int R>() { return planar_tile<T, R, NV>; });
}
template <class T>
static const ByRows<PlanarTileFn<T>> planar_tiles[2] = {planar_tiles_of<T, 1>(), planar_tiles_of<T, 2>()};

// ---- the result ----
// Writes W pixels of output channels o... from the sums. Whole vectors are written wherever they end before `end`:
// lanes past the last channel belong to the next pixels, which are written later.
template <class T>
NETLET_INLINE void store_pixels(T* y, const T* end, const T* sums, int64_t o, int64_t O, int64_t pixels) {
    using V = Vec<T>;
    constexpr int W = V::width;
    const int64_t n = O - o < W ? O - o : W;
    V r[W];
    NETLET_UNROLL(16)
    for (int i = 0; i < W; ++i) r[i] = i < n ? V::load(sums + (o + i) * 2 * W) : V::zero();
    transpose(r);
    T* to = y + o;
    if (pixels >= W && (n == W || to + (W - 1) * O + W <= end)) {
        NETLET_UNROLL(16)
        for (int i = 0; i < W; ++i) r[i].store(to + i * O);
    } else {
        NETLET_UNROLL(16)
        for (int i = 0; i < W; ++i)
            if (i < pixels) r[i].store_n(to + i * O, n);
    }
}

// The last channels come first: the lanes past them, which belong to the next pixel's first channels, are overwritten.
template <class T>
NETLET_INLINE void store_block(T* y, const T* end, const T* sums, int64_t O, int64_t pixels) {
    constexpr int W = Vec<T>::width;
    for (int64_t p = 0; p < pixels; p += W)
        for (int64_t o = (O - 1) / W * W; o >= 0; o -= W) store_pixels(y + p * O, end, sums + p, o, O, pixels - p);
}

template <class T>
NETLET_INLINE void conv_planar(const ConvArgs& g, Range r) {
    constexpr int W = Vec<T>::width;
    const ConvAxis &h = g.axis[1], &w = g.axis[2];
    const Planes p = planes_of(g, g.mb, sizeof(T));
    const int64_t bands = (h.grid + g.mb - 1) / g.mb;
    alignas(64) T planes[planar_room / sizeof(T)], sums[planar_most_columns * 2 * W];
    for (int64_t i = 0; i < p.elements(g.C); ++i) planes[i] = 0;
    for (int64_t i = 0; i < g.O * 2 * W; ++i) sums[i] = 0;
    int32_t offsets[planar_most_terms];
    PlanarTile<T> tile{};
    tile.offsets = offsets;
    tile.terms = term_offsets(offsets, p, g);
    tile.ldw = g.O;
    const T* bias = static_cast<const T*>(g.bias);
    const RowStrips strips(g.O, max_rows(2));
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t n = unit / bands, first = unit % bands * g.mb;
        const int64_t last = first + g.mb < h.grid ? first + g.mb : h.grid;
        fill_planes(planes, p, g, n, first);
        T* y = static_cast<T*>(g.y) + n * h.grid * w.grid * g.O;
        const T* end = y + last * w.grid * g.O;
        for (int64_t q = first; q < last; ++q)
            for (int64_t j = 0; j < w.grid; j += 2 * W) {
                const int64_t pixels = w.grid - j < 2 * W ? w.grid - j : 2 * W;
                tile.x = planes + (q - first) * h.step * p.pitch + j;
                for (int64_t s = 0, o = 0; s < strips.count; ++s) {
                    tile.w = static_cast<const T*>(g.w) + o;
                    tile.init = bias ? bias + o : nullptr;
                    tile.sums = sums + o * 2 * W;
                    planar_tiles<T>[pixels > W].fn[strips.rows(s)](tile);
                    o += strips.rows(s);
                }
                epilogue(g.act, g.alpha, sums, 0, 1, g.O * 2 * W);
                store_block(y + (q * w.grid + j) * g.O, end, sums, g.O, pixels);
            }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(conv_planar_f32, ConvArgs) { conv_planar<float>(a, r); }
NETLET_DEFINE_KERNEL(conv_planar_f64, ConvArgs) { conv_planar<double>(a, r); }

}  // namespace netlet::NETLET_ISA
