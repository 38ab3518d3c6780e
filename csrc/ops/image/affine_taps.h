// The pixels of x from which a pixel of y is computed.
#pragma once
#include "ops/image/affine_args.h"
#include "simd/vmath_common.h"

namespace netlet::NETLET_ISA {

constexpr int64_t affine_block = 64;

// A block of pixels of a row: row and column of each pixel's first tap, and the weights of the taps at (0, 0), (0, 1),
// (1, 0) and (1, 1) from there. With the nearest pixel only the first tap is used, and the weights are not set.
template <class T>
struct AffineBlock {
    int32_t row[affine_block], column[affine_block];
    T weight[4][affine_block];
};

// Clamps to the range of integers; NaN becomes the upper end. No image has pixels beyond it.
template <class V>
NETLET_INLINE V coordinate(V c) {
    const V limit = constant<V>(0x1p28f, 0x1p28);
    c = select(le(c, limit), c, limit);
    return select(ge(c, -limit), c, -limit);
}

// To the nearest integer, halves away from 0.
template <class V>
NETLET_INLINE V nearest_index(V c) {
    const V half = constant<V>(0.5f, 0.5), zero = V::zero(), one = V::set1(1);
    const V low = floor(c), above = c - low;
    const V from_below = select(gt(above, half), one, zero), from_above = select(ge(above, half), one, zero);
    return low + select(lt(c, zero), from_below, from_above);
}

NETLET_INLINE void store_index(Vec<float> v, int32_t* p) { to_int_trunc(v).store(p); }
NETLET_INLINE void store_index(Vec<double> v, int32_t* p) {
    double lanes[Vec<double>::width];
    v.store(lanes);
    for (int i = 0; i < Vec<double>::width; ++i) p[i] = (int32_t)lanes[i];
}

// The place in x, its row and its column, of pixels of row h of y, where x are their columns.
template <class V, class T>
NETLET_INLINE void source_of(const T* t, int64_t h, V x, V& row, V& column) {
    column = (V::set1((T)h) * V::set1(t[1]) + x * V::set1(t[0])) + V::set1(t[2]);
    row = (V::set1((T)h) * V::set1(t[4]) + x * V::set1(t[3])) + V::set1(t[5]);
    if (t[6] != 0 || t[7] != 0) {  // projective
        const V k = (V::set1((T)h) * V::set1(t[7]) + x * V::set1(t[6])) + V::set1(1);
        column = column / k;
        row = row / k;
    }
    column = coordinate(column);
    row = coordinate(row);
}

// From the nearest pixel, or the first of the four around a place with the weights of all.
template <class V>
NETLET_INLINE void taps_of(bool bilinear, V& row, V& column, V (&weight)[4]) {
    if (!bilinear) {
        row = nearest_index(row);
        column = nearest_index(column);
        return;
    }
    const V one = V::set1(1), left = floor(column), top = floor(row), right = column - left, bottom = row - top;
    row = top;
    column = left;
    weight[0] = (one - bottom) * (one - right);
    weight[1] = (one - bottom) * right;
    weight[2] = bottom * (one - right);
    weight[3] = bottom * right;
}

// Computes the taps of the pixels of row h from w on, and returns the number of pixels. Lanes past the end of the row
// hold garbage.
template <class T>
NETLET_INLINE int64_t fill_block(const AffineMap<T>& m, const T* t, int64_t h, int64_t w, AffineBlock<T>& block) {
    using V = Vec<T>;
    const int64_t n = m.W - w < affine_block ? m.W - w : affine_block;
    for (int64_t i = 0; i < n; i += V::width) {
        V row, column, weight[4];
        source_of(t, h, V::set1((T)(w + i)) + V::iota(), row, column);
        taps_of(m.bilinear, row, column, weight);
        store_index(column, block.column + i);
        store_index(row, block.row + i);
        if (m.bilinear)
            for (int tap = 0; tap < 4; ++tap) weight[tap].store(block.weight[tap] + i);
    }
    return n;
}

NETLET_INLINE int64_t modulo(int64_t i, int64_t n) {
    const int64_t r = i % n;
    return r < 0 ? r + n : r;
}

// The position inside an axis of size n to which index i maps; -1: the fill value.
NETLET_INLINE int64_t inside(FillMode fill, int64_t i, int64_t n) {
    if (i >= 0 && i < n) return i;
    switch (fill) {
        case FillMode::constant: return -1;
        case FillMode::nearest: return i < 0 ? 0 : n - 1;
        case FillMode::wrap: return modulo(i, n);
        // A remainder takes as long as the rest of a pixel, so places that one reflection reaches do without.
        case FillMode::mirror: {
            if (n == 1) return 0;
            if (i > -n && i < 0) return -i;
            if (i >= n && i < 2 * n - 1) return 2 * (n - 1) - i;
            const int64_t j = modulo(i, 2 * (n - 1));
            return j < n ? j : 2 * (n - 1) - j;
        }
        default: {
            if (i >= -n && i < 0) return -1 - i;
            if (i >= n && i < 2 * n) return 2 * n - 1 - i;
            const int64_t j = modulo(i, 2 * n);
            return j < n ? j : 2 * n - 1 - j;
        }
    }
}

// The offsets from the image's first element to the taps of pixel i of a block; -1: the fill value.
template <class T>
struct AffineTaps {
    int64_t count, offset[4];
    NETLET_MEMBER_INLINE AffineTaps(const AffineMap<T>& m, const AffineBlock<T>& block, int64_t pixel) {
        count = m.bilinear ? 4 : 1;
        const int64_t row = block.row[pixel], column = block.column[pixel];
        int64_t r[2], c[2];
        for (int64_t k = 0; k < 1 + m.bilinear; ++k) {
            r[k] = inside(m.fill, row + k, m.H);
            c[k] = inside(m.fill, column + k, m.W);
        }
        for (int64_t tap = 0; tap < count; ++tap) {
            const int64_t i = r[tap >> 1], j = c[tap & 1];
            offset[tap] = i < 0 || j < 0 ? -1 : (i * m.W + j) * m.C;
        }
    }
};

}  // namespace netlet::NETLET_ISA
