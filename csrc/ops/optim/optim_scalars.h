// Numbers that a kernel computes once from the cells of a step, in double.
#pragma once
#include <math.h>

#include "ops/optim/adaptive_args.h"
#include "ops/optim/optim_cells.h"

namespace netlet::NETLET_ISA {

// b1^n and b2^n by squaring: the same bits on every machine, unlike libm's pow. The error is about n/2 ulp, which
// matters only while b^n is not negligible beside 1. No branches, because the low bits of a step count are hard to
// predict.
struct Powers {
    double b1, b2;
};
NETLET_INLINE Powers powers(double b1, double b2, int64_t n) {
    double y1 = 1, y2 = 1;
    for (; n > 0; n >>= 1, b1 *= b1, b2 *= b2) {
#if defined(NETLET_VEC_CUDA_WIDE)  // a select, no branch; an array would be in memory
        y1 *= n & 1 ? b1 : 1;
        y2 *= n & 1 ? b2 : 1;
#else
        const double f1[2] = {1, b1}, f2[2] = {1, b2};
        y1 *= f1[n & 1];
        y2 *= f2[n & 1];
#endif
    }
    return {y1, y2};
}

// Whether this call only accumulates gradients.
NETLET_INLINE bool idle(const int64_t* iteration, int64_t every) { return every > 1 && (*iteration + 1) % every != 0; }
NETLET_INLINE bool idle(const OptimCells& c) { return idle(c.iteration, c.every); }

// The number of this update: 1, 2, ...
NETLET_INLINE int64_t update_number(const OptimCells& c) { return *c.iteration / c.every + 1; }

// mu_t and mu_{t+1} of Nadam's momentum schedule; `power` is 0.96^t.
struct Momenta {
    double now, next;
};
NETLET_INLINE Momenta nadam_momenta(double beta1, double power) {
    return {beta1 * (1 - 0.5 * power), beta1 * (1 - 0.5 * (power * 0.96))};
}

template <class T>
NETLET_INLINE void nadam_product(const NadamProductArgs<T>& a) {
    if (idle(a.iteration, a.every)) return;
    const Powers kept = powers(0.96, 1, *a.iteration / a.every + 1);
    *a.u_product = (T)((double)*a.u_product * nadam_momenta(a.beta1, kept.b1).now);
}

// The factor that brings the norm of gradients down to the limit.
NETLET_INLINE double scale_for(double squares, double limit, bool global) {
    const double norm = ::sqrt(squares);
    const double scale = norm <= limit ? 1 : limit / norm;  // a NaN norm takes the division
    return global ? scale + (norm - norm) : scale;
}

}  // namespace netlet::NETLET_ISA
