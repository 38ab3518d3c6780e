// What the CPU's and the GPU's kernels of equalization share (equalize_args.h).
#pragma once
#include "ops/image/equalize_args.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

template <class T>
NETLET_INLINE int64_t bin_of(const BinOf<T>& bin, T v) {
    const T place = v * bin.multiply / bin.divide * bin.scale, top = (T)(bin.bins - 1);
    return place > 0 ? (int64_t)(place < top ? place : top) : 0;
}

// The bins of n values, in vectors.
template <class T>
NETLET_INLINE void bins_of(const BinOf<T>& bin, const T* x, int32_t* bins, int64_t n) {
    const T multiply = bin.multiply, divide = bin.divide, scale = bin.scale, top = (T)(bin.bins - 1);
    for (int64_t i = 0; i < n; ++i) {
        T place = x[i] * multiply / divide * scale;
        place = place > 0 ? place : T(0);
        bins[i] = (int32_t)(place < top ? place : top);
    }
}

// The position in a table of CLAHE of the bin of v.
constexpr int limited_bins = 256, sums_beside = 16;
template <class T>
NETLET_INLINE int64_t limited_place(T v) {
    v = v > 0 ? v : T(0);
    const uint32_t b = (uint32_t)(int32_t)(v < T(255) ? v : T(255));
    return b % sums_beside * sums_beside + b / sums_beside;
}

// The row of x from which padded row h is mirrored. Tiles are smaller than the image or the image is one pixel wide, so
// one reflection is enough except for tiny images, which repeat.
NETLET_INLINE int64_t mirrored(int64_t h, int64_t H) {
    const int64_t period = 2 * H, at = h % period;
    return at < H ? at : period - 1 - at;
}

template <class T>
NETLET_INLINE T round_half_even(T v) {  // v >= 0
    const int64_t below = (int64_t)v;
    const T rest = v - (T)below;
    return (T)(below + (rest > T(0.5) || (rest == T(0.5) && below % 2 == 1)));
}

// Turns the counts of a tile of `pixels` pixels into the table of Equalization.
template <class T>
NETLET_INLINE void equalized_table(T* table, int64_t bins, int64_t pixels) {
    T sum = 0, first = 0;
    int64_t used = 0;
    for (int64_t b = 0; b < bins; ++b) {
        const T count = table[b];
        used += count > 0;
        sum += count;
        if (used == 1 && count > 0) first = sum;
        table[b] = sum;
    }
    const T rest = (T)pixels - first > 0 ? (T)pixels - first : T(1);
    for (int64_t b = 0; b < bins; ++b) {
        const T v = table[b] > first ? round_half_even((table[b] - first) * T(255) / rest) : T(0);
        table[b] = v < T(255) ? v : T(255);
    }
    if (used <= 1) table[0] = T(0) / T(0);
}

// Turns the counts of a tile into the table of CLAHE.
template <class T>
NETLET_INLINE void limited_table(T* table, int64_t pixels, T clip_limit) {
    using V = Vec<T>;
    constexpr int vectors = sums_beside / V::width;
    V share = V::zero();
    T lanes[sums_beside];
    if (clip_limit > 0) {
        const V limit = V::set1(clip_limit * (T)pixels / (T)limited_bins);
        V excess[vectors];
        for (int k = 0; k < vectors; ++k) excess[k] = V::zero();
        for (int64_t j = 0; j < limited_bins; j += sums_beside)
            for (int k = 0; k < vectors; ++k) {
                T* row = table + j + k * V::width;
                const V count = V::load(row), kept = min(count, limit);
                excess[k] = excess[k] + (count - kept);
                kept.store(row);
            }
        for (int k = 0; k < vectors; ++k) excess[k].store(lanes + k * V::width);
        for (int64_t width = sums_beside / 2; width > 0; width /= 2)
            for (int64_t k = 0; k < width; ++k) lanes[k] += lanes[k + width];
        share = V::set1(lanes[0] / (T)limited_bins);
    }
    V sums[vectors];
    for (int k = 0; k < vectors; ++k) sums[k] = V::zero();
    for (int64_t j = 0; j < limited_bins; j += sums_beside)
        for (int k = 0; k < vectors; ++k) {
            T* row = table + j + k * V::width;
            sums[k] = sums[k] + (V::load(row) + share);
            sums[k].store(row);
        }
    const T low = table[0], range = (T)pixels - low;
    for (int k = 0; k < vectors; ++k) sums[k].store(lanes + k * V::width);
    T before = -low;
    for (int64_t k = 0; k < sums_beside; ++k) {
        const T sum = lanes[k];
        lanes[k] = before;
        before += sum;
    }
    const V scale = V::set1(T(255) / (range == 0 ? T(1) : range)), top = V::set1(255);
    for (int64_t j = 0; j < limited_bins; j += sums_beside)
        for (int k = 0; k < vectors; ++k) {
            T* row = table + j + k * V::width;
            const V v = (V::load(row) + V::load(lanes + k * V::width)) * scale;
            min(max(v, V::zero()), top).store(row);
        }
}

// The two tiles along an axis between whose centres pixel p lies: the first one, and the second one's distance from it
// (0 or 1) and weight.
template <class T>
struct Between {
    int64_t first, second, step;
    T weight;
};
template <class T>
NETLET_INLINE Between<T> tiles_between(int64_t p, int64_t size, int64_t count) {
    const T place = ((T)p - (T)size / T(2)) * (T(1) / (T)size) + T(1);  // 1 at the first tile's centre
    const int64_t below = (int64_t)place;
    const int64_t a = below > 1 ? (below <= count ? below - 1 : count - 1) : 0, b = below < count ? below : count - 1;
    return {a, b, b - a, place - (T)below};
}

// The new value of a pixel by CLAHE, whose bin is at b. The tables of the four tiles around it begin at corner[0..3]:
// top left, top right, bottom left, bottom right.
template <class T>
NETLET_INLINE T looked_up(int64_t b, const T* const corner[4], T across, T down) {
    const T top = corner[0][b] * (T(1) - across) + corner[1][b] * across;
    const T bottom = corner[2][b] * (T(1) - across) + corner[3][b] * across;
    return top * (T(1) - down) + bottom * down;
}

}  // namespace netlet::NETLET_ISA
