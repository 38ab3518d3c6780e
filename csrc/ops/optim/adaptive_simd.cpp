#include "ops/optim/adaptive_args.h"

#include <math.h>

#include "dispatch/kernel.h"
#include "ops/optim/real_power.h"
#include "ops/optim/update_simd.h"

namespace netlet::NETLET_ISA {

namespace {

template <class T>
NETLET_INLINE void adagrad(const AdagradArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const V lr = decay.lr, epsilon = V::set1((T)a.epsilon);
    // n alone moves nothing, so a row without a gradient is skipped whatever its n.
    update<V>(a.c, r, {}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), p = lanes.load(a.p + i), n = lanes.load(a.n + i) + g * g;
        lanes.store(n, a.n + i);
        lanes.store(decay(p) - lr * g / sqrt(n + epsilon), a.p + i);
    });
}

template <class T>
NETLET_INLINE void adadelta(const AdadeltaArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const V lr = decay.lr, epsilon = V::set1((T)a.epsilon), rho = V::set1((T)a.rho), rest = V::set1((T)(1 - a.rho));
    update<V>(a.c, r, {a.v, a.d}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), d = lanes.load(a.d + i), p = lanes.load(a.p + i);
        const V v = rho * lanes.load(a.v + i) + rest * (g * g);
        const V step = sqrt(d + epsilon) * g / sqrt(v + epsilon);
        lanes.store(v, a.v + i);
        lanes.store(rho * d + rest * (step * step), a.d + i);
        lanes.store(decay(p) - lr * step, a.p + i);
    });
}

template <class T>
NETLET_INLINE void adamax(const AdamaxArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const Powers kept = powers(a.beta1, 1, update_number(a.c));
    const V alpha = V::set1((T)(*a.c.lr / (1 - kept.b1))), epsilon = V::set1((T)a.epsilon);
    const V k1 = V::set1((T)(1 - a.beta1)), beta2 = V::set1((T)a.beta2);
    update<V>(a.c, r, {a.m, a.u}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), m0 = lanes.load(a.m + i), p = lanes.load(a.p + i);
        const V m = fma(g - m0, k1, m0), u = max(beta2 * lanes.load(a.u + i), abs(g));
        const V step = m * alpha / (u + epsilon);
        lanes.store(m, a.m + i);
        lanes.store(u, a.u + i);
        lanes.store(decay(p) - step, a.p + i);
    });
}

template <class T>
NETLET_INLINE void nadam(const NadamArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const Powers kept = powers(0.96, a.beta2, update_number(a.c));
    const Momenta mu = nadam_momenta(a.beta1, kept.b1);
    const double product = (double)*a.u_product, lr = *a.c.lr;
    const V of_m = V::set1((T)(lr * mu.next / (1 - product * mu.next)));
    const V of_g = V::set1((T)(lr * (1 - mu.now) / (1 - product)));
    const V correction = V::set1((T)(1 - kept.b2)), epsilon = V::set1((T)a.epsilon);
    const V k1 = V::set1((T)(1 - a.beta1)), k2 = V::set1((T)(1 - a.beta2));
    update<V>(a.c, r, {a.m, a.v}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), m0 = lanes.load(a.m + i), v0 = lanes.load(a.v + i);
        const V m = fma(g - m0, k1, m0), v = fma(g * g - v0, k2, v0), p = lanes.load(a.p + i);
        lanes.store(m, a.m + i);
        lanes.store(v, a.v + i);
        const V step = (of_m * m + of_g * g) / (sqrt(v / correction) + epsilon);
        lanes.store(decay(p) - step, a.p + i);
    });
}

// x^-lr_power. 0.5, 0 and 1 are exact and fast; the others go through pow.
enum class FtrlPower { root, one, itself, general };
template <class V>
NETLET_INLINE V ftrl_power(FtrlPower kind, V x, V exponent) {
    switch (kind) {
        case FtrlPower::root: return sqrt(x);
        case FtrlPower::one: return V::set1(1);
        case FtrlPower::itself: return x;
        default: return pow(x, exponent);
    }
}

template <class T, FtrlPower kind>
NETLET_INLINE void ftrl_of(const FtrlArgs<T>& a, Range r) {
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const V lr = decay.lr, exponent = V::set1((T)-a.lr_power), shrinkage = V::set1((T)(2 * a.l2_shrinkage));
    const V ridge = V::set1((T)(2 * a.l2 + a.beta / *a.c.lr)), high = V::set1((T)a.l1), low = -high;
    update<V>(a.c, r, {}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), p = decay(lanes.load(a.p + i)), n = lanes.load(a.n + i), now = n + g * g;
        const V q = ftrl_power(kind, now, exponent);
        const V z = lanes.load(a.z + i) + (g + shrinkage * p - (q - ftrl_power(kind, n, exponent)) / lr * p);
        lanes.store(now, a.n + i);
        lanes.store(z, a.z + i);
        const V rest = min(max(z, low), high) - z;
        lanes.store(select(eq(rest, V::zero()), V::zero(), rest / (q / lr + ridge)), a.p + i);
    });
}

template <class T>
NETLET_INLINE void ftrl(const FtrlArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    if (a.lr_power == -0.5) return ftrl_of<T, FtrlPower::root>(a, r);
    if (a.lr_power == 0) return ftrl_of<T, FtrlPower::one>(a, r);
    if (a.lr_power == -1) return ftrl_of<T, FtrlPower::itself>(a, r);
    ftrl_of<T, FtrlPower::general>(a, r);
}

