// Categorical crossentropy with distributions as targets.
#include "dispatch/kernel.h"
#include "ops/loss/loss_rows.h"

namespace netlet::NETLET_ISA {

namespace {

template <class T>
struct Targets {
    using V = Vec<T>;
    V keep, add;
    explicit NETLET_MEMBER_INLINE Targets(const CrossentropyArgs<T>& a)
        : keep(V::set1((T)(1 - a.smoothing))), add(V::set1((T)(a.smoothing / (double)a.cols))) {}
    template <class Lanes> NETLET_MEMBER_INLINE V load(Lanes lanes, const T* t) const {
        return lanes.or_zero(lanes.load(t) * keep + add);
    }
};

template <class T>
NETLET_INLINE void crossentropy_fwd(const CrossentropyArgs<T>& a, Range r) {
    using V = Vec<T>;
    const Targets<T> targets(a);
    const V low = V::set1((T)a.epsilon), high = V::set1((T)(1 - a.epsilon)), zero = V::zero();
    const Range rows = a.out.reduced ? Range{0, a.rows} : r;
    LossSink<T> sink{a.out};
    for (int64_t row = rows.begin; row < rows.end; ++row) {
        const T *t = a.t + row * a.cols, *x = a.x + row * a.cols;
        double dot;
        if (a.logits) {
            const Softmax<T> s = softmax_of<V>(x, a.cols);
            const V shift = V::set1(s.max), log_sum = log(V::set1(s.sum));
            // A class with target 0 adds 0, even if its logit is infinite. A NaN anywhere makes log_sum NaN.
            dot = row_sum<V>(a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
                const V p = targets.load(lanes, t + j);
                return select(eq(p, zero), zero * log_sum, p * (lanes.load(x + j) - shift - log_sum));
            });
        } else {
            const V s = V::set1(
                (T)row_sum<V>(a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA { return lanes.load(x + j); }));
            dot = row_sum<V>(a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
                return targets.load(lanes, t + j) * log(min(max(lanes.load(x + j) / s, low), high));
            });
        }
        sink.put(row, (T)-dot);
    }
    sink.finish();
}

// logits: dx = (softmax sum(t') - t') g.
// else, with q = x / sum(x), c = clip(q) and a = -t'/c clip'(q): dx = (a - sum(a q)) / sum(x) g.
template <class T>
NETLET_INLINE void crossentropy_bwd(const CrossentropyArgs<T>& a, Range r) {
    using V = Vec<T>;
    const Targets<T> targets(a);
    const V low = V::set1((T)a.epsilon), high = V::set1((T)(1 - a.epsilon));
    const double scale = loss_scale(a.grad);
    for (int64_t row = r.begin; row < r.end; ++row) {
        const T *t = a.t + row * a.cols, *x = a.x + row * a.cols;
        T* dx = a.dx + row * a.cols;
        const T gradient = row_gradient(a.grad, scale, row);
        const V g = V::set1(gradient);
        if (a.logits) {
            const Softmax<T> s = softmax_of<V>(x, a.cols);
            const double all = row_sum<V>(
                a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA { return targets.load(lanes, t + j); });
            const V shift = V::set1(s.max), share = V::set1((T)(all / (double)s.sum));
            row_each<V>(a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
                const V d = exp(lanes.load(x + j) - shift) * share - targets.load(lanes, t + j);
                store_gradient(lanes, d * g, dx + j, a.accumulate);
            });
            continue;
        }
        const T total =
            (T)row_sum<V>(a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA { return lanes.load(x + j); });
        const V s = V::set1(total), scaled = V::set1(gradient / total);
        const auto slope = [&](auto lanes, int64_t j, V q) NETLET_INLINE_LAMBDA {
            return -targets.load(lanes, t + j) / min(max(q, low), high) * clip_slope(q, low, high);
        };
        if (a.cols <= V::width) {
            const FirstLanes<V> lanes{a.cols};
            const V q = lanes.load(x) / s, d = slope(lanes, 0, q);
            store_gradient(lanes, (d - V::set1(reduce_add(lanes.or_zero(d * q)))) * scaled, dx, a.accumulate);
            continue;
        }
        const V dot = V::set1((T)row_sum<V>(a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            const V q = lanes.load(x + j) / s;
            return slope(lanes, j, q) * q;
        }));
        row_each<V>(a.cols, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            store_gradient(lanes, (slope(lanes, j, lanes.load(x + j) / s) - dot) * scaled, dx + j, a.accumulate);
        });
    }
}

}  // namespace

#define NETLET_CROSSENTROPY(T, suffix)                                                                                 \
    NETLET_DEFINE_KERNEL(loss_crossentropy_fwd_##suffix, CrossentropyArgs<T>) { crossentropy_fwd(a, r); }              \
    NETLET_DEFINE_KERNEL(loss_crossentropy_bwd_##suffix, CrossentropyArgs<T>) { crossentropy_bwd(a, r); }
NETLET_CROSSENTROPY(float, f32)
NETLET_CROSSENTROPY(double, f64)
#undef NETLET_CROSSENTROPY

}  // namespace netlet::NETLET_ISA
