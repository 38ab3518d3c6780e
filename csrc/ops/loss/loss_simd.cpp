// Pointwise losses, the reduction of values to a loss, hinge labels, and checks for finite values.
#include "dispatch/kernel.h"
#include "ops/loss/loss_pointwise.h"

namespace netlet::NETLET_ISA {

template <class T, Pointwise kind>
NETLET_INLINE void pointwise_fwd(const PointwiseArgs<T>& a, Range r) {
    using V = Vec<T>;
    const PointwiseLoss<V, kind> f(a);
    const V row_scale = V::set1((T)a.row_scale);
    const auto value = [&](auto lanes, int64_t i)
                           NETLET_INLINE_LAMBDA { return f.value(lanes.load(a.t + i), lanes.load(a.x + i)); };
    LossSink<T> sink{a.out};
    if (a.out.reduced && !a.out.w) {
        // Without weights, one sum over all elements.
        sink.sum = sum_over<V>(0, a.rows * a.cols, value) * a.row_scale;
        sink.divisor = (double)a.rows;
    } else if (!a.out.reduced && a.cols == 1) {
        each_vector<V>(r, [&](auto lanes, int64_t i)
                              NETLET_INLINE_LAMBDA { lanes.store(value(lanes, i) * row_scale, a.out.y + i); });
    } else {
        const Range rows = a.out.reduced ? Range{0, a.rows} : r;
        for (int64_t row = rows.begin; row < rows.end; ++row)
            sink.put(row, (T)(sum_over<V>(row * a.cols, (row + 1) * a.cols, value) * a.row_scale));
    }
    sink.finish();
}

template <class T, Pointwise kind>
NETLET_INLINE void pointwise_bwd(const PointwiseArgs<T>& a, Range r) {
    using V = Vec<T>;
    const PointwiseLoss<V, kind> f(a);
    const double scale = loss_scale(a.grad);
    const T sign = (T)(a.negate ? -a.row_scale : a.row_scale);
    const bool one_gradient = !a.grad.per_row && !a.grad.w;
    // One loop over the elements of a row, or of all rows if they share a gradient.
    const int64_t span = one_gradient ? (r.end - r.begin) * a.cols : a.cols;
    for (int64_t row = r.begin, i = r.begin * a.cols; i < r.end * a.cols; ++row, i += span) {
        const V g = V::set1(row_gradient(a.grad, scale, row) * sign);
        each_vector<V>({i, i + span}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            store_gradient(lanes, f.slope(lanes.load(a.t + j), lanes.load(a.x + j)) * g, a.dx + j, a.accumulate);
        });
    }
}

#define NETLET_FOR_KIND(run)                                                                                           \
    switch (a.kind) {                                                                                                  \
        case Pointwise::squared_error: return run<T, Pointwise::squared_error>(a, r);                                  \
        case Pointwise::absolute_error: return run<T, Pointwise::absolute_error>(a, r);                                \
        case Pointwise::huber: return run<T, Pointwise::huber>(a, r);                                                  \
        case Pointwise::log_cosh: return run<T, Pointwise::log_cosh>(a, r);                                            \
        case Pointwise::absolute_percentage_error: return run<T, Pointwise::absolute_percentage_error>(a, r);          \
        case Pointwise::squared_logarithmic_error: return run<T, Pointwise::squared_logarithmic_error>(a, r);          \
        case Pointwise::poisson: return run<T, Pointwise::poisson>(a, r);                                              \
        case Pointwise::kl_divergence: return run<T, Pointwise::kl_divergence>(a, r);                                  \
        case Pointwise::binary_crossentropy: return run<T, Pointwise::binary_crossentropy>(a, r);                      \
        case Pointwise::binary_crossentropy_logits: return run<T, Pointwise::binary_crossentropy_logits>(a, r);        \
        case Pointwise::hinge: return run<T, Pointwise::hinge>(a, r);                                                  \
        default: return run<T, Pointwise::squared_hinge>(a, r);                                                        \
    }
template <class T>
NETLET_INLINE void any_pointwise_fwd(const PointwiseArgs<T>& a, Range r) {
    NETLET_FOR_KIND(pointwise_fwd)
}
template <class T>
NETLET_INLINE void any_pointwise_bwd(const PointwiseArgs<T>& a, Range r) {
    NETLET_FOR_KIND(pointwise_bwd)
}
#undef NETLET_FOR_KIND

// Weighted sum and divisor of the elements [begin, end).
template <class T>
NETLET_INLINE void reduce_part(const LossReduceArgs<T>& a, int64_t begin, int64_t end, double* sum, double* divisor) {
    using V = Vec<T>;
    const bool weighs = a.reduction == Reduction::mean_with_weight;
    if (!a.mask && (!a.w || a.w_inner == 1)) {
        const T *v = a.v, *w = a.w;
        *sum =
            !w ? sum_over<V>(begin, end, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA { return lanes.load(v + i); })
               : sum_over<V>(begin, end, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
                     return lanes.load(v + i) * lanes.load(w + i);
                 });
        *divisor =
            w && weighs
                ? sum_over<V>(begin, end, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA { return lanes.load(w + i); })
                : (double)(end - begin);
        return;
    }
    double s = 0, d = 0;
    for (int64_t i = begin; i < end; ++i) {
        if (a.mask && !a.mask[i]) continue;
        const T w = a.w ? a.w[i / a.w_inner] : T(1);
        s += (double)(a.v[i] * w);
        d += weighs ? (double)w : 1.0;
    }
    // A weight shared by w_inner values counts once; under a mask, every value counts its weight.
    *sum = s;
    *divisor = weighs && a.w && !a.mask ? d / (double)a.w_inner : d;
}

