// Depthwise convolution. SIMD lanes are channels, so no rows are gathered and nothing is packed.
#include "dispatch/kernel.h"
#include "ops/conv/pixel_iterator.h"
#include "ops/gemm/epilogue.h"
#include "simd/each_vector.h"
#include "simd/prefetch.h"

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

// relu and relu6 are applied while the sums are in registers, the other activations by depthwise_row.
NETLET_INLINE bool is_clip(Activation act) { return act == Activation::relu || act == Activation::relu6; }

// Computes P pixels of a row, all with the same taps, for NV vectors of channels, of which the last one may be partial.
template <class T, int P, int NV, class Lanes>
NETLET_INLINE void depthwise_pixels(const DepthwiseArgs& g, const T* x, const T* w, const T* bias, T* y, Taps td,
                                    Taps th, Taps tw, Lanes lanes) {
    using V = Vec<T>;
    constexpr int W = V::width;
    const ConvAxis &D = g.axis[0], &H = g.axis[1], &X = g.axis[2];
    const int64_t x_step = X.step * g.C, y_step = X.out_step * g.C;
    auto load = [&](const T* p, int v)
                    NETLET_INLINE_LAMBDA { return v < NV - 1 ? V::load(p + v * W) : lanes.load(p + v * W); };
    V acc[P][NV];
    NETLET_UNROLL(8)
    for (int p = 0; p < P; ++p) NETLET_UNROLL(4)
    for (int v = 0; v < NV; ++v) acc[p][v] = g.accumulate ? load(y + p * y_step, v) : bias ? load(bias, v) : V::zero();
    for (int64_t d = td.begin; d < td.end; ++d)
        for (int64_t h = th.begin; h < th.end; ++h) {
            const int64_t row = (D.tap + d * D.tap_stride) * H.kernel + H.tap + h * H.tap_stride;
            const T* wk = w + (row * X.kernel + X.tap + tw.begin * X.tap_stride) * g.C;
            const T* xk = x + ((d * D.tap_step * H.in + h * H.tap_step) * X.in + tw.begin * X.tap_step) * g.C;
            for (int64_t k = tw.begin; k < tw.end; ++k, wk += X.tap_stride * g.C, xk += X.tap_step * g.C) {
                NETLET_UNROLL(4)
                for (int v = 0; v < NV; ++v) {
                    const V tap = load(wk, v);
                    NETLET_UNROLL(8)
                    for (int p = 0; p < P; ++p) acc[p][v] = fma(load(xk + p * x_step, v), tap, acc[p][v]);
                }
            }
        }
    auto apply = [&](Activation act) NETLET_INLINE_LAMBDA {
        NETLET_UNROLL(8)
        for (int p = 0; p < P; ++p) NETLET_UNROLL(4)
        for (int v = 0; v < NV; ++v) acc[p][v] = activate(act, acc[p][v], T(0));
    };
    if (g.act == Activation::relu) apply(Activation::relu);
    if (g.act == Activation::relu6) apply(Activation::relu6);
    NETLET_UNROLL(8)
    for (int p = 0; p < P; ++p) NETLET_UNROLL(4)
    for (int v = 0; v < NV; ++v) {
        T* to = y + p * y_step + v * W;
        if (v < NV - 1)
            acc[p][v].store(to);
        else
            lanes.store(acc[p][v], to);
    }
}

// The pixels that P outputs of the next row read and this row does not, and these outputs. The channels of neighbouring
// pixels are far apart in memory, so the hardware prefetcher does not load them in time.
template <class T, int P, int NV>
NETLET_INLINE void prefetch_next_row(const DepthwiseArgs& g, const T* x, const T* y) {
    const ConvAxis &H = g.axis[1], &X = g.axis[2];
    constexpr int64_t bytes = NV * Vec<T>::width * (int64_t)sizeof(T);
    const T* row = x + ((H.taps - 1) * H.tap_step + 1) * X.in * g.C;
    for (int64_t h = 0; h < H.step; ++h, row += X.in * g.C)
        for (int64_t p = 0; p < P * X.step; ++p) prefetch_far(row + p * g.C, bytes);
    const T* below = y + H.out_step * X.out * g.C;
    for (int64_t p = 0; p < P; ++p) prefetch_far(below + p * X.out_step * g.C, bytes);
}

