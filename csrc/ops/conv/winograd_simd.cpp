#include "dispatch/kernel.h"
#include "ops/conv/winograd_transforms.h"
#include "ops/gemm/epilogue.h"
#include "ops/gemm/gemm_floats.h"
#include "simd/each_vector.h"
#include "simd/prefetch.h"

namespace netlet::NETLET_ISA {

namespace {

// ---- the taps ----
// A work unit is one panel group of the packed kernel.
template <int m, class T>
NETLET_INLINE void winograd_pack(const WinogradPackArgs& g, Range r) {
    using V = Vec<T>;
    constexpr int n = m + 2;
    constexpr int64_t NR = 2 * V::width;
    for (int64_t panel = r.begin * (conv_panel_group / NR); panel < r.end * (conv_panel_group / NR); ++panel) {
        const T* from = static_cast<const T*>(g.packed) + panel * NR * 9 * g.terms;
        T* to = static_cast<T*>(g.u) + panel * NR * g.terms;
        for (int64_t i = 0; i < g.terms * NR; i += V::width) {
            V t[n * 3], u[n];
            NETLET_UNROLL(3)
            for (int w = 0; w < 3; ++w) {
                auto tap = [&](int h) { return V::load(from + (h * 3 + w) * g.terms * NR + i); };
                Winograd<m>::taps(tap(0), tap(1), tap(2), t + w, 3);
            }
            NETLET_UNROLL(6)
            for (int h = 0; h < n; ++h) {
                Winograd<m>::taps(t[h * 3], t[h * 3 + 1], t[h * 3 + 2], u, 1);
                NETLET_UNROLL(6)
                for (int w = 0; w < n; ++w) u[w].store(to + (h * n + w) * g.columns * g.terms + i);
            }
        }
    }
}

template <class T>
NETLET_INLINE void winograd_unpack(const WinogradUnpackArgs& g, Range r) {
    using V = Vec<T>;
    const int64_t plane = g.C * g.O;
    for (int64_t c = r.begin; c < r.end; ++c)
        for (int64_t o = 0; o < g.O; o += V::width) {
            const int64_t n = g.O - o < V::width ? g.O - o : V::width;
            const T* from = static_cast<const T*>(g.du) + c * g.O + o;
            T* to = static_cast<T*>(g.dw) + c * g.O + o;
            V t[12], dw[9];
            NETLET_UNROLL(4)
            for (int w = 0; w < 4; ++w) {
                auto point = [&](int h) { return V::load_n(from + (h * 4 + w) * plane, n); };
                Winograd<2>::tap_gradient(point(0), point(1), point(2), point(3), t + w, 4);
            }
            NETLET_UNROLL(3)
            for (int h = 0; h < 3; ++h)
                Winograd<2>::tap_gradient(t[h * 4], t[h * 4 + 1], t[h * 4 + 2], t[h * 4 + 3], dw + h * 3, 1);
            NETLET_UNROLL(9)
            for (int k = 0; k < 9; ++k) {
                if (g.accumulate) dw[k] = dw[k] + V::load_n(to + k * plane, n);
                dw[k].store_n(to + k * plane, n);
            }
        }
}

// ---- tiles ----
// v[point] = B^T x B, for all channels of the (m+2)^2 pixels of x that start at (h, w). Pixels outside x are 0.
template <int m, class T>
NETLET_INLINE void transform_pixels(T* v, int64_t plane, const T* image, const ConvAxis& H, const ConvAxis& W,
                                    int64_t h, int64_t w, int64_t C) {
    using V = Vec<T>;
    constexpr int n = m + 2;
    const T* x = image + (h * W.in + w) * C;
    const int64_t pitch = W.in * C;
    if (h >= 0 && h + n <= H.in && w >= 0 && w + n <= W.in)
        each_vector<V>({0, C}, [&](auto lanes, int64_t c) NETLET_INLINE_LAMBDA {
            Winograd<m>::template tile<V>(lanes, v + c, plane, [&](int i, int j) NETLET_INLINE_LAMBDA {
                return lanes.load(x + i * pitch + j * C + c);
            });
        });
    else
        each_vector<V>({0, C}, [&](auto lanes, int64_t c) NETLET_INLINE_LAMBDA {
            Winograd<m>::template tile<V>(lanes, v + c, plane, [&](int i, int j) NETLET_INLINE_LAMBDA {
                const bool there = (uint64_t)(h + i) < (uint64_t)H.in && (uint64_t)(w + j) < (uint64_t)W.in;
                return there ? lanes.load(x + i * pitch + j * C + c) : V::zero();
            });
        });
}

// `channels` output channels, from `first` on, of the m x m pixels of y that start at (h, w): y = act(bias + A^T M A), or
// y += A^T M A, where M is the sums of the points.
template <int m, class T>
NETLET_INLINE void finish_pixels(const WinogradArgs& g, const T* sums, int64_t plane, T* image, int64_t h, int64_t w,
                                 int64_t first, int64_t channels) {
    using V = Vec<T>;
    constexpr int n = m + 2;
    T* y = image + (h * g.w.grid + w) * g.O + first;
    const int64_t rows = g.h.grid - h < m ? g.h.grid - h : m, columns = g.w.grid - w < m ? g.w.grid - w : m;
    const T* bias = g.bias ? static_cast<const T*>(g.bias) + first : nullptr;
    each_vector<V>({0, channels}, [&](auto lanes, int64_t o) NETLET_INLINE_LAMBDA {
        V t[m * n], p[m];
        // t lies on the stack. Unrolled, these loops spill more: the kernel takes a tenth longer with 16 to 64 channels.
        NETLET_UNROLL(1)
        for (int j = 0; j < n; ++j) {
            V points[n];
            NETLET_UNROLL(6)
            for (int i = 0; i < n; ++i) points[i] = lanes.load(sums + (i * n + j) * plane + o);
            Winograd<m>::sums(points, t + j, n);
        }
        const V add = bias ? lanes.load(bias + o) : V::zero();
        NETLET_UNROLL(1)
        for (int i = 0; i < rows; ++i) {
            Winograd<m>::sums(t + i * n, p, 1);
            NETLET_UNROLL(4)
            for (int j = 0; j < m; ++j) {
                if (j >= columns) continue;
                T* to = y + (i * g.w.grid + j) * g.O + o;
                lanes.store(p[j] + (g.accumulate ? lanes.load(to) : add), to);
            }
        }
    });
    if (g.act == Activation::linear) return;
    for (int64_t i = 0; i < rows; ++i) {
        T* row = y + i * g.w.grid * g.O;
        if (channels == g.O)  // the pixels are contiguous
            epilogue(g.act, g.alpha, row, 0, 1, columns * g.O);
        else
            epilogue(g.act, g.alpha, row, g.O, columns, channels);
    }
}

// Fetches the m x m pixels that start at (h, w), or those of them that are inside the image.
template <int m, class T>
NETLET_INLINE void prefetch_pixels(const void* images, int64_t n, int64_t h, int64_t w, int64_t height, int64_t width,
                                   int64_t channels) {
    const int64_t rows = height - h < m ? height - h : m, columns = width - w < m ? width - w : m;
    if (h < 0 || w < 0 || columns < 1) return;
    for (int64_t i = 0; i < rows; ++i)
        prefetch_far(static_cast<const T*>(images) + ((n * height + h + i) * width + w) * channels,
                     columns * channels * (int64_t)sizeof(T));
}

template <int m, class T>
NETLET_INLINE void winograd_unit(const WinogradArgs& g, int64_t unit) {
    using F = Floats<T>;
    constexpr int most = max_rows(packed_nv), points = winograd_points_of(m);
    const int64_t n_blocks = (g.O + g.nb - 1) / g.nb, lane = unit / n_blocks, o = unit % n_blocks * g.nb;
    const int64_t channels = g.O - o < g.nb ? g.O - o : g.nb;
    const int64_t tiles = tiles_of<m>(g.h, g.w, g.batch), begin = lane * tiles / g.lanes;
    const int64_t end = (lane + 1) * tiles / g.lanes;
    // With m = 2, as many tiles at a time as fill whole strips.
    int64_t block = m == 2 ? winograd_block_of(m) / most * most : winograd_block_of(m);
    while (!g.scratch && !winograd_fits_stack(m, block, g.C, g.nb, sizeof(T))) block -= most;
    const int64_t v_plane = winograd_plane(block, g.C), sums_plane = winograd_plane(block, g.nb);
    const int64_t ldv = winograd_pitch(g.C), ld_sums = winograd_pitch(g.nb);
    alignas(64) T stack[winograd_stack(m) / sizeof(T)];
    T* v = g.scratch ? static_cast<T*>(g.scratch) + unit * winograd_scratch(m, winograd_block_of(m), g.C, g.nb) : stack;
    T* sums = v + points * v_plane;
    const int64_t padded = (g.O + conv_panel_group - 1) / conv_panel_group * conv_panel_group;
    // The hardware does not foresee pixels of several rows at once. With m = 2, 32 images of 32x32x16, 16 filters: 29 to
    // 34 GFLOP/s instead of 20 to 26 (bench/lab/winograd, Zen 3).
    const int64_t pixels = g.batch * (g.h.in * g.w.in * g.C + g.h.grid * g.w.grid * g.O);
    const bool fetch = pixels * (int64_t)sizeof(T) > prefetched_bytes;
    TilePlace in = tile_place<m>(g.h, g.w, begin), out = in;
    for (int64_t first = begin; first < end; first += block) {
        const int64_t count = end - first < block ? end - first : block;
        for (int64_t t = 0; t < count; ++t, next<m>(in, g.h, g.w))
            transform_pixels<m>(v + t * ldv, v_plane, static_cast<const T*>(g.x) + in.n * g.h.in * g.w.in * g.C, g.h,
                                g.w, in.h + g.h.first, in.w + g.w.first, g.C);
        const RowStrips strips(count, most);
        TilePlace soon = in, written = out;
        for (int p = 0; p < points; ++p) {
            // Meanwhile, the pixels that the next block reads for the first time, and those that this one writes.
            const int64_t fetched = fetch ? count * (p + 1) / points : 0;
            for (int64_t t = count * p / points; t < fetched; ++t) {
                if (soon.n < g.batch)
                    prefetch_pixels<m, T>(g.x, soon.n, soon.h + g.h.first + 2, soon.w + g.w.first + 2, g.h.in, g.w.in,
                                          g.C);
                prefetch_pixels<m, T>(g.y, written.n, written.h, written.w, g.h.grid, g.w.grid, g.O);
                next<m>(soon, g.h, g.w);
                next<m>(written, g.h, g.w);
            }
            strips_times_panels<F>(g.C, rows_of_a<T>(v + p * v_plane, ldv),
                                   static_cast<const T*>(g.u) + (p * padded + o) * g.C, g.C, sums + p * sums_plane,
                                   ld_sums, {nullptr, 0}, strips, 0, strips.count, channels);
        }
        for (int64_t t = 0; t < count; ++t, next<m>(out, g.h, g.w))
            finish_pixels<m>(g, sums + t * ld_sums, sums_plane,
                             static_cast<T*>(g.y) + out.n * g.h.grid * g.w.grid * g.O, out.h, out.w, o, channels);
    }
}

// ---- the gradient of the taps ----
// m[point] = A dy A^T for the 2x2 pixels of dy that start at (h, w). Pixels outside dy are 0.
template <class T>
NETLET_INLINE void spread_pixels(T* m, int64_t plane, const T* image, int64_t h, int64_t w, const ConvAxis& H,
                                 const ConvAxis& W, int64_t O) {
    using V = Vec<T>;
    const T* dy = image + (h * W.grid + w) * O;
    const bool right = w + 1 < W.grid, below = h + 1 < H.grid;
    each_vector<V>({0, O}, [&](auto lanes, int64_t o) NETLET_INLINE_LAMBDA {
        const V a = lanes.load(dy + o), b = right ? lanes.load(dy + O + o) : V::zero();
        const V c = below ? lanes.load(dy + W.grid * O + o) : V::zero();
        const V d = right && below ? lanes.load(dy + (W.grid + 1) * O + o) : V::zero();
        V t[8], p[winograd_points];
        Winograd<2>::pixel_gradient(a, c, t, 2);
        Winograd<2>::pixel_gradient(b, d, t + 1, 2);
        NETLET_UNROLL(4)
        for (int i = 0; i < 4; ++i) Winograd<2>::pixel_gradient(t[i * 2], t[i * 2 + 1], p + i * 4, 1);
        NETLET_UNROLL(16)
        for (int i = 0; i < winograd_points; ++i) lanes.store(p[i], m + i * plane + o);
    });
}

template <class T>
NETLET_INLINE void winograd_kernel_grad(const WinogradKernelGradArgs& g, int64_t lane) {
    constexpr int W = Vec<T>::width, most = max_rows(2);
    const int64_t tiles = tiles_of<2>(g.h, g.w, g.batch), begin = lane * tiles / g.lanes;
    const int64_t end = (lane + 1) * tiles / g.lanes;
    const int64_t v_plane = winograd_plane(winograd_grad_block, g.C),
                  m_plane = winograd_plane(winograd_grad_block, g.O);
    const int64_t ldv = winograd_pitch(g.C), ldm = winograd_pitch(g.O);
    T *v = static_cast<T*>(g.scratch) + lane * winograd_scratch(2, winograd_grad_block, g.C, g.O),
      *m = v + winograd_points * v_plane;
    T* du = static_cast<T*>(g.du) + lane * winograd_points * g.C * g.O;
    const RowStrips strips(g.C, most);
    TilePlace at = tile_place<2>(g.h, g.w, begin);
    int64_t first = begin;
    do {  // runs once even if a lane has no tiles, because du must be written
        const int64_t count = end - first < winograd_grad_block ? end - first : winograd_grad_block;
        for (int64_t t = 0; t < count; ++t, next<2>(at, g.h, g.w)) {
            transform_pixels<2>(v + t * ldv, v_plane, static_cast<const T*>(g.x) + at.n * g.h.in * g.w.in * g.C, g.h,
                                g.w, at.h + g.h.first, at.w + g.w.first, g.C);
            spread_pixels(m + t * ldm, m_plane, static_cast<const T*>(g.dy) + at.n * g.h.grid * g.w.grid * g.O, at.h,
                          at.w, g.h, g.w, g.O);
        }
        for (int p = 0; p < winograd_points; ++p)
            for (int64_t s = 0, i = 0; s < strips.count; i += strips.rows(s++)) {
                T* c = du + (p * g.C + i) * g.O;
                for (int64_t j = 0; j < g.O; j += 2 * W) {
                    const int64_t left = g.O - j;
                    const int nv = left <= W ? 1 : 2;
                    const int64_t last = left < nv * W ? left - (nv - 1) * W : W;
                    tiles_for<Plain<T>>(AMajor::k, last < W, nv)
                        .fn[strips.rows(s)](count, v + p * v_plane + i, ldv, m + p * m_plane + j, ldm, c + j, g.O,
                                            first > begin ? c + j : nullptr, g.O, last);
                }
            }
        first += winograd_grad_block;
    } while (first < end);
}

}  // namespace

#define NETLET_WINOGRAD_KERNELS(T, suffix)                                                                             \
    NETLET_DEFINE_KERNEL(winograd_pack_##suffix, WinogradPackArgs) { winograd_pack<2, T>(a, r); }                      \
    NETLET_DEFINE_KERNEL(winograd_unpack_##suffix, WinogradUnpackArgs) { winograd_unpack<T>(a, r); }                   \
    NETLET_DEFINE_KERNEL(winograd_##suffix, WinogradArgs) {                                                            \
        for (int64_t unit = r.begin; unit < r.end; ++unit) winograd_unit<2, T>(a, unit);                               \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(winograd_kernel_grad_##suffix, WinogradKernelGradArgs) {                                      \
        for (int64_t lane = r.begin; lane < r.end; ++lane) winograd_kernel_grad<T>(a, lane);                           \
    }
NETLET_WINOGRAD_KERNELS(float, f32)
NETLET_WINOGRAD_KERNELS(double, f64)
NETLET_DEFINE_KERNEL(winograd_4x4_pack_f32, WinogradPackArgs) { winograd_pack<4, float>(a, r); }
NETLET_DEFINE_KERNEL(winograd_4x4_f32, WinogradArgs) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) winograd_unit<4, float>(a, unit);
}

}  // namespace netlet::NETLET_ISA
