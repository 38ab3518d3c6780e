// affine_transform on a GPU (affine_args.h), with the taps of affine_taps.h.
//
// Forward, a thread computes up to four channels of a pixel of y.
//
// Backward, any pixel of dy may reach any pixel of dx, and sums must not depend on the order of threads. So a block owns
// a tile of 16 x 16 pixels of dx, one for each thread, and runs over all pixels of dy of the image: each thread finds
// the taps of one pixel, those that reach the tile are listed in order, and each thread adds what is listed for its
// pixel. This is the CPU's order. The taps are computed once per tile: 20 us for an image of 224 x 224 if nothing else
// limits, by counting instructions.
#include "cuda/nest.h"
#include "cuda/shared.h"
#include "cuda/vec.h"
#include "ops/image/affine_taps.h"

namespace netlet::cuda {

namespace {

// The taps of pixel (h, w) of an image: positions in x, negative for the fill value, and weights.
template <class T>
struct Taps {
    int32_t row[4], column[4];
    T weight[4];
};
template <class T>
__device__ inline Taps<T> taps_at(const AffineMap<T>& m, int64_t image, int64_t h, int64_t w) {
    Vec<T> row, column, weight[4];
    gpu::source_of(m.transform + image * m.step, h, Vec<T>{(T)w}, row, column);
    gpu::taps_of(m.bilinear, row, column, weight);
    Taps<T> taps = {};
#pragma unroll
    for (int tap = 0; tap < 4; ++tap) {
        if (tap > 0 && !m.bilinear) break;
        taps.row[tap] = (int32_t)gpu::inside(m.fill, (int32_t)row.r + (tap >> 1), m.H);
        taps.column[tap] = (int32_t)gpu::inside(m.fill, (int32_t)column.r + (tap & 1), m.W);
        if (taps.row[tap] < 0) taps.column[tap] = -1;
        taps.weight[tap] = m.bilinear ? weight[tap].r : T(1);
    }
    return taps;
}

constexpr int affine_channels = 4;  // of a thread

template <class T>
__device__ void affine_fwd(AffineArgs<T> a, Divisor chunks, Divisor columns, Divisor rows, bool small, int64_t units) {
    const AffineMap<T>& m = a.map;
    for (int64_t unit = first_index(); unit < units; unit += all_threads()) {
        const int64_t pixel = divide(unit, chunks, small), line = divide(pixel, columns, small);
        const int64_t image = divide(line, rows, small);
        const Taps<T> taps = taps_at(m, image, line - image * m.H, pixel - line * m.W);
        const int64_t first = (unit - pixel * chunks.by) * affine_channels;
        const int count = m.C - first < affine_channels ? (int)(m.C - first) : affine_channels;
        const T* x = a.x + image * m.H * m.W * m.C + first;
        T sum[affine_channels] = {};
#pragma unroll
        for (int tap = 0; tap < 4; ++tap) {
            if (tap > 0 && !m.bilinear) break;
            const bool fill = taps.column[tap] < 0;
            const T* from = x + ((int64_t)taps.row[tap] * m.W + taps.column[tap]) * m.C;
#pragma unroll
            for (int c = 0; c < affine_channels; ++c) {
                if (c >= count) break;
                const T value = fill ? m.fill_value : from[c];
                const T part = m.bilinear ? gpu::multiplied(taps.weight[tap], value) : value;
                sum[c] = tap ? sum[c] + part : part;
            }
        }
        T* y = a.y + pixel * m.C + first;
#pragma unroll
        for (int c = 0; c < affine_channels; ++c)
            if (c < count) y[c] = sum[c];
    }
}

constexpr int affine_tile = 16, affine_threads = affine_tile * affine_tile, affine_warps = affine_threads / warp;

// What a pixel of dy adds to the tile: its place in dy, and for each tap a pixel of the tile (-1: none) and a weight.
template <class T>
struct alignas(16) Hit {
    T weight[4];
    int32_t to[4];
    int64_t from;
    int64_t unused;
};
template <class T>
constexpr int affine_bytes = affine_threads * (int)sizeof(Hit<T>) + affine_warps * (int)sizeof(int32_t);

template <class T>
__device__ void affine_bwd(AffineBwdArgs<T> a, int tiles_w, int tiles_h) {
    const AffineMap<T>& m = a.map;
    const auto hits = shared_array<Hit<T>>(0, affine_threads);
    const auto counts = shared_array<int32_t>(affine_threads * (int)sizeof(Hit<T>), affine_warps);
    const int t = (int)threadIdx.x, lane = t % warp;
    const int tile = (int)blockIdx.x % (tiles_w * tiles_h);
    const int64_t image = (int)blockIdx.x / (tiles_w * tiles_h), pixels = m.H * m.W;
    const int32_t row0 = tile / tiles_w * affine_tile, column0 = tile % tiles_w * affine_tile;
    const int32_t row = row0 + t / affine_tile, column = column0 + t % affine_tile;
    const bool mine = row < m.H && column < m.W;
    const T* dy = a.dy + image * pixels * m.C;
    T* dx = a.dx + (image * pixels + (int64_t)row * m.W + column) * m.C;
    if (mine && !a.accumulate)
        for (int64_t c = 0; c < m.C; ++c) dx[c] = 0;

    for (int64_t first = 0; first < pixels; first += affine_threads) {
        const int64_t pixel = first + t;
        Hit<T> hit{};
        bool hits_tile = false;
        if (pixel < pixels) {
            const int64_t h = pixel / m.W;
            const Taps<T> taps = taps_at(m, image, h, pixel - h * m.W);
            hit.from = pixel * m.C;
#pragma unroll
            for (int tap = 0; tap < 4; ++tap) {
                const bool used = tap == 0 || m.bilinear;
                const uint32_t i = used ? (uint32_t)(taps.row[tap] - row0) : affine_tile;
                const uint32_t j = used ? (uint32_t)(taps.column[tap] - column0) : affine_tile;
                const bool inside = i < affine_tile && j < affine_tile && taps.column[tap] >= 0;
                hit.to[tap] = inside ? (int32_t)(i * affine_tile + j) : -1;
                hit.weight[tap] = used ? taps.weight[tap] : T(0);
                hits_tile |= inside;
            }
        }
        // The list of those that hit, in order of the pixels of dy.
        const unsigned ballot = __ballot_sync(all_lanes, hits_tile);
        if (lane == 0) counts[t / warp] = __popc(ballot);
        __syncthreads();
        int at = __popc(ballot & ((1u << lane) - 1)), total = 0;
        for (int w = 0; w < affine_warps; ++w) {
            if (w == t / warp) at += total;
            total += (int32_t)counts[w];
        }
        if (hits_tile) hits[at] = hit;
        __syncthreads();
        for (int i = 0; i < total; ++i) {
            const Hit<T> one = hits[i];
#pragma unroll
            for (int tap = 0; tap < 4; ++tap)
                if (one.to[tap] == t)
                    for (int64_t c = 0; c < m.C; ++c) dx[c] += gpu::multiplied(one.weight[tap], dy[one.from + c]);
        }
        __syncthreads();
    }
}

template <class T>
void launch_fwd(const Stream& s, const AffineArgs<T>& a, int64_t rows) {
    const int64_t chunks = (a.map.C + affine_channels - 1) / affine_channels, units = rows * a.map.W * chunks;
    launch<affine_fwd<T>>(s, blocks_for(s, units), 0, a, divisor(chunks), divisor(a.map.W), divisor(a.map.H),
                          units < (int64_t)1 << 31, units);
}

template <class T>
void launch_bwd(const Stream& s, const AffineBwdArgs<T>& a, int64_t images) {
    const int64_t w = (a.map.W + affine_tile - 1) / affine_tile, h = (a.map.H + affine_tile - 1) / affine_tile;
    if (w * h * a.map.C == 0) return;
    launch<affine_bwd<T>, affine_threads>(s, dim3((unsigned)(images * w * h)), affine_bytes<T>, a, (int)w, (int)h);
}

}  // namespace

NETLET_CUDA_KERNEL(affine_fwd_f32, AffineArgs<float>) { launch_fwd(s, a, units); }
NETLET_CUDA_KERNEL(affine_fwd_f64, AffineArgs<double>) { launch_fwd(s, a, units); }
NETLET_CUDA_KERNEL(affine_bwd_f32, AffineBwdArgs<float>) { launch_bwd(s, a, units); }
NETLET_CUDA_KERNEL(affine_bwd_f64, AffineBwdArgs<double>) { launch_bwd(s, a, units); }

}  // namespace netlet::cuda
