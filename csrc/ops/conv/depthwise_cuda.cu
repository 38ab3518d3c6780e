// Depthwise convolution on a GPU. Bound by memory: each element takes a multiplication per tap, and neighbouring taps
// are read from the L1 cache.
// - A thread computes a piece of channels (16 bytes) of four pixels along the last axis, so that a tap's weights are
//   read once for four.
// - The kernel's gradient: a block sums a run of taps along the last axis for up to 32 channels over one slice of the
//   output rows; its threads take pixels in turn, and their sums are added in order. Bits depend on shapes alone.
#include "cuda/nest.h"
#include "cuda/shared.h"
#include "ops/conv/conv_args.h"
#include "ops/conv/conv_write_cuda.h"

namespace netlet::cuda {

namespace {

constexpr int depthwise_pixels = 4;

struct DepthwiseDivisors {
    Divisor pieces, runs, h, d;  // of channels; of pixels along the last axis; of the grid
    int64_t small;               // all units are below 2^31; no bool, whose padding may look like a pointer of the host
};

// y at a run of pixels; V: channels of a piece.
template <class T, int V>
__device__ void depthwise(DepthwiseArgs g, DepthwiseDivisors by, int64_t units) {
    constexpr int P = depthwise_pixels;
    const ConvAxis &D = g.axis[0], &H = g.axis[1], &W = g.axis[2];
    for (int64_t unit = first_index(); unit < units; unit += all_threads()) {
        const int64_t run = divide(unit, by.pieces, by.small), c = (unit - run * by.pieces.by) * V;
        const int64_t row = divide(run, by.runs, by.small), q = (run - row * by.runs.by) * P;
        const int64_t plane = divide(row, by.h, by.small), n = divide(plane, by.d, by.small);
        const int64_t qh = row - plane * H.grid, qd = plane - n * D.grid;
        const int64_t id = qd * D.step + D.first, ih = qh * H.step + H.first, iw = q * W.step + W.first;
        Piece<T, V> sum[P] = {};
        for (int64_t td = 0; td < D.taps; ++td) {
            const int64_t d = id + td * D.tap_step;
            if (d < 0 || d >= D.in) continue;
            for (int64_t th = 0; th < H.taps; ++th) {
                const int64_t h = ih + th * H.tap_step;
                if (h < 0 || h >= H.in) continue;
                const T* x = static_cast<const T*>(g.x) + ((n * D.in + d) * H.in + h) * W.in * g.C + c;
                const int64_t tap = ((D.tap + td * D.tap_stride) * H.kernel + H.tap + th * H.tap_stride) * W.kernel;
                const T* w = static_cast<const T*>(g.w) + (tap + W.tap) * g.C + c;
                for (int64_t tw = 0; tw < W.taps; ++tw, w += W.tap_stride * g.C) {
                    const Piece<T, V> weight = load_piece<V>(w);
                    const int64_t first = iw + tw * W.tap_step;
#pragma unroll
                    for (int p = 0; p < P; ++p) {
                        const int64_t at = first + p * W.step;
                        if (at < 0 || at >= W.in) continue;
                        const Piece<T, V> pixel = load_piece<V>(x + at * g.C);
#pragma unroll
                        for (int v = 0; v < V; ++v)
                            sum[p].at[v] = gpu::multiply_add(pixel.at[v], weight.at[v], sum[p].at[v]);
                    }
                }
            }
        }
        const int64_t od = D.out_first + qd * D.out_step, oh = H.out_first + qh * H.out_step;
        T* y = static_cast<T*>(g.y) + ((n * D.out + od) * H.out + oh) * W.out * g.C + c;
#pragma unroll
        for (int p = 0; p < P; ++p)
            if (q + p < W.grid) write_sum(g, y + (W.out_first + (q + p) * W.out_step) * g.C, sum[p], V, (int)c, true);
        if (is_cheap(g.act)) continue;
#pragma unroll 1
        for (int i = 0; i < P * V; ++i)
            if (q + i / V < W.grid) activate_written(g, y + (W.out_first + (q + i / V) * W.out_step) * g.C + i % V);
    }
}

template <class T, int V>
void launch_depthwise(const Stream& s, const DepthwiseArgs& a) {
    const ConvAxis &D = a.axis[0], &H = a.axis[1], &W = a.axis[2];
    const int64_t pieces = a.C / V, runs = (W.grid + depthwise_pixels - 1) / depthwise_pixels;
    const int64_t units = a.batch * D.grid * H.grid * runs * pieces;
    const DepthwiseDivisors by{divisor(pieces), divisor(runs), divisor(H.grid), divisor(D.grid),
                               units < (int64_t)1 << 31};
    launch<depthwise<T, V>>(s, blocks_for(s, units), 0, a, by, units);
}

template <class T>
void depthwise_best(const Stream& s, const DepthwiseArgs& a) {
    constexpr int V = piece_of<T>;
    if (a.C % V == 0 && starts_a_piece<V>((const T*)a.x) && starts_a_piece<V>((const T*)a.w) &&
        starts_a_piece<V>((const T*)a.y))
        launch_depthwise<T, V>(s, a);
    else
        launch_depthwise<T, 1>(s, a);
}

// dw of N taps along the last axis. `lanes` threads take channels, the rest of the block pixels.
constexpr int depthwise_threads = 256;
template <class T, int N>
__device__ void depthwise_kernel_grad(DepthwiseKernelGradArgs g, int lanes, int chunks, int runs) {
    const ConvAxis &D = g.axis[0], &H = g.axis[1], &W = g.axis[2];
    const auto scratch = shared_array<T>(0, depthwise_threads);
    const int t = (int)threadIdx.x, lane = t % lanes, mine = t / lanes, threads = depthwise_threads / lanes;
    int block = (int)blockIdx.x;
    const int chunk = block % chunks, first_tap = block / chunks % runs * N;
    block /= chunks * runs;
    const int th = block % (int)H.kernel, td = block / (int)H.kernel % (int)D.kernel;
    const int64_t slice = block / (int)(H.kernel * D.kernel);
    const int64_t c = (int64_t)chunk * lanes + lane, rows = g.batch * D.grid * H.grid, begin = slice * g.slice;
    const int64_t end = rows - begin < g.slice ? rows : begin + g.slice;

    T sum[N] = {};
    if (c < g.C)
        for (int64_t row = begin; row < end; ++row) {
            const int64_t h = row % H.grid * H.step + H.first + th * H.tap_step, plane = row / H.grid;
            const int64_t d = plane % D.grid * D.step + D.first + td * D.tap_step, n = plane / D.grid;
            if (h < 0 || h >= H.in || d < 0 || d >= D.in) continue;
            const T* x = static_cast<const T*>(g.x) + ((n * D.in + d) * H.in + h) * W.in * g.C + c;
            const T* dy = static_cast<const T*>(g.dy) + row * W.grid * g.C + c;
            for (int64_t q = mine; q < W.grid; q += threads) {
                const T flow = dy[q * g.C];
                const int64_t first = q * W.step + W.first + first_tap * W.tap_step;
#pragma unroll
                for (int k = 0; k < N; ++k) {
                    const int64_t at = first + k * W.tap_step;
                    if (at >= 0 && at < W.in) sum[k] = gpu::multiply_add(x[at * g.C], flow, sum[k]);
                }
            }
        }
    T* dw = static_cast<T*>(g.dw) + ((slice * D.kernel + td) * H.kernel + th) * W.kernel * g.C + c;
#pragma unroll
    for (int k = 0; k < N; ++k) {
        scratch[t] = sum[k];
        __syncthreads();
        if (mine == 0 && c < g.C && first_tap + k < W.kernel) {
            T total = sum[k];
            for (int i = 1; i < threads; ++i) total += (T)scratch[i * lanes + lane];
            T* to = dw + (first_tap + k) * g.C;
            *to = g.accumulate ? *to + total : total;
        }
        __syncthreads();
    }
}

template <class T, int N>
void launch_kernel_grad(const Stream& s, const DepthwiseKernelGradArgs& a, int64_t slices) {
    int lanes = 1;
    while (lanes < warp && lanes < a.C) lanes *= 2;
    const int64_t chunks = (a.C + lanes - 1) / lanes, runs = (a.axis[2].kernel + N - 1) / N;
    const int64_t blocks = chunks * runs * a.axis[1].kernel * a.axis[0].kernel * slices;
    launch<depthwise_kernel_grad<T, N>, depthwise_threads>(s, dim3((unsigned)blocks), depthwise_threads * sizeof(T), a,
                                                           lanes, (int)chunks, (int)runs);
}

template <class T>
void kernel_grad_best(const Stream& s, const DepthwiseKernelGradArgs& a, int64_t slices) {
    switch (a.axis[2].kernel) {
        case 1: return launch_kernel_grad<T, 1>(s, a, slices);
        case 2:
        case 3: return launch_kernel_grad<T, 3>(s, a, slices);
        case 4:
        case 5: return launch_kernel_grad<T, 5>(s, a, slices);
        default: return launch_kernel_grad<T, 7>(s, a, slices);
    }
}

}  // namespace

NETLET_CUDA_KERNEL(depthwise_f32, DepthwiseArgs) { depthwise_best<float>(s, a); }
NETLET_CUDA_KERNEL(depthwise_f64, DepthwiseArgs) { depthwise_best<double>(s, a); }
NETLET_CUDA_KERNEL(depthwise_kernel_grad_f32, DepthwiseKernelGradArgs) { kernel_grad_best<float>(s, a, units); }
NETLET_CUDA_KERNEL(depthwise_kernel_grad_f64, DepthwiseKernelGradArgs) { kernel_grad_best<double>(s, a, units); }

}  // namespace netlet::cuda
