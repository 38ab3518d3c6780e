// Categorical crossentropy with labels as targets.
#include "dispatch/kernel.h"
#include "ops/loss/loss_rows.h"
#include "ops/loss/read_label.h"

namespace netlet::NETLET_ISA {

template <class T>
NETLET_INLINE bool ignored(const SparseCrossentropyArgs<T>& a, int64_t k) {
    return a.ignores && k == a.ignore;
}

NETLET_DEFINE_KERNEL(loss_not_label, NotLabelArgs) {
    for (int64_t i = r.begin; i < r.end; ++i) a.y[i] = label(a.labels, a.type, i) != a.ignore;
}

// Rows in groups of a vector's width, so that one vector logarithm serves all of a group.
template <class T>
NETLET_INLINE void sparse_fwd(const SparseCrossentropyArgs<T>& a, Range r) {
    using V = Vec<T>;
    const Range rows = a.out.reduced ? Range{0, a.rows} : r;
    const T low = (T)a.epsilon, high = (T)(1 - a.epsilon), nan = (T)NETLET_NAN;
    LossSink<T> sink{a.out};
    for (int64_t first = rows.begin; first < rows.end; first += V::width) {
        const int64_t n = rows.end - first < V::width ? rows.end - first : V::width;
        T in_log[V::width], outside[V::width];  // loss = outside + log(in_log) for logits, else outside - log(in_log)
        bool counts[V::width];
        for (int64_t i = 0; i < n; ++i) {
            const T* x = a.x + (first + i) * a.cols;
            const int64_t k = label(a.labels, a.label_type, first + i);
            const bool valid = k >= 0 && k < a.cols;
            counts[i] = !ignored(a, k);
            in_log[i] = 1;
            outside[i] = counts[i] ? nan : T(0);
            if (!valid || !counts[i]) continue;
            if (a.logits) {
                const Softmax<T> s = softmax_of<V>(x, a.cols);
                in_log[i] = s.sum;
                outside[i] = s.max - x[k];
            } else {
                const T sum = (T)row_sum<V>(
                    a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA { return lanes.load(x + j); });
                const T q = x[k] / sum;
                in_log[i] = q < low ? low : q > high ? high : q;  // NaN stays NaN
                outside[i] = 0;
            }
        }
        const V logs = log(V::load_n(in_log, n)), rest = V::load_n(outside, n);
        T losses[V::width];
        (a.logits ? rest + logs : rest - logs).store_n(losses, n);
        for (int64_t i = 0; i < n; ++i) sink.put(first + i, losses[i], counts[i]);
    }
    sink.finish();
}

// As crossentropy_bwd with t' = 1{label}. logits: (softmax - 1{label}) g; else (a 1{label} - a q) / sum(x) g.
template <class T>
NETLET_INLINE void sparse_bwd(const SparseCrossentropyArgs<T>& a, Range r) {
    using V = Vec<T>;
    const T low = (T)a.epsilon, high = (T)(1 - a.epsilon);
    const double scale = loss_scale(a.grad);
    for (int64_t row = r.begin; row < r.end; ++row) {
        const T* x = a.x + row * a.cols;
        T* dx = a.dx + row * a.cols;
        const int64_t k = label(a.labels, a.label_type, row);
        const T g = row_gradient(a.grad, scale, row);
        const bool valid = k >= 0 && k < a.cols;
        T all = valid ? T(0) : (T)NETLET_NAN, at_label = 0;
        if (ignored(a, k)) {
            all = 0;
        } else if (valid && a.logits) {
            const Softmax<T> s = softmax_of<V>(x, a.cols);
            const V shift = V::set1(s.max), share = V::set1(T(1) / s.sum), gs = V::set1(g);
            const T before = a.accumulate ? dx[k] : T(0);
            row_each<V>(a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
                store_gradient(lanes, exp(lanes.load(x + j) - shift) * share * gs, dx + j, a.accumulate);
            });
            const T p = first_lane(exp(V::set1(x[k] - s.max)) * share);
            dx[k] = before + (p - T(1)) * g;
            continue;
        } else if (valid) {
            const T sum =
                (T)row_sum<V>(a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA { return lanes.load(x + j); });
            const T q = x[k] / sum, c = q < low ? low : q > high ? high : q;
            const T slope = q > low && q < high ? T(1) : q == low || q == high ? T(0.5) : T(0);
            at_label = -slope / c;
            all = -at_label * q * (g / sum);
            at_label = at_label * (g / sum);
        }
        const V d = V::set1(all);
        const T before = valid && a.accumulate ? dx[k] : T(0);
        row_each<V>(a.cols, [&](auto lanes, int64_t j)
                                NETLET_INLINE_LAMBDA { store_gradient(lanes, d, dx + j, a.accumulate); });
        if (valid) dx[k] = before + (at_label + all);
    }
}

#define NETLET_SPARSE(T, suffix)                                                                                       \
    NETLET_DEFINE_KERNEL(loss_sparse_fwd_##suffix, SparseCrossentropyArgs<T>) { sparse_fwd(a, r); }                    \
    NETLET_DEFINE_KERNEL(loss_sparse_bwd_##suffix, SparseCrossentropyArgs<T>) { sparse_bwd(a, r); }
NETLET_SPARSE(float, f32)
NETLET_SPARSE(double, f64)
#undef NETLET_SPARSE

}  // namespace netlet::NETLET_ISA
