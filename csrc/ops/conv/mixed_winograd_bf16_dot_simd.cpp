// Kernels of Winograd convolutions in bfloat16: mixed_winograd_args.h.
#include "dispatch/kernel.h"
#include "ops/conv/mixed_winograd_args.h"
#include "ops/conv/winograd_transforms.h"
#include "ops/gemm/epilogue.h"
#include "ops/gemm/gemm_blocks.h"
#include "simd/bf16_lanes.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

namespace {

using V = Vec<float>;

// Loads of float32 numbers, and of bfloat16 ones as float32: all lanes, or the first n.
NETLET_INLINE V load_number(const float* p) { return V::load(p); }
NETLET_INLINE V load_number(const BFloat16* p) { return load_half(p); }
NETLET_INLINE V load_number(const float* p, int64_t n) { return V::load_n(p, n); }
NETLET_INLINE V load_number(const BFloat16* p, int64_t n) { return load_half_n(p, n); }

struct All {
    template <class S> NETLET_MEMBER_INLINE V load(const S* p) const { return load_number(p); }
};
struct First {
    int64_t n;
    template <class S> NETLET_MEMBER_INLINE V load(const S* p) const { return load_number(p, n); }
};
// Calls body(lanes, c) for the vectors of [0, channels), and for missing channels (as zeros) up to an even number.
template <class Body>
NETLET_INLINE void each_channel(int64_t channels, const Body& body) {
    int64_t c = 0;
    for (; c + V::width <= channels; c += V::width) body(All{}, c);
    for (; c < (channels + 1) / 2 * 2; c += V::width) body(First{channels > c ? channels - c : 0}, c);
}

// ---- the taps ----
// A work unit is one panel group of the packed kernel.
NETLET_INLINE void pack_taps(const WinogradPackArgs& g, Range r) {
    constexpr int64_t NR = 2 * V::width;
    const int64_t pairs = (g.terms + 1) / 2;
    for (int64_t panel = r.begin * (conv_panel_group / NR); panel < r.end * (conv_panel_group / NR); ++panel) {
        const float* from = static_cast<const float*>(g.packed) + panel * NR * 9 * g.terms;
        int32_t* to = static_cast<int32_t*>(g.u) + panel * NR * pairs;
        for (int64_t pair = 0; pair < pairs; ++pair)
            for (int64_t j = 0; j < NR; j += V::width) {
                V u[2][winograd_points];
                for (int64_t odd = 0; odd < 2; ++odd) {
                    const int64_t term = pair * 2 + odd;
                    auto tap = [&](int h, int w) {
                        return term < g.terms ? V::load(from + ((h * 3 + w) * g.terms + term) * NR + j) : V::zero();
                    };
                    V t[12];
                    NETLET_UNROLL(3)
                    for (int w = 0; w < 3; ++w) Winograd<2>::taps(tap(0, w), tap(1, w), tap(2, w), t + w, 3);
                    NETLET_UNROLL(4)
                    for (int h = 0; h < 4; ++h)
                        Winograd<2>::taps(t[h * 3], t[h * 3 + 1], t[h * 3 + 2], u[odd] + h * 4, 1);
                }
                NETLET_UNROLL(16)
                for (int p = 0; p < winograd_points; ++p)
                    bf16_pairs(u[0][p], u[1][p]).store(to + p * g.columns * pairs + pair * NR + j);
            }
    }
}

// ---- pixels ----
// d = B^T x B for the 4x4 pixels that start at x, channels c... Pixels outside the image are 0.
struct Tile {
    int64_t h, w, C, row;  // the position of the first pixel, and the numbers in a row of pixels
    int64_t height, width;
    bool inside;
    NETLET_MEMBER_INLINE Tile(const ConvAxis& H, const ConvAxis& W, int64_t h, int64_t w, int64_t C)
        : h(h),
          w(w),
          C(C),
          row(W.in * C),
          height(H.in),
          width(W.in),
          inside(h >= 0 && h + 4 <= H.in && w >= 0 && w + 4 <= W.in) {}
    template <class Lanes, class S>
    NETLET_MEMBER_INLINE void transform(V (&d)[4][4], Lanes lanes, const S* image, int64_t c) const {
        const S* x = image + h * row + w * C + c;
        NETLET_UNROLL(4)
        for (int i = 0; i < 4; ++i) NETLET_UNROLL(4)
        for (int j = 0; j < 4; ++j) {
            const bool there = inside || ((uint64_t)(h + i) < (uint64_t)height && (uint64_t)(w + j) < (uint64_t)width);
            d[i][j] = there ? lanes.load(x + i * row + j * C) : V::zero();
        }
        NETLET_UNROLL(4)
        for (int j = 0; j < 4; ++j) Winograd<2>::pixels(d[0][j], d[1][j], d[2][j], d[3][j]);
        NETLET_UNROLL(4)
        for (int i = 0; i < 4; ++i) Winograd<2>::pixels(d[i][0], d[i][1], d[i][2], d[i][3]);
    }
};

// ---- forward ----
struct Bf16Product : Bf16Lanes {
    using Product = Bf16Lanes;
};

NETLET_INLINE void store_number(V v, float* p, int64_t n) {
    if (n >= V::width)
        v.store(p);
    else
        v.store_n(p, n);
}
NETLET_INLINE void store_number(V v, BFloat16* p, int64_t n) { store_bf16(v, p, n); }

// The 2x2 pixels of y that start at (h, w): y = act(bias + A^T m A), or y += A^T m A.
template <class Y>
NETLET_INLINE void finish_pixels(const WinogradArgs& g, const float* m, int64_t plane, Y* image, int64_t h, int64_t w) {
    Y* y = image + (h * g.w.grid + w) * g.O;
    const int64_t rows = g.h.grid - h < 2 ? 1 : 2, columns = g.w.grid - w < 2 ? 1 : 2;
    const float* bias = static_cast<const float*>(g.bias);
    for (int64_t o = 0; o < g.O; o += V::width) {
        const int64_t n = g.O - o < V::width ? g.O - o : V::width;
        V t[8], p[4];
        NETLET_UNROLL(4)
        for (int j = 0; j < 4; ++j) {
            auto point = [&](int i) { return V::load(m + (i * 4 + j) * plane + o); };
            const V points[4] = {point(0), point(1), point(2), point(3)};
            Winograd<2>::sums(points, t + j, 4);
        }
        Winograd<2>::sums(t, p, 1);
        Winograd<2>::sums(t + 4, p + 2, 1);
        if (bias) {
            const V add = V::load_n(bias + o, n);
            NETLET_UNROLL(4)
            for (int i = 0; i < 4; ++i) p[i] = p[i] + add;
        }
        if (g.act != Activation::linear) {
            alignas(64) float block[4 * V::width];
            NETLET_UNROLL(4)
            for (int i = 0; i < 4; ++i) p[i].store(block + i * V::width);
            epilogue(g.act, g.alpha, block, 0, 1, 4 * V::width);
            NETLET_UNROLL(4)
            for (int i = 0; i < 4; ++i) p[i] = V::load(block + i * V::width);
        }
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < columns; ++j) {
                Y* to = y + (i * g.w.grid + j) * g.O + o;
                const V sum = p[i * 2 + j];
                store_number(g.accumulate ? sum + load_number(to, n) : sum, to, n);
            }
    }
}

