// Softmax along the last axis: vectors run along a row.
#pragma once
#include "ops/softmax/softmax_args.h"
#include "ops/softmax/softmax_vectors.h"

namespace netlet::NETLET_ISA {

constexpr int64_t softmax_block = 256;  // elements; a multiple of 4 vectors

template <class V>
NETLET_INLINE typename V::Scalar row_max(const typename V::Scalar* x, int64_t n) {
    V a = -infinity<V>(), b = a, c = a, d = a;
    int64_t i = 0;
    for (; i + 4 * V::width <= n; i += 4 * V::width) {
        a = max(a, V::load(x + i));
        b = max(b, V::load(x + i + V::width));
        c = max(c, V::load(x + i + 2 * V::width));
        d = max(d, V::load(x + i + 3 * V::width));
    }
    for (; i < n; i += V::width) a = max(a, load_row<V>(x + i, n - i < V::width ? n - i : V::width));
    return reduce_max(max(max(a, b), max(c, d)));
}

// Sum of term(i, lanes) over the row, by blocks. A missing lane must yield 0. One accumulator is enough for a term that
// computes an exponential; terms that only load need four.
template <class V, int accumulators, class Term>
NETLET_INLINE typename V::Scalar row_sum(int64_t n, const Term& term) {
    BlockSum<V> total;
    for (int64_t begin = 0; begin < n; begin += softmax_block) {
        const int64_t end = begin + softmax_block < n ? begin + softmax_block : n;
        V a = V::zero();
        int64_t i = begin;
        if constexpr (accumulators == 4) {
            V b = a, c = a, d = a;
            for (; i + 4 * V::width <= end; i += 4 * V::width) {
                a += term(i, (int64_t)V::width);
                b += term(i + V::width, (int64_t)V::width);
                c += term(i + 2 * V::width, (int64_t)V::width);
                d += term(i + 3 * V::width, (int64_t)V::width);
            }
            a = (a + b) + (c + d);
        }
        for (; i + V::width <= end; i += V::width) a += term(i, (int64_t)V::width);
        if (i < end) a += term(i, end - i);
        total.add(a);
    }
    return reduce_add(total.sum());
}

// y[i] = f(i, lanes) along the row.
template <class V, class F>
NETLET_INLINE void row_map(typename V::Scalar* y, int64_t n, const F& f) {
    int64_t i = 0;
    for (; i + V::width <= n; i += V::width) f(i, (int64_t)V::width).store(y + i);
    if (i < n) f(i, n - i).store_n(y + i, n - i);
}

template <class T>
static void softmax_row(const T* x, T* y, int64_t n, SoftmaxKind kind) {
    using V = Vec<T>;
    T top = row_max<V>(x, n);
    if (kind == SoftmaxKind::logsumexp && !(top - top == 0)) top = 0;  // +-inf, NaN: the sum then gives the result
    const V m = V::set1(top);
    if (kind == SoftmaxKind::softmax) {
        const T sum = row_sum<V, 1>(n, [&](int64_t i, int64_t k) {
            V e = exp(load_row<V>(x + i, k) - m);
            e.store_n(y + i, k);
            return e;
        });
        const V scale = V::set1(T(1) / sum);
        return row_map<V>(y, n, [&](int64_t i, int64_t k) { return load_lanes<V>(y + i, k) * scale; });
    }
    const T sum = row_sum<V, 1>(n, [&](int64_t i, int64_t k) { return exp(load_row<V>(x + i, k) - m); });
    const V log_sum = log(V::set1(sum));
    if (kind == SoftmaxKind::logsumexp) return (m + log_sum).store_n(y, 1);
    row_map<V>(y, n, [&](int64_t i, int64_t k) { return (load_lanes<V>(x + i, k) - m) - log_sum; });
}

// A row of at most two vectors, such as ten classes, never leaves the registers.
template <class T>
NETLET_INLINE void softmax_short_rows(const T* x, T* y, int64_t n, int64_t rows) {
    using V = Vec<T>;
    const int64_t k0 = n < V::width ? n : V::width, k1 = n - k0;
    for (int64_t row = 0; row < rows; ++row, x += n, y += n) {
        V a = load_row<V>(x, k0), b = k1 ? load_row<V>(x + k0, k1) : -infinity<V>();
        const V m = V::set1(reduce_max(max(a, b)));
        a = exp(a - m);
        b = k1 ? exp(b - m) : V::zero();
        const V scale = V::set1(T(1) / reduce_add(a + b));
        (a * scale).store_n(y, k0);
        if (k1) (b * scale).store_n(y + k0, k1);
    }
}

template <class T>
static void softmax_row_bwd(const T* x, const T* y, const T* dy, T* dx, int64_t n, SoftmaxKind kind, bool accumulate) {
    using V = Vec<T>;
    auto write = [&](int64_t i, int64_t k, V g) { return accumulate ? load_lanes<V>(dx + i, k) + g : g; };
    switch (kind) {
        case SoftmaxKind::softmax: {
            const V t = V::set1(row_sum<V, 4>(
                n, [&](int64_t i, int64_t k) { return load_lanes<V>(dy + i, k) * load_lanes<V>(y + i, k); }));
            return row_map<V>(dx, n, [&](int64_t i, int64_t k) {
                return write(i, k, load_lanes<V>(y + i, k) * (load_lanes<V>(dy + i, k) - t));
            });
        }
        case SoftmaxKind::log_softmax: {
            const V t = V::set1(row_sum<V, 4>(n, [&](int64_t i, int64_t k) { return load_lanes<V>(dy + i, k); }));
            return row_map<V>(dx, n, [&](int64_t i, int64_t k) {
                return write(i, k, fnma(exp(load_lanes<V>(y + i, k)), t, load_lanes<V>(dy + i, k)));
            });
        }
        case SoftmaxKind::sparsemax: return;  // sparsemax.h
        case SoftmaxKind::logsumexp: {
            const V total = V::set1(*y), g = V::set1(*dy);
            return row_map<V>(
                dx, n, [&](int64_t i, int64_t k) { return write(i, k, g * exp(load_lanes<V>(x + i, k) - total)); });
        }
    }
}

}  // namespace netlet::NETLET_ISA
