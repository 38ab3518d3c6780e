// Lamb's step, on the CPU and on a GPU.
#pragma once
#include <math.h>

#include "ops/optim/update_simd.h"
#include "ops/optim/variable_args.h"

namespace netlet::NETLET_ISA {

// u of Lamb from its moments.
template <class V>
struct LambStep {
    using T = typename V::Scalar;
    V correction1, correction2, epsilon;
    NETLET_MEMBER_INLINE LambStep(const OptimCells& c, double beta1, double beta2, double eps) {
        const Powers kept = powers(beta1, beta2, update_number(c));
        correction1 = V::set1((T)(1 - kept.b1));
        correction2 = V::set1((T)(1 - kept.b2));
        epsilon = V::set1((T)eps);
    }
    NETLET_MEMBER_INLINE V operator()(V m, V v) const { return m / correction1 / (sqrt(v / correction2) + epsilon); }
};

template <class T>
NETLET_INLINE void lamb_apply(const LambApplyArgs<T>& a, Range r) {
    if (idle(a.c)) return;
    using V = Vec<T>;
    const Decay<V> decay(a.c);
    const LambStep<V> step_of(a.c, a.beta1, a.beta2, a.epsilon);
    const double w = ::sqrt(a.norms[0]), u = ::sqrt(a.norms[1]);
    const V rate = V::set1((T)((w > 0 && u > 0 ? w / u : 1) * *a.c.lr));
    each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V u = step_of(lanes.load(a.m + i), lanes.load(a.v + i));
        lanes.store(decay(lanes.load(a.p + i)) - rate * u, a.p + i);
    });
}

}  // namespace netlet::NETLET_ISA
