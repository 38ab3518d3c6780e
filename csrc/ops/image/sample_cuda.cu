// Sampling on a GPU (sample_args.h), with the taps of sample_taps.h.
//
// Forward, a thread computes up to four channels of a place of y; for the gradient of coordinates, one place.
//
// Backward, as in affine_cuda.cu: any place may reach any element of dx, and sums must not depend on the order of
// threads. A block owns 256 elements of dx[b], one for each thread, and runs over all places of the array: each thread
// finds the taps of one place, places that reach these elements are listed in order, and each thread adds what is
// listed for its element. This is the CPU's order.
#include "cuda/nest.h"
#include "cuda/shared.h"
#include "cuda/vec.h"
#include "ops/image/sample_taps.h"

namespace netlet::cuda {

namespace {

template <class T>
struct Place {
    gpu::AxisTaps<T> axes[sample_max_rank];
};
template <class T>
__device__ inline Place<T> place_at(const SampleMap<T>& m, int64_t b, int64_t place) {
    Place<T> found = {};
    for (int axis = 0; axis < m.rank; ++axis) {
        Vec<T> index, upper;
        gpu::index_and_weight(m.linear, Vec<T>{m.coordinates[(b * m.rank + axis) * m.M + place]}, index, upper);
        found.axes[axis] = gpu::axis_taps(m, axis, (int32_t)index.r, upper.r);
    }
    return found;
}

constexpr int sample_channels = 4;  // of a thread

template <class T>
__device__ void sample_fwd(SampleArgs<T> a, Divisor chunks, Divisor places, bool small, int64_t units) {
    const SampleMap<T>& m = a.map;
    const int taps = gpu::sample_taps(m.linear, m.rank);
    for (int64_t unit = first_index(); unit < units; unit += all_threads()) {
        const int64_t row = divide(unit, chunks, small), b = divide(row, places, small);
        const Place<T> place = place_at(m, b, row - b * m.M);
        const int64_t first = (unit - row * chunks.by) * sample_channels;
        const int count = m.C - first < sample_channels ? (int)(m.C - first) : sample_channels;
        T sum[sample_channels] = {};
        for (int tap = 0; tap < taps; ++tap) {
            const gpu::SampleTap<T> found = gpu::sample_tap(m, place.axes, tap);
            const T* from = a.x + (b * m.elements + found.position) * m.C + first;
#pragma unroll
            for (int c = 0; c < sample_channels; ++c) {
                if (c >= count) break;
                const T value = found.position < 0 ? m.fill_value : from[c];
                const T part = m.linear ? gpu::multiplied(found.weight, value) : value;
                sum[c] = tap ? sum[c] + part : part;
            }
        }
        T* y = a.y + row * m.C + first;
#pragma unroll
        for (int c = 0; c < sample_channels; ++c)
            if (c < count) y[c] = sum[c];
    }
}

template <class T>
__device__ void sample_coordinates_bwd(SampleCoordinatesBwdArgs<T> a, Divisor places, bool small, int64_t units) {
    const SampleMap<T>& m = a.map;
    const int taps = gpu::sample_taps(m.linear, m.rank);
    for (int64_t row = first_index(); row < units; row += all_threads()) {
        const int64_t b = divide(row, places, small), at = row - b * m.M;
        const Place<T> place = place_at(m, b, at);
        T sum[sample_max_rank] = {};
        for (int tap = 0; tap < taps; ++tap) {
            const int64_t position = gpu::sample_tap(m, place.axes, tap).position;
            const T *x = a.x + (b * m.elements + position) * m.C, *dy = a.dy + row * m.C;
            T product = 0;
            for (int64_t c = 0; c < m.C; ++c) product += gpu::multiplied(dy[c], position < 0 ? m.fill_value : x[c]);
            for (int axis = 0; axis < m.rank; ++axis)
                sum[axis] += gpu::multiplied(gpu::weight_slope(m, place.axes, tap, axis), product);
        }
        for (int axis = 0; axis < m.rank; ++axis) {
            T* to = a.dcoordinates + (b * m.rank + axis) * m.M + at;
            *to = a.accumulate ? *to + sum[axis] : sum[axis];
        }
    }
}

constexpr int sample_threads = 256, sample_warps = sample_threads / warp;

// A place that adds to the block's elements: its taps along each axis and its number.
template <class T>
struct alignas(16) Listed {
    T upper[sample_max_rank];
    int32_t low[sample_max_rank], high[sample_max_rank];
    int64_t from, unused;
};
template <class T>
constexpr int sample_bytes = sample_threads * (int)sizeof(Listed<T>) + sample_warps * (int)sizeof(int32_t);

template <class T>
__device__ void sample_bwd(SampleBwdArgs<T> a, int tiles) {
    const SampleMap<T>& m = a.map;
    const auto list = shared_array<Listed<T>>(0, sample_threads);
    const auto counts = shared_array<int32_t>(sample_threads * (int)sizeof(Listed<T>), sample_warps);
    const int t = (int)threadIdx.x, lane = t % warp, taps = gpu::sample_taps(m.linear, m.rank);
    const int64_t b = (int)blockIdx.x / tiles, first = (int64_t)((int)blockIdx.x % tiles) * sample_threads;
    const int64_t mine = first + t;
    T* dx = a.dx + (b * m.elements + mine) * m.C;
    if (mine < m.elements && !a.accumulate)
        for (int64_t c = 0; c < m.C; ++c) dx[c] = 0;

    for (int64_t start = 0; start < m.M; start += sample_threads) {
        Listed<T> own{};
        bool hits = false;
        if (start + t < m.M) {
            const Place<T> place = place_at(m, b, start + t);
            own.from = b * m.M + start + t;
            for (int axis = 0; axis < m.rank; ++axis) {
                own.upper[axis] = place.axes[axis].upper;
                own.low[axis] = (int32_t)place.axes[axis].low;
                own.high[axis] = (int32_t)place.axes[axis].high;
            }
            for (int tap = 0; tap < taps; ++tap) {
                const int64_t position = gpu::sample_tap(m, place.axes, tap).position;
                hits |= position >= first && position < first + sample_threads;
            }
        }
        // The list of those that hit, in order of the places.
        const unsigned ballot = __ballot_sync(all_lanes, hits);
        if (lane == 0) counts[t / warp] = __popc(ballot);
        __syncthreads();
        int at = __popc(ballot & ((1u << lane) - 1)), total = 0;
        for (int w = 0; w < sample_warps; ++w) {
            if (w == t / warp) at += total;
            total += (int32_t)counts[w];
        }
        if (hits) list[at] = own;
        __syncthreads();
        for (int i = 0; i < total; ++i) {
            const Listed<T> one = list[i];
            gpu::AxisTaps<T> axes[sample_max_rank];
            for (int axis = 0; axis < m.rank; ++axis) axes[axis] = {one.low[axis], one.high[axis], one.upper[axis]};
            for (int tap = 0; tap < taps; ++tap) {
                const gpu::SampleTap<T> found = gpu::sample_tap(m, axes, tap);
                if (found.position == mine)
                    for (int64_t c = 0; c < m.C; ++c) dx[c] += gpu::multiplied(found.weight, a.dy[one.from * m.C + c]);
            }
        }
        __syncthreads();
    }
}

template <class T>
void launch_fwd(const Stream& s, const SampleArgs<T>& a, int64_t places) {
    const int64_t chunks = (a.map.C + sample_channels - 1) / sample_channels, units = places * chunks;
    launch<sample_fwd<T>>(s, blocks_for(s, units), 0, a, divisor(chunks), divisor(a.map.M), units < (int64_t)1 << 31,
                          units);
}

template <class T>
void launch_bwd(const Stream& s, const SampleBwdArgs<T>& a, int64_t arrays) {
    const int64_t tiles = (a.map.elements + sample_threads - 1) / sample_threads;
    if (tiles * a.map.C == 0) return;
    launch<sample_bwd<T>, sample_threads>(s, dim3((unsigned)(arrays * tiles)), sample_bytes<T>, a, (int)tiles);
}

template <class T>
void launch_coordinates_bwd(const Stream& s, const SampleCoordinatesBwdArgs<T>& a, int64_t places) {
    launch<sample_coordinates_bwd<T>>(s, blocks_for(s, places), 0, a, divisor(a.map.M), places < (int64_t)1 << 31,
                                      places);
}

}  // namespace

NETLET_CUDA_KERNEL(sample_fwd_f32, SampleArgs<float>) { launch_fwd(s, a, units); }
NETLET_CUDA_KERNEL(sample_fwd_f64, SampleArgs<double>) { launch_fwd(s, a, units); }
NETLET_CUDA_KERNEL(sample_bwd_f32, SampleBwdArgs<float>) { launch_bwd(s, a, units); }
NETLET_CUDA_KERNEL(sample_bwd_f64, SampleBwdArgs<double>) { launch_bwd(s, a, units); }
NETLET_CUDA_KERNEL(sample_coordinates_bwd_f32, SampleCoordinatesBwdArgs<float>) { launch_coordinates_bwd(s, a, units); }
NETLET_CUDA_KERNEL(sample_coordinates_bwd_f64, SampleCoordinatesBwdArgs<double>) {
    launch_coordinates_bwd(s, a, units);
}

}  // namespace netlet::cuda