// The same for all channels.
template <class T, int P, int NV>
NETLET_INLINE void depthwise_channels(const DepthwiseArgs& g, const T* x, T* y, Taps td, Taps th, Taps tw) {
    using V = Vec<T>;
    constexpr int64_t W = V::width;
    const T *w = static_cast<const T*>(g.w), *bias = static_cast<const T*>(g.bias);
    auto columns = [&](int64_t c) { return bias ? bias + c : nullptr; };
    // 32 images of 16x16x192 become a third to a half faster (bench/lab/depthwise, Zen 3).
    const int64_t pixels = g.batch * g.axis[0].in * g.axis[1].in * g.axis[2].in;
    const bool fetch = P > 1 && (g.axis[1].step > 1 || pixels * g.C * (int64_t)sizeof(T) > prefetched_bytes);
    int64_t c = 0;
    for (; c + NV * W <= g.C; c += NV * W) {
        if (fetch) prefetch_next_row<T, P, NV>(g, x + c, y + c);
        depthwise_pixels<T, P, NV>(g, x + c, w + c, columns(c), y + c, td, th, tw, AllLanes<V>{});
    }
    for (; c + W <= g.C; c += W)
        depthwise_pixels<T, P, 1>(g, x + c, w + c, columns(c), y + c, td, th, tw, AllLanes<V>{});
    if (c < g.C) depthwise_pixels<T, P, 1>(g, x + c, w + c, columns(c), y + c, td, th, tw, FirstLanes<V>{g.C - c});
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
        if (!is_clip(g.act)) epilogue(g.act, g.alpha, yq, w.out_step * g.C, pixels, g.C);
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
    NETLET_UNROLL(8)
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
                NETLET_UNROLL(8)
                for (int t = 0; t < N; ++t)
                    acc[t] = fma(V::load_n(x + (at + t * w.tap_step) * g.C, lanes), grad, acc[t]);
            } else {
                NETLET_UNROLL(8)
                for (int t = 0; t < N; ++t)
                    if (at + t * w.tap_step >= 0 && at + t * w.tap_step < w.in)
                        acc[t] = fma(V::load_n(x + (at + t * w.tap_step) * g.C, lanes), grad, acc[t]);
            }
        }
    }
    NETLET_UNROLL(8)
    for (int t = 0; t < N; ++t) acc[t].store_n(dw + t * g.C, lanes);
}

template <bool b> struct Constant {
    static constexpr bool value = b;
};

// Two vectors of channels where the registers hold the sums of 18: two neighbouring cache lines of each pixel are read.
template <class T> constexpr int wide_channels = Vec<T>::width * sizeof(T) == 64 ? 2 : 1;

// The same for all taps of a 3 x 3 window without dilation over one row of output pixels whose three rows of x are all
// inside, for NV whole vectors of channels. Each row of dy is read once.
template <class T, int NV>
NETLET_INLINE void depthwise_nine_taps(const DepthwiseKernelGradArgs& g, const T* x, const T* dy, T* dw,
                                       bool accumulate) {
    using V = Vec<T>;
    constexpr int W = V::width;
    const ConvAxis& w = g.axis[2];
    const int64_t pitch = w.in * g.C;
    constexpr int64_t bytes = NV * W * (int64_t)sizeof(T);
    V acc[9][NV];
    NETLET_UNROLL(9)
    for (int t = 0; t < 9; ++t) NETLET_UNROLL(2)
    for (int v = 0; v < NV; ++v) acc[t][v] = accumulate ? V::load(dw + t * g.C + v * W) : V::zero();
    // Adds output pixel q; `inside`: all of its taps.
    auto add = [&](int64_t q, auto inside) NETLET_INLINE_LAMBDA {
        const T* at = x + (q * w.step + w.first) * g.C;
        const Taps taps = decltype(inside)::value ? Taps{0, 3} : taps_inside(w, q);
        V grad[NV];
        NETLET_UNROLL(2)
        for (int v = 0; v < NV; ++v) grad[v] = V::load(dy + q * g.C + v * W);
        NETLET_UNROLL(3)
        for (int t = 0; t < 3; ++t)
            if (t >= taps.begin && t < taps.end) NETLET_UNROLL(3)
        for (int r = 0; r < 3; ++r) NETLET_UNROLL(2)
        for (int v = 0; v < NV; ++v)
            acc[3 * r + t][v] = fma(V::load(at + r * pitch + t * g.C + v * W), grad[v], acc[3 * r + t][v]);
    };
    for (int64_t q = 0; q < w.grid; ++q) {
        const int64_t column = q * w.step + w.first;
        if (column < 0 || column + 2 >= w.in) {
            add(q, Constant<false>());
            continue;
        }
        // What the next row of dy reads and this one does not.
        const T* next = x + column * g.C + 3 * pitch;
        for (int64_t r = 0; r < g.axis[1].step; ++r)
            for (int64_t p = 0; p < w.step; ++p) prefetch(next + r * pitch + p * g.C, bytes);
        prefetch(dy + (w.grid + q) * g.C, bytes);
        add(q, Constant<true>());
    }
    NETLET_UNROLL(9)
    for (int t = 0; t < 9; ++t) NETLET_UNROLL(2)
    for (int v = 0; v < NV; ++v) acc[t][v].store(dw + t * g.C + v * W);
}

