#include "dispatch/kernel.h"
#include "ops/image/affine_pixels.h"
#include "ops/image/sample_taps.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

namespace {

// Indices and weights of a block of places, for each axis.
template <class T>
struct SampleBlock {
    int32_t index[sample_max_rank][affine_block];
    T upper[sample_max_rank][affine_block];
};

// Calls f(b, first place of x[b], number of places) for blocks of places of one array each.
template <class T, class F>
NETLET_INLINE void each_block(const SampleMap<T>& m, Range r, const F& f) {
    for (int64_t unit = r.begin; unit < r.end;) {
        const int64_t b = unit / m.M, first = unit % m.M;
        int64_t n = m.M - first < r.end - unit ? m.M - first : r.end - unit;
        if (n > affine_block) n = affine_block;
        f(b, first, n);
        unit += n;
    }
}

// Two axes are an image whose taps come from coordinates: the pixels of affine_transform.
template <class T>
NETLET_INLINE void fill_pixels(const SampleMap<T>& m, const T* at, int64_t n, AffineBlock<T>& block) {
    using V = Vec<T>;
    for (int64_t i = 0; i < n; i += V::width) {
        const int64_t lanes = n - i < V::width ? n - i : V::width;
        V row = coordinate(V::load_n(at + i, lanes)), column = coordinate(V::load_n(at + m.M + i, lanes)), weight[4];
        taps_of(m.linear, row, column, weight);
        store_index(row, block.row + i);
        store_index(column, block.column + i);
        if (m.linear)
            for (int tap = 0; tap < 4; ++tap) weight[tap].store(block.weight[tap] + i);
    }
}

template <class T, int fixed>
NETLET_INLINE void sample_pixels(const SampleArgs<T>& a, Range r) {
    const SampleMap<T>& m = a.map;
    const AffineMap<T> image{nullptr, 0, m.n[0], m.n[1], m.C, m.linear, m.fill, m.fill_value};
    AffineBlock<T> block;
    each_block(m, r, [&](int64_t b, int64_t first, int64_t n) NETLET_INLINE_LAMBDA {
        fill_pixels(m, m.coordinates + b * 2 * m.M + first, n, block);
        blend_block<T, fixed>(image, a.x + b * m.elements * m.C, block, n, a.y + (b * m.M + first) * m.C);
    });
}

template <class T>
NETLET_INLINE void fill_axes(const SampleMap<T>& m, const T* at, int64_t n, SampleBlock<T>& block) {
    using V = Vec<T>;
    for (int axis = 0; axis < m.rank; ++axis)
        for (int64_t i = 0; i < n; i += V::width) {
            V index, upper;
            index_and_weight(m.linear, V::load_n(at + axis * m.M + i, n - i < V::width ? n - i : V::width), index,
                             upper);
            store_index(index, block.index[axis] + i);
            upper.store(block.upper[axis] + i);
        }
}

// Calls f(place in y, taps along each axis) for the places of a range.
template <class T, class F>
NETLET_INLINE void each_place(const SampleMap<T>& m, Range r, const F& f) {
    SampleBlock<T> block;
    AxisTaps<T> axes[sample_max_rank];
    each_block(m, r, [&](int64_t b, int64_t first, int64_t n) NETLET_INLINE_LAMBDA {
        fill_axes(m, m.coordinates + b * m.rank * m.M + first, n, block);
        for (int64_t i = 0; i < n; ++i) {
            for (int axis = 0; axis < m.rank; ++axis)
                axes[axis] = axis_taps(m, axis, block.index[axis][i], block.upper[axis][i]);
            f(b, first + i, (const AxisTaps<T>*)axes);
        }
    });
}

template <class T>
NETLET_INLINE void sample_fwd(const SampleArgs<T>& a, Range r) {
    const SampleMap<T>& m = a.map;
    if (m.rank == 2) {
        switch (m.C) {
            case 1: return sample_pixels<T, 1>(a, r);
            case 3: return sample_pixels<T, 3>(a, r);
            default: return sample_pixels<T, 0>(a, r);
        }
    }
    const int taps = sample_taps(m.linear, m.rank);
    each_place(m, r, [&](int64_t b, int64_t place, const AxisTaps<T>* axes) NETLET_INLINE_LAMBDA {
        const T* x = a.x + b * m.elements * m.C;
        T* y = a.y + (b * m.M + place) * m.C;
        for (int tap = 0; tap < taps; ++tap) {
            const SampleTap<T> found = sample_tap(m, axes, tap);
            const T* from = x + found.position * m.C;
            for (int64_t c = 0; c < m.C; ++c) {
                const T value = found.position < 0 ? m.fill_value : from[c];
                const T part = m.linear ? found.weight * value : value;
                y[c] = tap ? y[c] + part : part;
            }
        }
    });
}

template <class T>
NETLET_INLINE void sample_bwd(const SampleBwdArgs<T>& a, Range r) {
    const SampleMap<T>& m = a.map;
    const int64_t size = m.elements * m.C;
    const int taps = sample_taps(m.linear, m.rank);
    if (!a.accumulate)
        for (int64_t i = r.begin * size; i < r.end * size; ++i) a.dx[i] = 0;
    each_place(m, {r.begin * m.M, r.end * m.M},
               [&](int64_t b, int64_t place, const AxisTaps<T>* axes) NETLET_INLINE_LAMBDA {
                   const T* dy = a.dy + (b * m.M + place) * m.C;
                   for (int tap = 0; tap < taps; ++tap) {
                       const SampleTap<T> found = sample_tap(m, axes, tap);
                       if (found.position < 0) continue;
                       T* dx = a.dx + b * size + found.position * m.C;
                       for (int64_t c = 0; c < m.C; ++c) dx[c] += found.weight * dy[c];
                   }
               });
}

template <class T>
NETLET_INLINE void sample_coordinates_bwd(const SampleCoordinatesBwdArgs<T>& a, Range r) {
    const SampleMap<T>& m = a.map;
    const int taps = sample_taps(m.linear, m.rank);
    each_place(m, r, [&](int64_t b, int64_t place, const AxisTaps<T>* axes) NETLET_INLINE_LAMBDA {
        const T* dy = a.dy + (b * m.M + place) * m.C;
        T sum[sample_max_rank] = {};
        for (int tap = 0; tap < taps; ++tap) {
            const SampleTap<T> found = sample_tap(m, axes, tap);
            const T* x = a.x + (b * m.elements + found.position) * m.C;
            T product = 0;
            for (int64_t c = 0; c < m.C; ++c) product += dy[c] * (found.position < 0 ? m.fill_value : x[c]);
            for (int axis = 0; axis < m.rank; ++axis) sum[axis] += weight_slope(m, axes, tap, axis) * product;
        }
        for (int axis = 0; axis < m.rank; ++axis) {
            T* to = a.dcoordinates + (b * m.rank + axis) * m.M + place;
            *to = a.accumulate ? *to + sum[axis] : sum[axis];
        }
    });
}

}  // namespace

NETLET_DEFINE_KERNEL(sample_fwd_f32, SampleArgs<float>) { sample_fwd(a, r); }
NETLET_DEFINE_KERNEL(sample_fwd_f64, SampleArgs<double>) { sample_fwd(a, r); }
NETLET_DEFINE_KERNEL(sample_bwd_f32, SampleBwdArgs<float>) { sample_bwd(a, r); }
NETLET_DEFINE_KERNEL(sample_bwd_f64, SampleBwdArgs<double>) { sample_bwd(a, r); }
NETLET_DEFINE_KERNEL(sample_coordinates_bwd_f32, SampleCoordinatesBwdArgs<float>) { sample_coordinates_bwd(a, r); }
NETLET_DEFINE_KERNEL(sample_coordinates_bwd_f64, SampleCoordinatesBwdArgs<double>) { sample_coordinates_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
