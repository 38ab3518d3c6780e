// Passes over one row of predictions. A row that fits one vector stays in a register.
#pragma once
#include "ops/loss/loss_sums.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

template <class V>
NETLET_INLINE typename V::Scalar first_lane(V v) {
    typename V::Scalar s[1];
    v.store_n(s, 1);
    return s[0];
}

template <class V, class F>
NETLET_INLINE double row_sum(int64_t cols, const F& f) {
    if (cols > V::width) return sum_over<V>(0, cols, f);
    const FirstLanes<V> lanes{cols};
    return (double)reduce_add(lanes.or_zero(f(lanes, 0)));
}

template <class V, class F>
NETLET_INLINE void row_each(int64_t cols, const F& f) {
    if (cols > V::width)
        each_vector<V>({0, cols}, f);
    else
        f(FirstLanes<V>{cols}, 0);
}

template <class V>
NETLET_INLINE V load_or_lowest(const typename V::Scalar* x, AllLanes<V>) {
    return V::load(x);
}
template <class V>
NETLET_INLINE V load_or_lowest(const typename V::Scalar* x, FirstLanes<V> lanes) {
    using T = typename V::Scalar;
    return select(lt(V::iota(), V::set1((T)lanes.n)), lanes.load(x), V::set1(-(T)NETLET_INFINITY));
}

template <class V>
NETLET_INLINE typename V::Scalar row_max(const typename V::Scalar* x, int64_t cols) {
    V m = V::set1(-(typename V::Scalar)NETLET_INFINITY);
    row_each<V>(cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA { m = max(m, load_or_lowest<V>(x + j, lanes)); });
    return reduce_max(m);
}

// The two numbers of a softmax: max and sum e^(x - max).
template <class T>
struct Softmax {
    T max, sum;
};
template <class V>
NETLET_INLINE Softmax<typename V::Scalar> softmax_of(const typename V::Scalar* x, int64_t cols) {
    using T = typename V::Scalar;
    const T top = row_max<V>(x, cols);
    const V m = V::set1(top);
    return {top, (T)row_sum<V>(cols,
                               [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA { return exp(lanes.load(x + j) - m); })};
}

}  // namespace netlet::NETLET_ISA