template <class X, class Y>
static void forward_lane(const WinogradArgs& g, int64_t lane) {
    constexpr int most = max_rows(packed_nv);
    const int64_t tiles = tiles_of<2>(g.h, g.w, g.batch), end = (lane + 1) * tiles / g.lanes;
    const int64_t v_plane = winograd_pixels_plane(g.C), m_plane = winograd_sums_plane(g.O);
    const int64_t ldv = winograd_pitch(g.C) / 2, ldm = winograd_pitch(g.O), pairs = (g.C + 1) / 2;
    int32_t* v = static_cast<int32_t*>(g.scratch) + lane * winograd_points * (v_plane + m_plane);
    float* m = reinterpret_cast<float*>(v + winograd_points * v_plane);
    const int64_t padded = (g.O + conv_panel_group - 1) / conv_panel_group * conv_panel_group;
    for (int64_t first = lane * tiles / g.lanes; first < end; first += winograd_block) {
        const int64_t count = end - first < winograd_block ? end - first : winograd_block;
        for (int64_t t = 0; t < count; ++t) {
            const TilePlace at = tile_place<2>(g.h, g.w, first + t);
            const Tile tile(g.h, g.w, at.h + g.h.first, at.w + g.w.first, g.C);
            const X* image = static_cast<const X*>(g.x) + at.n * g.h.in * g.w.in * g.C;
            BFloat16* to = reinterpret_cast<BFloat16*>(v + t * ldv);
            each_channel(g.C, [&](auto lanes, int64_t c) NETLET_INLINE_LAMBDA {
                V d[4][4];
                tile.transform(d, lanes, image, c);
                NETLET_UNROLL(16)
                for (int p = 0; p < winograd_points; ++p) store_bf16(d[p / 4][p % 4], to + p * v_plane * 2 + c);
            });
        }
        {
            const FlushSubnormals flush;
            const RowStrips strips(count, most);
            for (int p = 0; p < winograd_points; ++p) {
                const int32_t* u = static_cast<const int32_t*>(g.u) + p * padded * pairs;
                for (int64_t s = 0, i = 0; s < strips.count; i += strips.rows(s++))
                    strip_times_panels<Bf16Product>(pairs, AMajor::row, v + p * v_plane + i * ldv, ldv, u, pairs,
                                                    m + p * m_plane + i * ldm, ldm, {nullptr, 0}, strips.rows(s), g.O);
            }
        }
        for (int64_t t = 0; t < count; ++t) {
            const TilePlace at = tile_place<2>(g.h, g.w, first + t);
            finish_pixels(g, m + t * ldm, m_plane, static_cast<Y*>(g.y) + at.n * g.h.grid * g.w.grid * g.O, at.h, at.w);
        }
    }
}

