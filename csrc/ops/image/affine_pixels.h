// Pixels of y from a block of taps: what affine_transform and two-dimensional sampling share.
#pragma once
#include "ops/image/affine_taps.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// Four pixels from p[0..3] on, with the weights of pixel i. One channel or three are scalars: vectors with masks for three
// lanes take longer.
template <class T, int fixed>
NETLET_INLINE void blend(const T* const p[4], const T* const weight[4], int64_t i, T* y, int64_t C) {
    if (fixed) {
        const T w0 = weight[0][i], w1 = weight[1][i], w2 = weight[2][i], w3 = weight[3][i];
        for (int c = 0; c < fixed; ++c) y[c] = ((w0 * p[0][c] + w1 * p[1][c]) + w2 * p[2][c]) + w3 * p[3][c];
        return;
    }
    using V = Vec<T>;
    const V w0 = V::set1(weight[0][i]), w1 = V::set1(weight[1][i]);
    const V w2 = V::set1(weight[2][i]), w3 = V::set1(weight[3][i]);
    for (int64_t c = 0; c < C; c += V::width) {
        const int64_t n = C - c < V::width ? C - c : V::width;
        V sum = w0 * V::load_n(p[0] + c, n) + w1 * V::load_n(p[1] + c, n);
        sum += w2 * V::load_n(p[2] + c, n);
        (sum + w3 * V::load_n(p[3] + c, n)).store_n(y + c, n);
    }
}

// The same for taps that may be outside the image.
template <class T, int fixed>
NETLET_INLINE void blend_at_edge(const AffineMap<T>& m, const T* x, const AffineBlock<T>& block,
                                 const T* const weight[4], int64_t i, T* y, int64_t C) {
    const AffineTaps<T> taps(m, block, i);
    if (m.bilinear && m.fill != FillMode::constant) {
        const T* const p[4] = {x + taps.offset[0], x + taps.offset[1], x + taps.offset[2], x + taps.offset[3]};
        blend<T, fixed>(p, weight, i, y, C);
        return;
    }
    for (int64_t c = 0; c < C; ++c) {
        T sum = 0;
        for (int64_t tap = 0; tap < taps.count; ++tap) {
            const T value = taps.offset[tap] < 0 ? m.fill_value : x[taps.offset[tap] + c];
            const T part = m.bilinear ? weight[tap][i] * value : value;
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
            blend_at_edge<T, fixed>(m, x, block, weight, i, y, C);
            continue;
        }
        const T* p = x + row * down + column * right;
        if (m.bilinear) {
            const T* const around[4] = {p, p + right, p + down, p + down + right};
            blend<T, fixed>(around, weight, i, y, C);
        } else
            for (int64_t c = 0; c < C; ++c) y[c] = p[c];
    }
}

}  // namespace netlet::NETLET_ISA
