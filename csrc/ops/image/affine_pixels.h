// Pixels of y from a block of taps: what affine_transform and two-dimensional sampling share.
#pragma once
#include "ops/image/affine_taps.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// A pixel of few channels is one partial vector; a pixel of one channel is computed as a scalar.
template <class T, int fixed>
NETLET_INLINE void blend(const T* p, int64_t right, int64_t down, const T* const weight[4], int64_t i, T* y,
                         int64_t C) {
    if (fixed == 1) {
        *y =
            ((weight[0][i] * p[0] + weight[1][i] * p[right]) + weight[2][i] * p[down]) + weight[3][i] * p[down + right];
        return;
    }
    using V = Vec<T>;
    const V w0 = V::set1(weight[0][i]), w1 = V::set1(weight[1][i]);
    const V w2 = V::set1(weight[2][i]), w3 = V::set1(weight[3][i]);
    for (int64_t c = 0; c < C; c += V::width) {
        const int64_t n = C - c < V::width ? C - c : V::width;
        V sum = w0 * V::load_n(p + c, n) + w1 * V::load_n(p + c + right, n);
        sum += w2 * V::load_n(p + c + down, n);
        (sum + w3 * V::load_n(p + c + down + right, n)).store_n(y + c, n);
    }
}

// The same for taps that may be outside the image.
template <class T>
NETLET_INLINE void blend_at_edge(const AffineMap<T>& m, const T* x, const AffineBlock<T>& block, int64_t i, T* y) {
    const AffineTaps<T> taps(m, block, i);
    for (int64_t c = 0; c < m.C; ++c) {
        T sum = 0;
        for (int64_t tap = 0; tap < taps.count; ++tap) {
            const T value = taps.offset[tap] < 0 ? m.fill_value : x[taps.offset[tap] + c];
            const T part = m.bilinear ? block.weight[tap][i] * value : value;
            sum = tap ? sum + part : part;
        }
        y[c] = sum;
    }
}

// The n pixels of y whose taps in the image x are in the block.
template <class T, int fixed>
NETLET_INLINE void blend_block(const AffineMap<T>& m, const T* x, const AffineBlock<T>& block, int64_t n, T* y) {
    const int64_t C = fixed ? fixed : m.C, right = C, down = m.W * C;
    const uint32_t rows = (uint32_t)(m.H - m.bilinear), columns = (uint32_t)(m.W - m.bilinear);  // of first taps inside
    const T* const weight[4] = {block.weight[0], block.weight[1], block.weight[2], block.weight[3]};
    for (int64_t i = 0; i < n; ++i, y += C) {
        const uint32_t row = (uint32_t)block.row[i], column = (uint32_t)block.column[i];  // negative: very large
        if (row >= rows || column >= columns) {
            blend_at_edge(m, x, block, i, y);
            continue;
        }
        const T* p = x + row * down + column * right;
        if (m.bilinear)
            blend<T, fixed>(p, right, down, weight, i, y, C);
        else
            for (int64_t c = 0; c < C; ++c) y[c] = p[c];
    }
}

}  // namespace netlet::NETLET_ISA
