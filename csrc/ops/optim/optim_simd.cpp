#include "ops/optim/optim_args.h"

#include <math.h>

#include "dispatch/kernel.h"
#include "ops/optim/update_simd.h"

namespace netlet::NETLET_ISA {

namespace {

// Each body loads before it stores: on a GPU a load that follows a store waits for the memory a second time.
// The step is subtracted, not added: p - 0 is p even if p is -0, so an update of 0 changes nothing.
template <class T>
NETLET_INLINE void sgd(const SgdArgs<T>& a, Range r) {
    if (idle(a.c)) return;
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
        const V g = lanes.load(a.g + i), m0 = lanes.load(a.m + i), p = lanes.load(a.p + i);
        const V step = g * lr, kept = m0 * momentum, m = kept - step;
        lanes.store(m, a.m + i);
        lanes.store(decay(p) - (a.nesterov ? step - m * momentum : step - kept), a.p + i);
    });
}

template <class T>
NETLET_INLINE void adam(const AdamArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const int64_t t = update_number(a.c);
    const Powers kept = powers(a.beta1, a.beta2, t);
    double rate = a.lr_ratio * *a.c.lr;
    bool divided = true;
    if (a.rectified) {
        const double rho = 2 / (1 - a.beta2) - 1, rho_t = rho - 2 * (double)t * kept.b2 / (1 - kept.b2);
        divided = rho_t > 5;
        if (divided) rate *= ::sqrt((rho_t - 4) * (rho_t - 2) * rho / ((rho - 4) * (rho - 2) * rho_t));
    }
    if (divided) rate *= ::sqrt(1 - kept.b2);
    const V alpha = V::set1((T)(rate / (1 - kept.b1)));
    const V k1 = V::set1((T)(1 - a.beta1)), k2 = V::set1((T)(1 - a.beta2)), epsilon = V::set1((T)a.epsilon);
    update<V>(a.c, r, {a.m, a.v, a.vhat}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), m0 = lanes.load(a.m + i), v0 = lanes.load(a.v + i), p = lanes.load(a.p + i);
        const V m = fma(g - m0, k1, m0);
        V v = fma(g * g - v0, k2, v0);
        lanes.store(m, a.m + i);
        lanes.store(v, a.v + i);
        if (a.vhat) {
            v = max(lanes.load(a.vhat + i), v);
            lanes.store(v, a.vhat + i);
        }
        const V step = m * alpha;
        lanes.store(decay(p) - (divided ? step / (sqrt(v) + epsilon) : step), a.p + i);
    });
}

template <class T>
NETLET_INLINE void rmsprop(const RmspropArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const V lr = decay.lr, epsilon = V::set1((T)a.epsilon), momentum = V::set1((T)a.momentum);
    const V rho = V::set1((T)a.rho), rest = V::set1((T)(1 - a.rho));
    update<V>(a.c, r, {a.v, a.m, a.a}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), v0 = lanes.load(a.v + i), p = lanes.load(a.p + i);
        V v = rho * v0 + rest * (g * g);
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
        lanes.store(decay(p) - step, a.p + i);
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

template <class T>
NETLET_INLINE void scale_or_divide(const ScaleArgs<T>& a, Range r) {
    using V = Vec<T>;
    if (a.scale) {
        const V factor = V::set1((T)*a.scale);
        return each_vector<V>(
            r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA { lanes.store(lanes.load(a.x + i) * factor, a.y + i); });
    }
    const V divisor = V::set1((T)a.divisor);
    each_vector<V>(
        r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA { lanes.store(lanes.load(a.x + i) / divisor, a.y + i); });
}

}  // namespace

#define NETLET_OPTIM(T, suffix)                                                                                        \
    NETLET_DEFINE_KERNEL(sgd_update_##suffix, SgdArgs<T>) { sgd(a, r); }                                               \
    NETLET_DEFINE_KERNEL(adam_update_##suffix, AdamArgs<T>) { adam(a, r); }                                            \
    NETLET_DEFINE_KERNEL(rmsprop_update_##suffix, RmspropArgs<T>) { rmsprop(a, r); }                                   \
    NETLET_DEFINE_KERNEL(ema_update_##suffix, EmaArgs<T>) { ema(a, r); }                                               \
    NETLET_DEFINE_KERNEL(accumulate_gradient_##suffix, AccumulateGradientArgs<T>) { accumulate_gradient(a, r); }       \
    NETLET_DEFINE_KERNEL(clip_value_##suffix, ClipValueArgs<T>) { clip_value(a, r); }                                  \
    NETLET_DEFINE_KERNEL(scale_##suffix, ScaleArgs<T>) { scale_or_divide(a, r); }
NETLET_OPTIM(float, f32)
NETLET_OPTIM(double, f64)
#undef NETLET_OPTIM

}  // namespace netlet::NETLET_ISA
