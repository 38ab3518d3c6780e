// Packing for the register tile: a strip of A or a panel of B becomes K consecutive rows of `width` numbers, padded
// with zeros to whole vectors, so that the tile reads memory sequentially whatever the operand's strides are.
#pragma once
#include "simd/transpose.h"

namespace netlet::NETLET_ISA {

// dst[k*ld_dst + i] = src[i*ld + k] for i < rows, k < K; lanes from rows up to the next multiple of the width become 0.
template <class T>
NETLET_INLINE void pack_transposed(T* dst, int64_t ld_dst, const T* src, int64_t ld, int64_t rows, int64_t K) {
    using V = Vec<T>;
    constexpr int W = V::width;
    for (int64_t i0 = 0; i0 < rows; i0 += W) {
        const int64_t n = rows - i0 < W ? rows - i0 : W;
        for (int64_t k0 = 0; k0 < K; k0 += W) {
            const int64_t ks = K - k0 < W ? K - k0 : W;
            const T* s = src + i0 * ld + k0;
            T* d = dst + k0 * ld_dst + i0;
            V r[W];
            if (n == W && ks == W) {
                NETLET_UNROLL(16)
                for (int i = 0; i < W; ++i) r[i] = V::load(s + i * ld);
            } else {
                NETLET_UNROLL(16)
                for (int i = 0; i < W; ++i) r[i] = i < n ? V::load_n(s + i * ld, ks) : V::zero();
            }
            transpose(r);
            if (ks == W) {
                NETLET_UNROLL(16)
                for (int k = 0; k < W; ++k) r[k].store(d + k * ld_dst);
            } else {
                NETLET_UNROLL(16)
                for (int k = 0; k < W; ++k)
                    if (k < ks) r[k].store(d + k * ld_dst);
            }
        }
    }
}

// dst[k*ld_dst + j] = src[k*ld + j] for j < columns, k < K; lanes up to the next multiple of the width become 0.
template <class T>
NETLET_INLINE void pack_rows(T* dst, int64_t ld_dst, const T* src, int64_t ld, int64_t columns, int64_t K) {
    using V = Vec<T>;
    constexpr int W = V::width;
    for (int64_t k = 0; k < K; ++k)
        for (int64_t j = 0; j < columns; j += W) {
            const T* s = src + k * ld + j;
            (j + W <= columns ? V::load(s) : V::load_n(s, columns - j)).store(dst + k * ld_dst + j);
        }
}

}  // namespace netlet::NETLET_ISA
