#include "ops/optim/optim_args.h"

#include <math.h>

#include "dispatch/kernel.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

namespace {

// b1^n and b2^n by squaring: the same bits on every machine, unlike libm's pow. The error is about n/2 ulp, which
// matters only while b^n is not negligible beside 1. No branches, because the low bits of a step count are hard to
// predict.
struct Powers {
    double b1, b2;
};
NETLET_INLINE Powers powers(double b1, double b2, int64_t n) {
    double y1 = 1, y2 = 1;
    for (; n > 0; n >>= 1, b1 *= b1, b2 *= b2) {
        const double f1[2] = {1, b1}, f2[2] = {1, b2};
        y1 *= f1[n & 1];
        y2 *= f2[n & 1];
    }
    return {y1, y2};
}

NETLET_INLINE bool idle(const int64_t* iteration, int64_t every) { return every > 1 && (*iteration + 1) % every != 0; }

template <class V>
struct Decay {
    using T = typename V::Scalar;
    V wd, lr;
    bool on;
    explicit NETLET_MEMBER_INLINE Decay(const OptimCells& c)
        : wd(V::set1((T)c.weight_decay)), lr(V::set1((T)*c.lr)), on(c.weight_decay != 0) {}
    NETLET_MEMBER_INLINE V operator()(V p) const { return on ? p - p * wd * lr : p; }
};

template <class T>
NETLET_INLINE bool row_is_zero(const T* slot, int64_t row, int64_t inner) {
    bool zero = true;
    for (int64_t i = 0; slot && zero && i < inner; ++i) zero = slot[row * inner + i] == 0;
    return zero;
}

// Calls body for the elements that an update can change: all of them, or, in a table, those of the rows that were
// written or whose slots may differ from 0.
template <class V, class Body>
NETLET_INLINE void update(const OptimCells& c, Range r, const typename V::Scalar* const (&slots)[3], const Body& body) {
    if (!c.written) return each_vector<V>(r, body);
    for (int64_t row = r.begin; row < r.end; ++row) {
        const uint8_t before = c.used ? c.used[row] : row_never;
        if (!c.written[row] && before == row_never) continue;
        each_vector<V>(Range{row * c.inner, (row + 1) * c.inner}, body);
        if (!c.used || before == row_used) continue;
        bool zero = !c.written[row];
        for (const auto* slot : slots) zero = zero && row_is_zero(slot, row, c.inner);
        c.used[row] = zero ? row_never : row_used;
    }
}

// The step is subtracted, not added: p - 0 is p even if p is -0, so an update of 0 changes nothing.
template <class T>
NETLET_INLINE void sgd(const SgdArgs<T>& a, Range r) {
    if (idle(a.c.iteration, a.c.every)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const V lr = decay.lr, momentum = V::set1((T)a.momentum);
    if (!a.m) {
        update<V>(a.c, r, {}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
            lanes.store(decay(lanes.load(a.p + i)) - lanes.load(a.g + i) * lr, a.p + i);
        });
        return;
    }
    update<V>(a.c, r, {a.m}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V step = lanes.load(a.g + i) * lr, kept = lanes.load(a.m + i) * momentum, m = kept - step;
        lanes.store(m, a.m + i);
        lanes.store(decay(lanes.load(a.p + i)) - (a.nesterov ? step - m * momentum : step - kept), a.p + i);
    });
}

template <class T>
NETLET_INLINE void adam(const AdamArgs<T>& a, Range r) {
    if (idle(a.c.iteration, a.c.every)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const int64_t t = *a.c.iteration / a.c.every + 1;
    const Powers kept = powers(a.beta1, a.beta2, t);
    const V alpha = V::set1((T)(*a.c.lr * ::sqrt(1 - kept.b2) / (1 - kept.b1)));
    const V k1 = V::set1((T)(1 - a.beta1)), k2 = V::set1((T)(1 - a.beta2)), epsilon = V::set1((T)a.epsilon);
    update<V>(a.c, r, {a.m, a.v, a.vhat}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), m0 = lanes.load(a.m + i), v0 = lanes.load(a.v + i);
        const V m = fma(g - m0, k1, m0);
        V v = fma(g * g - v0, k2, v0);
        lanes.store(m, a.m + i);
        lanes.store(v, a.v + i);
        if (a.vhat) {
            v = max(lanes.load(a.vhat + i), v);
            lanes.store(v, a.vhat + i);
        }
        lanes.store(decay(lanes.load(a.p + i)) - m * alpha / (sqrt(v) + epsilon), a.p + i);
    });
}

template <class T>
NETLET_INLINE void rmsprop(const RmspropArgs<T>& a, Range r) {
    if (idle(a.c.iteration, a.c.every)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const V lr = decay.lr, epsilon = V::set1((T)a.epsilon), momentum = V::set1((T)a.momentum);
    const V rho = V::set1((T)a.rho), rest = V::set1((T)(1 - a.rho));
    update<V>(a.c, r, {a.v, a.m, a.a}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i);
        V v = rho * lanes.load(a.v + i) + rest * (g * g);
        lanes.store(v, a.v + i);
        if (a.a) {
            const V mean = rho * lanes.load(a.a + i) + rest * g;
            lanes.store(mean, a.a + i);
            v = v - mean * mean;
        }
        V step = lr * g / sqrt(v + epsilon);
        if (a.m) {
            step = momentum * lanes.load(a.m + i) + step;
            lanes.store(step, a.m + i);
        }
        lanes.store(decay(lanes.load(a.p + i)) - step, a.p + i);
    });
}