template <class T>
NETLET_INLINE void reduce_finish(const LossReduceArgs<T>& a, double sum, double divisor) {
    if (a.reduction == Reduction::sum) divisor = 1;
    a.y[0] = (T)(divisor != 0 ? sum / divisor : 0);
    if (a.scale) *a.scale = divisor != 0 ? 1 / divisor : 0;
}

template <class T>
NETLET_INLINE void reduce_fwd(const LossReduceArgs<T>& a, Range r) {
    double sum, divisor;
    if (!a.partial) {
        reduce_part(a, 0, a.n, &sum, &divisor);
        return reduce_finish(a, sum, divisor);
    }
    const int64_t chunk = r.begin / a.grain;
    reduce_part(a, r.begin, r.end, a.partial + chunk, a.partial + a.chunks + chunk);
}

template <class T>
NETLET_INLINE void reduce_partials(const LossReduceArgs<T>& a) {
    double sum = 0, divisor = 0;
    for (int64_t i = 0; i < a.chunks; ++i) {
        sum += a.partial[i];
        divisor += a.partial[a.chunks + i];
    }
    reduce_finish(a, sum, divisor);
}

// dv = dy * w * mask / divisor. Without reduction dy has one value per element, and forward uses the same: y = v * w *
// mask.
template <class T>
NETLET_INLINE void weigh(const LossReduceArgs<T>& a, Range r) {
    using V = Vec<T>;
    const bool none = a.reduction == Reduction::none;
    const V g = none ? V::set1(1) : V::set1((T)((double)*a.dy * (a.read_scale ? *a.read_scale : a.factor)));
    if (!a.mask && (!a.w || a.w_inner == 1)) {
        each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
            V d = none ? lanes.load(a.dy + i) : g;
            if (a.w) d *= lanes.load(a.w + i);
            store_gradient(lanes, d, a.dv + i, a.accumulate);
        });
        return;
    }
    const T all = none ? T(1) : (T)((double)*a.dy * (a.read_scale ? *a.read_scale : a.factor));
    for (int64_t i = r.begin; i < r.end; ++i) {
        T d = none ? a.dy[i] : all;
        if (a.w) d *= a.w[i / a.w_inner];
        if (a.mask && !a.mask[i]) d = 0;
        a.dv[i] = a.accumulate ? a.dv[i] + d : d;
    }
}

template <class T>
NETLET_INLINE void hinge_labels(const HingeLabelsArgs<T>& a) {
    bool binary = true;
    for (int64_t i = 0; i < a.n; ++i) binary = binary && (a.t[i] == 0 || a.t[i] == 1);
    for (int64_t i = 0; i < a.n; ++i) a.y[i] = binary ? 2 * a.t[i] - 1 : a.t[i];
}

// The sum of x - x: 0, or NaN if any x is infinite or NaN. Four interleaved sums hide the latency of the additions.
template <class T>
NETLET_INLINE T sum_of_differences(const T* x, int64_t n) {
    using V = Vec<T>;
    V sums[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
    int64_t i = 0;
    for (; i + 4 * V::width <= n; i += 4 * V::width)
        for (int j = 0; j < 4; ++j) {
            const V v = V::load(x + i + j * V::width);
            sums[j] += v - v;
        }
    for (; i < n; i += V::width) {
        const V v = V::load_n(x + i, n - i < V::width ? n - i : V::width);
        sums[0] += v - v;
    }
    return reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

template <class T>
NETLET_INLINE void check_finite(const CheckFiniteArgs<T>& a) {
    const bool loss = !a.loss || *a.loss - *a.loss == 0;
    *a.flag = !loss ? 1 : sum_of_differences(a.x, a.n) == 0 ? 0 : 2;
}

template <class T>
NETLET_INLINE void finite_partials(const FinitePartialsArgs<T>& a, Range r) {
    T sum = 0;
    if (!a.written) sum = sum_of_differences(a.x + r.begin, r.end - r.begin);
    for (int64_t row = r.begin; a.written && row < r.end; ++row)
        if (a.written[row]) sum += sum_of_differences(a.x + row * a.inner, a.inner);
    a.partial[r.begin / a.grain] = sum;
}

#define NETLET_LOSS(T, suffix)                                                                                         \
    NETLET_DEFINE_KERNEL(loss_pointwise_fwd_##suffix, PointwiseArgs<T>) { any_pointwise_fwd(a, r); }                   \
    NETLET_DEFINE_KERNEL(loss_pointwise_bwd_##suffix, PointwiseArgs<T>) { any_pointwise_bwd(a, r); }                   \
    NETLET_DEFINE_KERNEL(loss_reduce_fwd_##suffix, LossReduceArgs<T>) { reduce_fwd(a, r); }                            \
    NETLET_DEFINE_KERNEL(loss_reduce_partials_##suffix, LossReduceArgs<T>) { reduce_partials(a); }                     \
    NETLET_DEFINE_KERNEL(loss_reduce_bwd_##suffix, LossReduceArgs<T>) { weigh(a, r); }                                 \
    NETLET_DEFINE_KERNEL(hinge_labels_##suffix, HingeLabelsArgs<T>) { hinge_labels(a); }                               \
    NETLET_DEFINE_KERNEL(check_finite_##suffix, CheckFiniteArgs<T>) { check_finite(a); }                               \
    NETLET_DEFINE_KERNEL(finite_partials_##suffix, FinitePartialsArgs<T>) { finite_partials(a, r); }
NETLET_LOSS(float, f32)
NETLET_LOSS(double, f64)
#undef NETLET_LOSS

}  // namespace netlet::NETLET_ISA
