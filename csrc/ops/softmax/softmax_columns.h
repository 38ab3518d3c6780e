// Softmax along an axis that is not the last: each lane computes one column, N elements that are I apart.
#pragma once
#include "ops/softmax/softmax_args.h"
#include "ops/softmax/softmax_vectors.h"

namespace netlet::NETLET_ISA {

// Sum over j < N of term(j), by blocks.
template <class V, class Term>
NETLET_INLINE V column_sum(int64_t N, const Term& term) {
    BlockSum<V> total;
    for (int64_t begin = 0; begin < N; begin += 64) {
        const int64_t end = begin + 64 < N ? begin + 64 : N;
        V block = V::zero();
        for (int64_t j = begin; j < end; ++j) block += term(j);
        total.add(block);
    }
    return total.sum();
}

// k adjacent columns, k <= V::width; x and y point at their first elements.
template <class T>
static void softmax_column(const T* x, T* y, int64_t N, int64_t I, int64_t k, SoftmaxKind kind) {
    using V = Vec<T>;
    V m = -infinity<V>();
    for (int64_t j = 0; j < N; ++j) m = max(m, load_lanes<V>(x + j * I, k));
    // +-inf, NaN: the sum then gives the result.
    if (kind == SoftmaxKind::logsumexp) m = select(eq(m - m, V::zero()), m, V::zero());
    if (kind == SoftmaxKind::softmax) {
        const V sum = column_sum<V>(N, [&](int64_t j) {
            V e = exp(load_lanes<V>(x + j * I, k) - m);
            e.store_n(y + j * I, k);
            return e;
        });
        const V scale = V::set1(1) / sum;
        for (int64_t j = 0; j < N; ++j) (load_lanes<V>(y + j * I, k) * scale).store_n(y + j * I, k);
        return;
    }
    const V log_sum = log(column_sum<V>(N, [&](int64_t j) { return exp(load_lanes<V>(x + j * I, k) - m); }));
    if (kind == SoftmaxKind::logsumexp) return (m + log_sum).store_n(y, k);
    for (int64_t j = 0; j < N; ++j) ((load_lanes<V>(x + j * I, k) - m) - log_sum).store_n(y + j * I, k);
}

template <class T>
static void softmax_column_bwd(const T* x, const T* y, const T* dy, T* dx, int64_t N, int64_t I, int64_t k,
                               SoftmaxKind kind, bool accumulate) {
    using V = Vec<T>;
    auto write = [&](int64_t j, V g) {
        if (accumulate) g += load_lanes<V>(dx + j * I, k);
        g.store_n(dx + j * I, k);
    };
    switch (kind) {
        case SoftmaxKind::softmax: {
            const V t =
                column_sum<V>(N, [&](int64_t j) { return load_lanes<V>(dy + j * I, k) * load_lanes<V>(y + j * I, k); });
            for (int64_t j = 0; j < N; ++j) write(j, load_lanes<V>(y + j * I, k) * (load_lanes<V>(dy + j * I, k) - t));
            return;
        }
        case SoftmaxKind::log_softmax: {
            const V t = column_sum<V>(N, [&](int64_t j) { return load_lanes<V>(dy + j * I, k); });
            for (int64_t j = 0; j < N; ++j)
                write(j, fnma(exp(load_lanes<V>(y + j * I, k)), t, load_lanes<V>(dy + j * I, k)));
            return;
        }
        case SoftmaxKind::sparsemax: return;  // sparsemax.h
        case SoftmaxKind::logsumexp: {
            const V total = load_lanes<V>(y, k), g = load_lanes<V>(dy, k);
            for (int64_t j = 0; j < N; ++j) write(j, g * exp(load_lanes<V>(x + j * I, k) - total));
            return;
        }
    }
}

}  // namespace netlet::NETLET_ISA
