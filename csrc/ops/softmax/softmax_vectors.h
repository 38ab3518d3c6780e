// Loads of up to one vector, with k a constant in the body of a loop: there the check folds away.
#pragma once
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

template <class V>
NETLET_INLINE V load_lanes(const typename V::Scalar* p, int64_t k) {
    return k == V::width ? V::load(p) : V::load_n(p, k);
}

// The missing lanes neither are the maximum nor add to the sum of exponentials.
template <class V>
NETLET_INLINE V load_row(const typename V::Scalar* p, int64_t k) {
    if (k == V::width) return V::load(p);
    return select(lt(V::iota(), V::set1((typename V::Scalar)k)), V::load_n(p, k), -infinity<V>());
}

}  // namespace netlet::NETLET_ISA
