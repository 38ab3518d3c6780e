// Sparsemax (Martins and Astudillo, 2016): the point of the probability simplex nearest to x.
//
//   y = max(z - t, 0), z = x - max x, t such that sum y = 1;   dx = dy - mean of dy over y > 0, there; 0 elsewhere
//
// No sorting: t starts at -1, and t <- (sum of z - 1) / count, over the z > t, rises until count is stable (Michelot,
// 1986).
#pragma once
#include "ops/softmax/softmax_columns.h"
#include "ops/softmax/softmax_rows.h"

namespace netlet::NETLET_ISA {

template <class V>
NETLET_INLINE V indicator(typename V::Mask m) {
    return select(m, V::set1(1), V::zero());
}

template <class T>
static void sparsemax_row(const T* x, T* y, int64_t n) {
    using V = Vec<T>;
    const V m = V::set1(row_max<V>(x, n));
    V t = V::set1(-1);
    for (T before = -1;;) {
        const T count =
            row_sum<V, 4>(n, [&](int64_t i, int64_t k) { return indicator<V>(gt(load_row<V>(x + i, k) - m, t)); });
        if (count == before) break;
        const T sum = row_sum<V, 4>(n, [&](int64_t i, int64_t k) {
            const V z = load_row<V>(x + i, k) - m;
            return select(gt(z, t), z, V::zero());
        });
        t = V::set1((sum - 1) / count);
        before = count;
    }
    row_map<V>(y, n, [&](int64_t i, int64_t k) { return at_least(load_lanes<V>(x + i, k) - m - t, V::zero()); });
}

template <class T>
static void sparsemax_row_bwd(const T* y, const T* dy, T* dx, int64_t n, bool accumulate) {
    using V = Vec<T>;
    const V zero = V::zero();
    auto inside = [&](int64_t i, int64_t k) { return gt(load_lanes<V>(y + i, k), zero); };
    const T count = row_sum<V, 4>(n, [&](int64_t i, int64_t k) { return indicator<V>(inside(i, k)); });
    const T sum =
        row_sum<V, 4>(n, [&](int64_t i, int64_t k) { return select(inside(i, k), load_lanes<V>(dy + i, k), zero); });
    const V mean = V::set1(sum / count);
    row_map<V>(dx, n, [&](int64_t i, int64_t k) {
        const V g = select(inside(i, k), load_lanes<V>(dy + i, k) - mean, zero);
        return accumulate ? load_lanes<V>(dx + i, k) + g : g;
    });
}

// k adjacent columns. The loop runs until the counts of all are stable.
template <class T>
static void sparsemax_column(const T* x, T* y, int64_t N, int64_t I, int64_t k) {
    using V = Vec<T>;
    const V zero = V::zero();
    V m = -infinity<V>();
    for (int64_t j = 0; j < N; ++j) m = max(m, load_lanes<V>(x + j * I, k));
    auto z = [&](int64_t j) { return load_lanes<V>(x + j * I, k) - m; };
    V t = V::set1(-1);
    for (V before = t;;) {
        const V count = column_sum<V>(N, [&](int64_t j) { return indicator<V>(gt(z(j), t)); });
        if (!any(ne(count, before))) break;
        const V sum = column_sum<V>(N, [&](int64_t j) { return select(gt(z(j), t), z(j), zero); });
        t = select(ne(count, before), (sum - V::set1(1)) / count, t);
        before = count;
    }
    for (int64_t j = 0; j < N; ++j) at_least(z(j) - t, zero).store_n(y + j * I, k);
}

template <class T>
static void sparsemax_column_bwd(const T* y, const T* dy, T* dx, int64_t N, int64_t I, int64_t k, bool accumulate) {
    using V = Vec<T>;
    const V zero = V::zero();
    auto inside = [&](int64_t j) { return gt(load_lanes<V>(y + j * I, k), zero); };
    const V count = column_sum<V>(N, [&](int64_t j) { return indicator<V>(inside(j)); });
    const V sum = column_sum<V>(N, [&](int64_t j) { return select(inside(j), load_lanes<V>(dy + j * I, k), zero); });
    const V mean = sum / count;
    for (int64_t j = 0; j < N; ++j) {
        const V g = select(inside(j), load_lanes<V>(dy + j * I, k) - mean, zero);
        (accumulate ? load_lanes<V>(dx + j * I, k) + g : g).store_n(dx + j * I, k);
    }
}

}  // namespace netlet::NETLET_ISA
