// y[i * y_row + j] = x[j * x_column + i] for i < rows, j < columns: the square block from which a transposition is
// built, at most `width` by `width`. If a vector holds several elements, the block is transposed in registers, so that
// each line of x is read once and each line of y is written once. (With power-of-two dimensions, all lines of a column
// fall into one set of the L1 cache, which holds only 8 of them.)
#pragma once
#include <string.h>

#include "simd/transpose.h"

namespace netlet::NETLET_ISA {

// Elements of 1 and 2 bytes, and all elements in scalar code: through a small buffer.
template <class Bits> struct TransposeBlock {
    static constexpr int64_t width = 8;
    static NETLET_MEMBER_INLINE void move(const Bits* x, int64_t x_column, Bits* y, int64_t y_row, int64_t rows,
                                          int64_t columns) {
        if (rows == width && columns == width) {
            Bits block[width][width];
            for (int j = 0; j < width; ++j) memcpy(block[j], x + j * x_column, sizeof block[j]);
            for (int i = 0; i < width; ++i)
                for (int j = 0; j < width; ++j) y[i * y_row + j] = block[j][i];
        } else {
            for (int64_t i = 0; i < rows; ++i)
                for (int64_t j = 0; j < columns; ++j) y[i * y_row + j] = x[j * x_column + i];
        }
    }
};

template <class Bits, class V> struct TransposeInRegisters {
    static constexpr int64_t width = V::width;
    static NETLET_MEMBER_INLINE void move(const Bits* x_bits, int64_t x_column, Bits* y_bits, int64_t y_row,
                                          int64_t rows, int64_t columns) {
        using T = typename V::Scalar;  // loads and stores keep all bits
        const T* x = reinterpret_cast<const T*>(x_bits);
        T* y = reinterpret_cast<T*>(y_bits);
        V r[V::width];
        if (rows == width && columns == width) {
            NETLET_UNROLL(16)
            for (int j = 0; j < V::width; ++j) r[j] = V::load(x + j * x_column);
            transpose(r);
            NETLET_UNROLL(16)
            for (int i = 0; i < V::width; ++i) r[i].store(y + i * y_row);
        } else {
            NETLET_UNROLL(16)
            for (int j = 0; j < V::width; ++j) r[j] = j < columns ? V::load_n(x + j * x_column, rows) : V::zero();
            transpose(r);
            NETLET_UNROLL(16)
            for (int i = 0; i < V::width; ++i)
                if (i < rows) r[i].store_n(y + i * y_row, columns);
        }
    }
};

#if defined(NETLET_VEC_AVX512) || defined(NETLET_VEC_AVX2) || defined(NETLET_VEC_NEON)
template <> struct TransposeBlock<uint32_t> : TransposeInRegisters<uint32_t, Vec<float>> {};
template <> struct TransposeBlock<uint64_t> : TransposeInRegisters<uint64_t, Vec<double>> {};
#endif

}  // namespace netlet::NETLET_ISA