template <class T>
NETLET_INLINE void lion(const LionArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const V lr = decay.lr, beta1 = V::set1((T)a.beta1), beta2 = V::set1((T)a.beta2);
    const V rest1 = V::set1(1) - beta1, rest2 = V::set1(1) - beta2;
    update<V>(a.c, r, {a.m}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), m = lanes.load(a.m + i), p = lanes.load(a.p + i);
        lanes.store(m * beta2 + g * rest2, a.m + i);
        lanes.store(decay(p) - lr * sign(m * beta1 + g * rest1), a.p + i);
    });
}

// y' = (1 - beta1) z' + beta1 ((1 - w) x + w z') with beta1 x = y - (1 - beta1) z: no division, so beta1 may be 0.
template <class T>
NETLET_INLINE void schedule_free_adamw(const ScheduleFreeAdamwArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const int64_t t = update_number(a.c);
    const double warmup = t < a.warmup_steps ? (double)t / (double)a.warmup_steps : 1, w = 1 / (double)t;
    const V lr = V::set1((T)(*a.c.lr * warmup)), epsilon = V::set1((T)a.epsilon);
    const V k2 = V::set1((T)(1 - a.beta2)), correction = V::set1((T)(1 - powers(a.beta2, 1, t).b1));
    const V apart = V::set1((T)(1 - a.beta1)), of_x = V::set1((T)(1 - w));
    const V of_z = V::set1((T)(1 - a.beta1 + a.beta1 * w));
    update<V>(a.c, r, {}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), v0 = lanes.load(a.v + i), v = fma(g * g - v0, k2, v0);
        const V p = lanes.load(a.p + i), z0 = lanes.load(a.z + i), z = z0 - lr * g / (sqrt(v / correction) + epsilon);
        lanes.store(v, a.v + i);
        lanes.store(z, a.z + i);
        lanes.store(of_z * z + of_x * (decay(p) - apart * z0), a.p + i);
    });
}

template <class T>
NETLET_INLINE void rprop(const RpropArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const V minus = V::set1((T)a.eta_minus), plus = V::set1((T)a.eta_plus), zero = V::zero(), one = V::set1(1);
    const V low = V::set1((T)a.smallest), high = V::set1((T)a.largest);
    // The size moves nothing without a gradient, so `previous` alone decides whether a row can be skipped.
    update<V>(a.c, r, {a.previous}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g0 = lanes.load(a.g + i), s = g0 * lanes.load(a.previous + i);
        const V factor = select(gt(s, zero), plus, select(lt(s, zero), minus, one));
        const V size = min(max(lanes.load(a.size + i) * factor, low), high), p = lanes.load(a.p + i);
        const V g = select(lt(s, zero), zero, g0);
        lanes.store(size, a.size + i);
        lanes.store(g, a.previous + i);
        lanes.store(decay(p) - sign(g) * size, a.p + i);
    });
}

template <class T>
NETLET_INLINE void asgd(const AsgdArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const double before = (double)(update_number(a.c) - 1), lr = *a.c.lr;
    const double rate = lr / real_power(1 + a.lambd * lr * before, a.alpha);
    const V eta = V::set1((T)rate), kept = V::set1((T)(1 - a.lambd * rate));
    const bool starts = before == 0 || before - a.t0 <= 1;  // mu = 1: the average is the parameter itself
    const V mu = V::set1((T)(starts ? 1 : 1 / (before - a.t0)));
    each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V p = decay(lanes.load(a.p + i)) * kept - eta * lanes.load(a.g + i), average = lanes.load(a.average + i);
        lanes.store(p, a.p + i);
        lanes.store(starts ? p : fma(p - average, mu, average), a.average + i);
    });
}

}  // namespace

#define NETLET_ADAPTIVE(T, suffix)                                                                                     \
    NETLET_DEFINE_KERNEL(adagrad_update_##suffix, AdagradArgs<T>) { adagrad(a, r); }                                   \
    NETLET_DEFINE_KERNEL(adadelta_update_##suffix, AdadeltaArgs<T>) { adadelta(a, r); }                                \
    NETLET_DEFINE_KERNEL(adamax_update_##suffix, AdamaxArgs<T>) { adamax(a, r); }                                      \
    NETLET_DEFINE_KERNEL(nadam_update_##suffix, NadamArgs<T>) { nadam(a, r); }                                         \
    NETLET_DEFINE_KERNEL(ftrl_update_##suffix, FtrlArgs<T>) { ftrl(a, r); }                                            \
    NETLET_DEFINE_KERNEL(lion_update_##suffix, LionArgs<T>) { lion(a, r); }                                            \
    NETLET_DEFINE_KERNEL(schedule_free_adamw_update_##suffix, ScheduleFreeAdamwArgs<T>) { schedule_free_adamw(a, r); } \
    NETLET_DEFINE_KERNEL(rprop_update_##suffix, RpropArgs<T>) { rprop(a, r); }                                         \
    NETLET_DEFINE_KERNEL(asgd_update_##suffix, AsgdArgs<T>) { asgd(a, r); }
NETLET_ADAPTIVE(float, f32)
NETLET_ADAPTIVE(double, f64)
#undef NETLET_ADAPTIVE

}  // namespace netlet::NETLET_ISA
