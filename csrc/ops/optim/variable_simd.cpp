#include "ops/optim/variable_args.h"

#include <math.h>

#include "dispatch/kernel.h"
#include "ops/optim/lamb_step.h"
#include "ops/optim/square_sums.h"

namespace netlet::NETLET_ISA {

namespace {

template <class T>
NETLET_INLINE void lamb_moments(const LambMomentsArgs<T>& a, Range r) {
    using V = Vec<T>;
    TreeSums weights, steps;
    if (!idle(a.c)) {
        const Decay<V> decay(a.c);
        const LambStep<V> step_of(a.c, a.beta1, a.beta2, a.epsilon);
        const V k1 = V::set1((T)(1 - a.beta1)), k2 = V::set1((T)(1 - a.beta2));
        sum_pairs_of_squares<T>(r, weights, steps, [&](auto lanes, int64_t i, T* w, T* u) NETLET_INLINE_LAMBDA {
            const V g = lanes.load(a.g + i), m0 = lanes.load(a.m + i), v0 = lanes.load(a.v + i);
            const V m = fma(g - m0, k1, m0), v = fma(g * g - v0, k2, v0);
            lanes.store(m, a.m + i);
            lanes.store(v, a.v + i);
            lanes.store(step_of(m, v), u);
            lanes.store(decay(lanes.load(a.p + i)), w);
        });
    }
    double* norms = a.norms + 2 * (r.begin / a.grain);
    norms[0] = weights.total();
    norms[1] = steps.total();
}

template <class T>
NETLET_INLINE void muon_momentum(const MuonMomentumArgs<T>& a, Range r) {
    using V = Vec<T>;
    const bool wait = idle(a.c);
    const V momentum = V::set1((T)a.momentum);
    each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V g = lanes.load(a.g + i), m0 = lanes.load(a.m + i), m = momentum * m0 + g;
        lanes.store(wait ? m0 : m, a.m + i);
        lanes.store(a.nesterov ? g + momentum * m : m, a.y + i);
    });
    a.partial[r.begin / a.grain] = sum_squares(a.y + r.begin, r.end - r.begin);
}

template <class T>
NETLET_INLINE void shift_diagonal(const ShiftDiagonalArgs<T>& a, Range r) {
    using V = Vec<T>;
    const V scale = V::set1((T)a.scale);
    for (int64_t row = r.begin; row < r.end; ++row) {
        const T* x = a.x + row * a.n;
        T* y = a.y + row * a.n;
        each_vector<V>(Range{0, a.n}, [&](auto lanes, int64_t i)
                                          NETLET_INLINE_LAMBDA { lanes.store(lanes.load(x + i) * scale, y + i); });
        y[row] += (T)a.diagonal;
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(sum_pairs, SumPairsArgs) {
    double first = 0, second = 0;
    for (int64_t i = 0; i < a.count; ++i) {
        first += a.partial[2 * i];
        second += a.partial[2 * i + 1];
    }
    a.total[0] = first;
    a.total[1] = second;
}

NETLET_DEFINE_KERNEL(muon_scale, MuonScaleArgs) {
    double squares = 0;
    for (int64_t i = 0; i < a.count; ++i) squares += a.partial[i];
    *a.scale = a.numerator / (::sqrt(squares) + 1e-7);
}

#define NETLET_VARIABLE(T, suffix)                                                                                     \
    NETLET_DEFINE_KERNEL(lamb_moments_##suffix, LambMomentsArgs<T>) { lamb_moments(a, r); }                            \
    NETLET_DEFINE_KERNEL(lamb_update_##suffix, LambApplyArgs<T>) { lamb_apply(a, r); }                                 \
    NETLET_DEFINE_KERNEL(muon_momentum_##suffix, MuonMomentumArgs<T>) { muon_momentum(a, r); }                         \
    NETLET_DEFINE_KERNEL(shift_diagonal_##suffix, ShiftDiagonalArgs<T>) { shift_diagonal(a, r); }
NETLET_VARIABLE(float, f32)
NETLET_VARIABLE(double, f64)
#undef NETLET_VARIABLE

}  // namespace netlet::NETLET_ISA