// ---- the gradient of the taps ----
// p[point] = A dy A^T for the 2x2 pixels of dy that start at (h, w). Pixels outside dy are 0.
template <class Lanes, class S>
NETLET_INLINE void spread_pixels(V* p, Lanes lanes, const S* image, int64_t h, int64_t w, const ConvAxis& H,
                                 const ConvAxis& W, int64_t O, int64_t o) {
    const S* dy = image + (h * W.grid + w) * O + o;
    const bool right = w + 1 < W.grid, below = h + 1 < H.grid;
    const V a = lanes.load(dy), b = right ? lanes.load(dy + O) : V::zero();
    const V c = below ? lanes.load(dy + W.grid * O) : V::zero();
    const V d = right && below ? lanes.load(dy + (W.grid + 1) * O) : V::zero();
    V t[8];
    Winograd<2>::pixel_gradient(a, c, t, 2);
    Winograd<2>::pixel_gradient(b, d, t + 1, 2);
    NETLET_UNROLL(4)
    for (int i = 0; i < 4; ++i) Winograd<2>::pixel_gradient(t[i * 2], t[i * 2 + 1], p + i * 4, 1);
}

// to[point] = the pairs of even[point] and odd[point]; even numbers wait in memory, since both do not fit the registers.
NETLET_INLINE void store_pairs(const float* even, const V* odd, int32_t* to, int64_t plane) {
    NETLET_UNROLL(16)
    for (int p = 0; p < winograd_points; ++p) bf16_pairs(V::load(even + p * V::width), odd[p]).store(to + p * plane);
}

// v and m of `count` tiles from `first` on. Word t of a channel holds tiles 2t and 2t + 1; a missing one is 0.
template <class X, class DY>
static void transform_pairs(const WinogradKernelGradArgs& g, int64_t first, int64_t count, int32_t* v, int64_t v_plane,
                            int32_t* m, int64_t m_plane) {
    const int64_t ldv = winograd_pitch(g.C), ldm = winograd_pitch(g.O);
    alignas(64) float even[winograd_points * V::width];
    for (int64_t t = 0; t < count; t += 2, v += ldv, m += ldm) {
        const TilePlace at[2] = {tile_place<2>(g.h, g.w, first + t), tile_place<2>(g.h, g.w, first + t + 1)};
        const int64_t there = count - t < 2 ? 1 : 2;
        for (int64_t c = 0; c < g.C; c += V::width) {
            auto body = [&](auto lanes) NETLET_INLINE_LAMBDA {
                V d[4][4];
                for (int64_t i = 0; i < 2; ++i) {
                    const Tile tile(g.h, g.w, at[i].h + g.h.first, at[i].w + g.w.first, g.C);
                    const X* image = static_cast<const X*>(g.x) + at[i].n * g.h.in * g.w.in * g.C;
                    if (i < there)
                        tile.transform(d, lanes, image, c);
                    else
                        NETLET_UNROLL(16)
                    for (int p = 0; p < winograd_points; ++p) d[p / 4][p % 4] = V::zero();
                    if (i == 0) NETLET_UNROLL(16)
                    for (int p = 0; p < winograd_points; ++p) d[p / 4][p % 4].store(even + p * V::width);
                }
                store_pairs(even, d[0], v + c, v_plane);
            };
            if (c + V::width <= g.C)
                body(All{});
            else
                body(First{g.C - c});
        }
        for (int64_t o = 0; o < g.O; o += V::width) {
            auto body = [&](auto lanes) NETLET_INLINE_LAMBDA {
                V p[winograd_points];
                for (int64_t i = 0; i < 2; ++i) {
                    const DY* image = static_cast<const DY*>(g.dy) + at[i].n * g.h.grid * g.w.grid * g.O;
                    if (i < there)
                        spread_pixels(p, lanes, image, at[i].h, at[i].w, g.h, g.w, g.O, o);
                    else
                        NETLET_UNROLL(16)
                    for (int k = 0; k < winograd_points; ++k) p[k] = V::zero();
                    if (i == 0) NETLET_UNROLL(16)
                    for (int k = 0; k < winograd_points; ++k) p[k].store(even + k * V::width);
                }
                store_pairs(even, p, m + o, m_plane);
            };
            if (o + V::width <= g.O)
                body(All{});
            else
                body(First{g.O - o});
        }
    }
}

