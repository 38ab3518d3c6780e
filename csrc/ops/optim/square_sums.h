// The tree by which numbers or their squares are summed: 32 interleaved sums (four chains of vectors, which hide the
// latency of the additions), joined in a fixed order. In float64, so that no square of a float32 overflows.
#pragma once
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

struct TreeSums {
    static constexpr int64_t width = 32;
    double s[width] = {};
    // The next n numbers, n <= width.
    template <class T>
    NETLET_MEMBER_INLINE void add(const T* x, int64_t n) {
        for (int64_t j = 0; j < n; ++j) s[j] += (double)x[j];
    }
    // Their squares.
    template <class T>
    NETLET_MEMBER_INLINE void add_squares(const T* x, int64_t n) {
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
    TreeSums sums;
    int64_t i = 0;
    for (; i + TreeSums::width <= n; i += TreeSums::width) sums.add_squares(x + i, TreeSums::width);
    sums.add_squares(x + i, n - i);
    return sums.total();
}

// Calls body(lanes, i, w, u) for the elements i of r. What it stores at w and at u enters the sums as squares.
template <class T, class Body>
NETLET_INLINE void sum_pairs_of_squares(Range r, TreeSums& weights, TreeSums& steps, const Body& body) {
    for (int64_t begin = r.begin; begin < r.end; begin += TreeSums::width) {
        const int64_t n = r.end - begin < TreeSums::width ? r.end - begin : TreeSums::width;
        T w[TreeSums::width], u[TreeSums::width];
        each_vector<Vec<T>>(Range{0, n},
                            [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA { body(lanes, begin + j, w + j, u + j); });
        weights.add_squares(w, n);
        steps.add_squares(u, n);
    }
}

}  // namespace netlet::NETLET_ISA
