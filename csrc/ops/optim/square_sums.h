// The tree by which squares are summed: 32 interleaved sums (four chains of vectors, which hide the latency of the
// additions), joined in a fixed order. In float64, so that no square of a float32 overflows.
#pragma once
#include "base/types.h"

namespace netlet::NETLET_ISA {

struct SquareSums {
    static constexpr int64_t width = 32;
    double s[width] = {};
    // The next n numbers, n <= width.
    template <class T>
    NETLET_MEMBER_INLINE void add(const T* x, int64_t n) {
        if (n == width)
            for (int64_t j = 0; j < width; ++j) s[j] += (double)x[j] * (double)x[j];
        else
            for (int64_t j = 0; j < n; ++j) s[j] += (double)x[j] * (double)x[j];
    }
    NETLET_MEMBER_INLINE double total() {
        for (int64_t half = width / 2; half; half /= 2)
            for (int64_t j = 0; j < half; ++j) s[j] += s[j + half];
        return s[0];
    }
};

template <class T>
NETLET_INLINE double sum_squares(const T* x, int64_t n) {
    SquareSums sums;
    int64_t i = 0;
    for (; i + SquareSums::width <= n; i += SquareSums::width) sums.add(x + i, SquareSums::width);
    sums.add(x + i, n - i);
    return sums.total();
}

}  // namespace netlet::NETLET_ISA
