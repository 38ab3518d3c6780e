// Quantiles of the normal distribution at uniform random numbers.
#pragma once
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

// Phi^-1 at the middle of u's interval, whose width is 2 half, so that 0 and 1 never occur; symmetric about 1/2. `cut`
// is the probability that is cut off on each side.
template <class V>
NETLET_INLINE V quantile(V u, V half, V cut) {
    typename V::Mask upper = ge(u, constant<V>(0.5f, 0.5));
    V q = select(upper, (V::set1(1) - u) - half, u + half);  // exact
    V a = normal_tail_quantile(cut + q * (V::set1(1) - (cut + cut)));
    return select(upper, a, -a);
}

}  // namespace netlet::NETLET_ISA
