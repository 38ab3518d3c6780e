// Depthwise convolution. SIMD lanes are channels, so no rows are gathered and nothing is packed.
#include "dispatch/kernel.h"
#include "ops/conv/pixel_iterator.h"
#include "ops/gemm/epilogue.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

namespace {

// The taps [begin, end) that read inside x at grid position q.
struct Taps {
    int64_t begin, end;
};
NETLET_INLINE Taps taps_inside(const ConvAxis& axis, int64_t q) {
    const int64_t at = q * axis.step + axis.first, left = axis.in - 1 - at, s = axis.tap_step;
    return {at < 0 ? (-at + s - 1) / s : 0, left < 0 ? 0 : left / s + 1 < axis.taps ? left / s + 1 : axis.taps};
}

// Computes P pixels of a row, all with the same taps, for NV vectors of channels. The last vector has `last` valid
// lanes.
template <class T, int P, int NV>
NETLET_INLINE void depthwise_pixels(const DepthwiseArgs& g, const T* x, const T* w, const T* bias, T* y, Taps td,
                                    Taps th, Taps tw, int64_t last) {
    using V = Vec<T>;
    constexpr int W = V::width;
    const ConvAxis &D = g.axis[0], &H = g.axis[1], &X = g.axis[2];
    const int64_t x_step = X.step * g.C, y_step = X.out_step * g.C;
    auto load = [&](const T* p, int v) __attribute__((always_inline)) {
        return v < NV - 1 ? V::load(p + v * W) : V::load_n(p + v * W, last);
    };
    V acc[P][NV];
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v)
            acc[p][v] = g.accumulate ? load(y + p * y_step, v) : bias ? load(bias, v) : V::zero();
    for (int64_t d = td.begin; d < td.end; ++d)
        for (int64_t h = th.begin; h < th.end; ++h) {
            const int64_t row = (D.tap + d * D.tap_stride) * H.kernel + H.tap + h * H.tap_stride;
            const T* wk = w + (row * X.kernel + X.tap + tw.begin * X.tap_stride) * g.C;
            const T* xk = x + ((d * D.tap_step * H.in + h * H.tap_step) * X.in + tw.begin * X.tap_step) * g.C;
            for (int64_t k = tw.begin; k < tw.end; ++k, wk += X.tap_stride * g.C, xk += X.tap_step * g.C) {
#pragma GCC unroll 4
                for (int v = 0; v < NV; ++v) {
                    const V tap = load(wk, v);
#pragma GCC unroll 8
                    for (int p = 0; p < P; ++p) acc[p][v] = fma(load(xk + p * x_step, v), tap, acc[p][v]);
                }
            }
        }
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) {
            T* to = y + p * y_step + v * W;
            if (v < NV - 1)
                acc[p][v].store(to);
            else
                acc[p][v].store_n(to, last);
        }
}

// The same for all channels.
template <class T, int P, int NV>
NETLET_INLINE void depthwise_channels(const DepthwiseArgs& g, const T* x, T* y, Taps td, Taps th, Taps tw) {
    constexpr int64_t W = Vec<T>::width;
    const T *w = static_cast<const T*>(g.w), *bias = static_cast<const T*>(g.bias);
    auto columns = [&](int64_t c) { return bias ? bias + c : nullptr; };
    int64_t c = 0;
    for (; c + NV * W <= g.C; c += NV * W)
        depthwise_pixels<T, P, NV>(g, x + c, w + c, columns(c), y + c, td, th, tw, W);
    for (; c < g.C; c += W)
        depthwise_pixels<T, P, 1>(g, x + c, w + c, columns(c), y + c, td, th, tw, g.C - c < W ? g.C - c : W);
}

// Computes one row of the grid. Pixels that share their taps are computed 8 or 4 at a time with one vector of channels;
// the others, at the edges, one at a time with 4 vectors. Both have enough independent sums to hide the latency of an
// addition.
template <class T>
NETLET_INLINE void depthwise_row(const DepthwiseArgs& g, int64_t row) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t ph = row % h.grid, pd = row / h.grid % d.grid, n = row / h.grid / d.grid;
    const Taps td = taps_inside(d, pd), th = taps_inside(h, ph);
    const T* x =
        static_cast<const T*>(g.x) + ((n * d.in + pd * d.step + d.first) * h.in + ph * h.step + h.first) * w.in * g.C;
    T* y = static_cast<T*>(g.y) +
           ((n * d.out + d.out_first + pd * d.out_step) * h.out + h.out_first + ph * h.out_step) * w.out * g.C;
    for (int64_t q = 0; q < w.grid;) {
        const Taps tw = taps_inside(w, q);
        auto shared_by = [&](int64_t pixels) {
            if (q + pixels > w.grid) return false;
            const Taps last = taps_inside(w, q + pixels - 1);
            return last.begin == tw.begin && last.end == tw.end;
        };
        const T* xq = x + (q * w.step + w.first) * g.C;
        T* yq = y + (w.out_first + q * w.out_step) * g.C;
        int64_t pixels = 1;
        if (shared_by(8))
            depthwise_channels<T, 8, 1>(g, xq, yq, td, th, tw), pixels = 8;
        else if (shared_by(4))
            depthwise_channels<T, 4, 1>(g, xq, yq, td, th, tw), pixels = 4;
        else
            depthwise_channels<T, 1, 4>(g, xq, yq, td, th, tw);
        epilogue(g.act, g.alpha, yq, w.out_step * g.C, pixels, g.C);
        q += pixels;
    }
}

