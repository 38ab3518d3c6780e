#include "ops/metric/metric_args.h"

#include "dispatch/kernel.h"
#include "ops/metric/read_number.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE void add_to_state(const MetricSum& s, double total, double count) {
    s.state[0] += total * s.factor;
    if (s.has_count) s.state[1] += count * s.factor;
}

// Stores the sums of one chunk; a single chunk adds directly to the state.
NETLET_INLINE void add_chunk(const MetricSum& s, Range r, double total, double count) {
    if (!s.partial) return add_to_state(s, total, count);
    s.partial[r.begin / s.grain] = total;
    s.partial[s.chunks + r.begin / s.grain] = count;
}

// Eight interleaved sums, joined by a fixed tree.
template <class T, class F>
NETLET_INLINE double sum_in_double(Range r, const F& f) {
    double s[8] = {};
    int64_t i = r.begin;
    for (; i + 8 <= r.end; i += 8)
        for (int j = 0; j < 8; ++j) s[j] += f(i + j);
    for (int j = 0; i < r.end; ++i, ++j) s[j] += f(i);
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

template <class T>
NETLET_INLINE double weight_sum(const T* w, int64_t w_inner, Range r) {
    if (!w) return (double)(r.end - r.begin);
    if (w_inner == 1) return sum_in_double<T>(r, [&](int64_t i) NETLET_INLINE_LAMBDA { return (double)w[i]; });
    return sum_in_double<T>(r, [&](int64_t i) NETLET_INLINE_LAMBDA { return (double)w[i / w_inner]; });
}

template <class T>
NETLET_INLINE void accumulate_mean(const AccumulateMeanArgs<T>& a, Range r) {
    if (!a.sum.partial) r = {0, a.sum.n};
    const T *v = a.v, *w = a.w;
    const int64_t w_inner = a.sum.w_inner;
    const double total = !w ? sum_in_double<T>(r, [&](int64_t i) NETLET_INLINE_LAMBDA { return (double)v[i]; })
                            : sum_in_double<T>(r, [&](int64_t i) NETLET_INLINE_LAMBDA {
                                  return (double)v[i] * (double)w[w_inner == 1 ? i : i / w_inner];
                              });
    add_chunk(a.sum, r, total, weight_sum(w, w_inner, r));
}

// ---- accuracy -------------------------------------------------------------------------------------------------------
// Whether k is the position of the first maximum of x (cols,): no value before it reaches x[k], none after it exceeds
// x[k].
template <class T>
NETLET_INLINE bool is_argmax(const T* x, int64_t cols, int64_t k) {
    using V = Vec<T>;
    const V top = V::set1(x[k]), zero = V::zero(), one = V::set1(1), at = V::set1((T)k);
    V beaten = zero;
    each_vector<V>({0, cols}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
        const V v = lanes.load(x + j), index = V::iota() + V::set1((T)j);
        const auto fine = lt(v, top) | (eq(v, top) & ge(index, at));
        beaten = max(beaten, lanes.or_zero(select(fine, zero, one)));
    });
    return !any(ne(beaten, zero));
}

// The position of the first maximum of t (cols,).
template <class T>
NETLET_INLINE int64_t argmax(const T* t, int64_t cols) {
    using V = Vec<T>;
    const V none = V::set1((T)cols);
    V top = V::set1(t[0]);
    each_vector<V>({0, cols}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
        const V v = lanes.load(t + j);
        top = max(top, select(lt(V::iota(), V::set1((T)lanes.n)), v, top));
    });
    const V most = V::set1(reduce_max(top));
    V first = none;
    each_vector<V>({0, cols}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
        const auto here = eq(lanes.load(t + j), most) & lt(V::iota(), V::set1((T)lanes.n));
        first = min(first, select(here, V::iota() + V::set1((T)j), none));
    });
    return (int64_t)reduce_min(first);  // cols where t holds NaN
}

template <class T>
NETLET_INLINE bool matches(const AccuracyArgs<T>& a, int64_t row) {
    switch (a.kind) {
        case Accuracy::sparse: {
            const double label = number_at(a.labels, a.label_type, row);
            if (!(label >= 0 && label < (double)a.cols)) return false;
            const int64_t k = (int64_t)label;
            return (double)k == label && is_argmax(a.x + row * a.cols, a.cols, k);
        }
        case Accuracy::categorical: {
            const int64_t k = argmax(a.t + row * a.cols, a.cols);
            return k < a.cols && is_argmax(a.x + row * a.cols, a.cols, k);
        }
        case Accuracy::binary: return a.t[row] == (a.x[row] > (T)a.threshold ? T(1) : T(0));
        default: return a.t[row] == a.x[row];
    }
}

template <class T>
NETLET_INLINE void accuracy(const AccuracyArgs<T>& a, Range r) {
    if (a.y) {
        for (int64_t row = r.begin; row < r.end; ++row) a.y[row] = matches(a, row) ? T(1) : T(0);
        return;
    }
    if (!a.sum.partial) r = {0, a.sum.n};
    double total = 0;
    for (int64_t row = r.begin; row < r.end; ++row)
        if (matches(a, row)) total += a.w ? (double)a.w[row / a.sum.w_inner] : 1.0;
    add_chunk(a.sum, r, total, weight_sum(a.w, a.sum.w_inner, r));
}

NETLET_DEFINE_KERNEL(metric_finish, MetricFinishArgs) {
    double total = 0, count = 0;
    for (int64_t i = 0; i < a.sum.chunks; ++i) {
        total += a.sum.partial[i];
        count += a.sum.partial[a.sum.chunks + i];
    }
    add_to_state(a.sum, total, count);
}

#define NETLET_METRIC(T, suffix)                                                                                       \
    NETLET_DEFINE_KERNEL(accumulate_mean_##suffix, AccumulateMeanArgs<T>) { accumulate_mean(a, r); }                   \
    NETLET_DEFINE_KERNEL(accuracy_##suffix, AccuracyArgs<T>) { accuracy(a, r); }
NETLET_METRIC(float, f32)
NETLET_METRIC(double, f64)
#undef NETLET_METRIC

}  // namespace netlet::NETLET_ISA