template <class X, class DY>
static void gradient_lane(const WinogradKernelGradArgs& g, int64_t lane) {
    constexpr int W = V::width, most = max_rows(2);
    const int64_t tiles = tiles_of<2>(g.h, g.w, g.batch), begin = lane * tiles / g.lanes;
    const int64_t end = (lane + 1) * tiles / g.lanes, block = mixed_winograd_grad_block;
    const int64_t v_plane = mixed_winograd_plane(block / 2, g.C), m_plane = mixed_winograd_plane(block / 2, g.O);
    const int64_t ldv = winograd_pitch(g.C), ldm = winograd_pitch(g.O);
    int32_t *v = static_cast<int32_t*>(g.scratch) + lane * winograd_points * (v_plane + m_plane),
            *m = v + winograd_points * v_plane;
    float* du = static_cast<float*>(g.du) + lane * winograd_points * g.C * g.O;
    const RowStrips strips(g.C, most);
    int64_t first = begin;
    do {  // runs once even if a lane has no tiles, because du must be written
        const int64_t count = end - first < block ? end - first : block, pairs = (count + 1) / 2;
        transform_pairs<X, DY>(g, first, count, v, v_plane, m, m_plane);
        const FlushSubnormals flush;
        for (int p = 0; p < winograd_points; ++p)
            for (int64_t s = 0, i = 0; s < strips.count; i += strips.rows(s++)) {
                float* c = du + (p * g.C + i) * g.O;
                for (int64_t j = 0; j < g.O; j += 2 * W) {
                    const int64_t left = g.O - j;
                    const int nv = left <= W ? 1 : 2;
                    const int64_t last = left < nv * W ? left - (nv - 1) * W : W;
                    tiles_for<Bf16Lanes>(AMajor::k, false, nv)
                        .fn[strips.rows(s)](pairs, v + p * v_plane + i, ldv, m + p * m_plane + j, ldm, c + j, g.O,
                                            first > begin ? c + j : nullptr, g.O, last);
                }
            }
        first += block;
    } while (first < end);
}

}  // namespace

NETLET_DEFINE_KERNEL(mixed_winograd_pack, MixedWinogradPackArgs) { pack_taps(a, r); }

NETLET_DEFINE_KERNEL(mixed_winograd, MixedWinogradArgs) {
    const auto lane = a.y_is_bf16   ? forward_lane<BFloat16, BFloat16>
                      : a.x_is_bf16 ? forward_lane<BFloat16, float>
                                    : forward_lane<float, float>;
    for (int64_t i = r.begin; i < r.end; ++i) lane(a, i);
}

NETLET_DEFINE_KERNEL(mixed_winograd_kernel_grad, MixedWinogradKernelGradArgs) {
    const auto lane = !a.dy_is_bf16 ? gradient_lane<BFloat16, float>
                      : a.x_is_bf16 ? gradient_lane<BFloat16, BFloat16>
                                    : gradient_lane<float, BFloat16>;
    for (int64_t i = r.begin; i < r.end; ++i) lane(a, i);
}

}  // namespace netlet::NETLET_ISA
