#pragma once
#include "ops/optim/update_simd.h"

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

}  // namespace netlet::NETLET_ISA