// Compiled for vectors of float32 only, to keep the library small.
template <class T> constexpr bool has_nine_taps = sizeof(T) == 4 && Vec<T>::width > 1;

NETLET_INLINE bool is_plain_3x3(const DepthwiseKernelGradArgs& g) {
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    return d.kernel == 1 && d.in == 1 && d.first == 0 && d.grid == 1 && h.kernel == 3 && w.kernel == 3 &&
           h.tap_step == 1 && w.tap_step == 1;
}

// Whole vectors of channels of one row of output pixels; the first channel that is left.
template <class T>
NETLET_INLINE int64_t depthwise_row_of_nine(const DepthwiseKernelGradArgs& g, int64_t row, T* dw, bool accumulate) {
    constexpr int64_t W = Vec<T>::width;
    constexpr int NV = wide_channels<T>;
    const ConvAxis &h = g.axis[1], &w = g.axis[2];
    const int64_t ih = row % h.grid * h.step + h.first, n = row / h.grid;
    if (ih < 0 || ih + 2 >= h.in) return 0;
    const T* x = static_cast<const T*>(g.x) + (n * h.in + ih) * w.in * g.C;
    const T* dy = static_cast<const T*>(g.dy) + row * w.grid * g.C;
    int64_t c = 0;
    for (; c + NV * W <= g.C; c += NV * W) depthwise_nine_taps<T, NV>(g, x + c, dy + c, dw + c, accumulate);
    for (; c + W <= g.C; c += W) depthwise_nine_taps<T, 1>(g, x + c, dy + c, dw + c, accumulate);
    return c;
}

template <class T>
NETLET_INLINE void depthwise_kernel_grad(const DepthwiseKernelGradArgs& g, int64_t slice) {
    constexpr int W = Vec<T>::width;
    constexpr int64_t cached_rows = 4;
    const ConvAxis &d = g.axis[0], &h = g.axis[1], &w = g.axis[2];
    const int64_t rows = g.batch * d.grid * h.grid, begin = slice * g.slice;
    const int64_t end = rows - begin < g.slice ? rows : begin + g.slice;
    T* dw = static_cast<T*>(g.dw) + slice * d.kernel * h.kernel * w.kernel * g.C;
    const bool nine = has_nine_taps<T> && is_plain_3x3(g);
    const int64_t step = nine ? 1 : cached_rows;
    for (int64_t row = begin; row < end; row += step) {
        const int64_t stop = end - row < step ? end : row + step;
        const bool accumulate = g.accumulate || row > begin;
        int64_t first = 0;
        if constexpr (has_nine_taps<T>)
            if (nine) first = depthwise_row_of_nine(g, row, dw, accumulate);
        for (int64_t td = 0; td < d.kernel; ++td)
            for (int64_t th = 0; th < h.kernel; ++th)
                for (int64_t c = first; c < g.C; c += W) {
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
