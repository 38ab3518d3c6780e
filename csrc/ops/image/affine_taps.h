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

// Computes the taps of the pixels of row h from w on, and returns the number of pixels. Lanes past the end of the row
// hold garbage.
template <class T>
NETLET_INLINE int64_t fill_block(const AffineMap<T>& m, const T* t, int64_t h, int64_t w, AffineBlock<T>& block) {
    using V = Vec<T>;
    const int64_t n = m.W - w < affine_block ? m.W - w : affine_block;
    const bool projective = t[6] != 0 || t[7] != 0;
    const V one = V::set1(1);
    const V column_of_h = V::set1((T)h * t[1]), row_of_h = V::set1((T)h * t[4]), k_of_h = V::set1((T)h * t[7]);
    for (int64_t i = 0; i < n; i += V::width) {
        const V x = V::set1((T)(w + i)) + V::iota();
        V column = (column_of_h + x * V::set1(t[0])) + V::set1(t[2]);
        V row = (row_of_h + x * V::set1(t[3])) + V::set1(t[5]);
        if (projective) {
            const V k = (k_of_h + x * V::set1(t[6])) + one;
            column = column / k;
            row = row / k;
        }
        column = coordinate(column);
        row = coordinate(row);
        if (!m.bilinear) {
            store_index(nearest_index(column), block.column + i);
            store_index(nearest_index(row), block.row + i);
            continue;
        }
        const V left = floor(column), top = floor(row), right = column - left, bottom = row - top;
        store_index(left, block.column + i);
        store_index(top, block.row + i);
        ((one - bottom) * (one - right)).store(block.weight[0] + i);
        ((one - bottom) * right).store(block.weight[1] + i);
        (bottom * (one - right)).store(block.weight[2] + i);
        (bottom * right).store(block.weight[3] + i);
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
        case FillMode::mirror: {
            if (n == 1) return 0;
            const int64_t j = modulo(i, 2 * (n - 1));
            return j < n ? j : 2 * (n - 1) - j;
        }
        default: {
            const int64_t j = modulo(i, 2 * n);
            return j < n ? j : 2 * n - 1 - j;
        }
    }
}

// The offsets from the image's first element to the taps of pixel i of a block; -1: the fill value.
template <class T>
struct AffineTaps {
    int64_t count, offset[4];
    NETLET_MEMBER_INLINE AffineTaps(const AffineMap<T>& m, const AffineBlock<T>& block, int64_t i) {
        count = m.bilinear ? 4 : 1;
        const int64_t row = block.row[i], column = block.column[i];
        for (int64_t tap = 0; tap < count; ++tap) {
            const int64_t r = inside(m.fill, row + (tap >> 1), m.H), c = inside(m.fill, column + (tap & 1), m.W);
            offset[tap] = r < 0 || c < 0 ? -1 : (r * m.W + c) * m.C;
        }
    }
};

}  // namespace netlet::NETLET_ISA