template <class T>
NETLET_INLINE void ema(const EmaArgs<T>& a, Range r) {
    using V = Vec<T>;
    const int64_t step = *a.iteration / a.every;
    const V k = V::set1(step ? (T)a.momentum : T(0)), rest = V::set1(step ? (T)(1 - a.momentum) : T(1));
    const bool overwrite = a.overwrite > 0 && (step + 1) % a.overwrite == 0;
    each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V average = k * lanes.load(a.average + i) + rest * lanes.load(a.p + i);
        lanes.store(average, a.average + i);
        if (overwrite) lanes.store(average, a.p + i);
    });
}

template <class T>
NETLET_INLINE void accumulate_gradient(const AccumulateGradientArgs<T>& a, Range r) {
    using V = Vec<T>;
    const bool wait = idle(a.iteration, a.every);
    const V steps = V::set1((T)a.every);
    each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), total = g + lanes.load(a.total + i);
        lanes.store(wait ? total : V::zero(), a.total + i);
        lanes.store(wait ? g : total / steps, a.y + i);
    });
}

template <class T>
NETLET_INLINE void clip_value(const ClipValueArgs<T>& a, Range r) {
    using V = Vec<T>;
    const V high = V::set1((T)a.limit), low = V::set1(-(T)a.limit);
    each_vector<V>(r, [&](auto lanes, int64_t i)
                          NETLET_INLINE_LAMBDA { lanes.store(min(max(lanes.load(a.x + i), low), high), a.y + i); });
}

// 32 interleaved sums (four chains of vectors, which hide the latency of the additions), joined by a fixed tree. In
// float64, so that no square of a float32 overflows.
template <class T>
NETLET_INLINE double sum_squares(const T* x, int64_t n) {
    double s[32] = {};
    int64_t i = 0;
    for (; i + 32 <= n; i += 32)
        for (int j = 0; j < 32; ++j) s[j] += (double)x[i + j] * (double)x[i + j];
    for (int j = 0; i < n; ++i, ++j) s[j] += (double)x[i] * (double)x[i];
    for (int half = 16; half; half /= 2)
        for (int j = 0; j < half; ++j) s[j] += s[j + half];
    return s[0];
}

NETLET_INLINE double scale_for(double squares, double limit, bool global) {
    const double norm = ::sqrt(squares);
    const double scale = norm <= limit ? 1 : limit / norm;  // a NaN norm takes the division
    return global ? scale + (norm - norm) : scale;
}

template <class T>
NETLET_INLINE void scale(const T* x, T* y, double factor, Range r) {
    using V = Vec<T>;
    const V s = V::set1((T)factor);
    each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA { lanes.store(lanes.load(x + i) * s, y + i); });
}

template <class T>
NETLET_INLINE void scale_or_divide(const ScaleArgs<T>& a, Range r) {
    if (a.scale) return scale(a.x, a.y, *a.scale, r);
    using V = Vec<T>;
    const V divisor = V::set1((T)a.divisor);
    each_vector<V>(
        r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA { lanes.store(lanes.load(a.x + i) / divisor, a.y + i); });
}

}  // namespace

NETLET_DEFINE_KERNEL(clip_scale, ClipScaleArgs) {
    double squares = 0;
    for (int64_t i = 0; i < a.count; ++i) squares += a.partial[i];
    *a.scale = scale_for(squares, a.limit, a.global);
}

#define NETLET_OPTIM(T, suffix)                                                                                        \
    NETLET_DEFINE_KERNEL(sgd_update_##suffix, SgdArgs<T>) { sgd(a, r); }                                               \
    NETLET_DEFINE_KERNEL(adam_update_##suffix, AdamArgs<T>) { adam(a, r); }                                            \
    NETLET_DEFINE_KERNEL(rmsprop_update_##suffix, RmspropArgs<T>) { rmsprop(a, r); }                                   \
    NETLET_DEFINE_KERNEL(ema_update_##suffix, EmaArgs<T>) { ema(a, r); }                                               \
    NETLET_DEFINE_KERNEL(accumulate_gradient_##suffix, AccumulateGradientArgs<T>) { accumulate_gradient(a, r); }       \
    NETLET_DEFINE_KERNEL(clip_value_##suffix, ClipValueArgs<T>) { clip_value(a, r); }                                  \
    NETLET_DEFINE_KERNEL(sum_squares_##suffix, SumSquaresArgs<T>) {                                                    \
        a.partial[r.begin / a.grain] = sum_squares(a.x + r.begin, r.end - r.begin);                                    \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(clip_norm_##suffix, ClipNormArgs<T>) {                                                        \
        scale(a.x, a.y, scale_for(sum_squares(a.x + r.begin, r.end - r.begin), a.limit, a.global), r);                 \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(scale_##suffix, ScaleArgs<T>) { scale_or_divide(a, r); }
NETLET_OPTIM(float, f32)
NETLET_OPTIM(double, f64)
#undef NETLET_OPTIM

}  // namespace netlet::NETLET_ISA