// Sums taps [k, k + N) of one row of taps over rows of output pixels, for one vector of channels.
template <class T, int N>
NETLET_INLINE void depthwise_taps(const DepthwiseKernelGradArgs& g, int64_t begin, int64_t end, int64_t td, int64_t th,
                                  int64_t k, int64_t c, int64_t lanes, T* dw, bool accumulate) {
    using V = Vec<T>;
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    V acc[N];
#pragma GCC unroll 8
    for (int t = 0; t < N; ++t) acc[t] = accumulate ? V::load_n(dw + t * g.C, lanes) : V::zero();
    for (int64_t row = begin; row < end; ++row) {
        const int64_t ih = row % h.grid * h.step + h.first + th * h.tap_step, n = row / h.grid / d.grid;
        const int64_t id = row / h.grid % d.grid * d.step + d.first + td * d.tap_step;
        if (ih < 0 || ih >= h.in || id < 0 || id >= d.in) continue;
        const T* x = static_cast<const T*>(g.x) + ((n * d.in + id) * h.in + ih) * w.in * g.C + c;
        const T* dy = static_cast<const T*>(g.dy) + row * w.grid * g.C + c;
        for (int64_t q = 0; q < w.grid; ++q) {
            const V grad = V::load_n(dy + q * g.C, lanes);
            const int64_t at = q * w.step + w.first + k * w.tap_step, last = at + (N - 1) * w.tap_step;
            if (at >= 0 && last < w.in) {
#pragma GCC unroll 8
                for (int t = 0; t < N; ++t)
                    acc[t] = fma(V::load_n(x + (at + t * w.tap_step) * g.C, lanes), grad, acc[t]);
            } else {
#pragma GCC unroll 8
                for (int t = 0; t < N; ++t)
                    if (at + t * w.tap_step >= 0 && at + t * w.tap_step < w.in)
                        acc[t] = fma(V::load_n(x + (at + t * w.tap_step) * g.C, lanes), grad, acc[t]);
            }
        }
    }
#pragma GCC unroll 8
    for (int t = 0; t < N; ++t) acc[t].store_n(dw + t * g.C, lanes);
}

template <class T>
NETLET_INLINE void depthwise_kernel_grad(const DepthwiseKernelGradArgs& g, int64_t slice) {
    constexpr int W = Vec<T>::width;
    constexpr int64_t cached_rows = 4;
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t rows = g.batch * d.grid * h.grid, begin = slice * g.slice;
    const int64_t end = rows - begin < g.slice ? rows : begin + g.slice;
    T* dw = static_cast<T*>(g.dw) + slice * d.kernel * h.kernel * w.kernel * g.C;
    for (int64_t row = begin; row < end; row += cached_rows) {
        const int64_t stop = end - row < cached_rows ? end : row + cached_rows;
        const bool accumulate = g.accumulate || row > begin;
        for (int64_t td = 0; td < d.kernel; ++td)
            for (int64_t th = 0; th < h.kernel; ++th)
                for (int64_t c = 0; c < g.C; c += W) {
                    const int64_t lanes = g.C - c < W ? g.C - c : W;
                    for (int64_t k = 0; k < w.kernel;) {
                        T* to = dw + ((td * h.kernel + th) * w.kernel + k) * g.C + c;
#define NETLET_TAPS(N) depthwise_taps<T, N>(g, row, stop, td, th, k, c, lanes, to, accumulate), k += N
                        const int64_t left = w.kernel - k;
                        if (left >= 7)
                            NETLET_TAPS(7);
                        else if (left >= 5)
                            NETLET_TAPS(5);
                        else if (left >= 3)
                            NETLET_TAPS(3);
                        else
                            NETLET_TAPS(1);
#undef NETLET_TAPS
                    }
                }
    }
}

}  // namespace

#define NETLET_DEPTHWISE_KERNELS(T, suffix)                                                                            \
    NETLET_DEFINE_KERNEL(depthwise_##suffix, DepthwiseArgs) {                                                          \
        for (int64_t row = r.begin; row < r.end; ++row) depthwise_row<T>(a, row);                                      \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(depthwise_kernel_grad_##suffix, DepthwiseKernelGradArgs) {                                    \
        for (int64_t slice = r.begin; slice < r.end; ++slice) depthwise_kernel_grad<T>(a, slice);                      \
    }
NETLET_DEPTHWISE_KERNELS(float, f32)
NETLET_DEPTHWISE_KERNELS(double, f64)

}  // namespace netlet::NETLET_ISA
