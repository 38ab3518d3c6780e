// The gradient of max and min where their operands tie.
#pragma once
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// The gradient with respect to p of extreme = max(p, q) or min(p, q). If p equals q, each gets half of dy, as in JAX.
template <class V>
NETLET_INLINE V share_of_extreme(V dy, V p, V q, V extreme) {
    const V mine = select(eq(p, extreme), dy, V::zero());
    return select(eq(p, q), mine * V::set1(0.5f), mine);
}

}  // namespace netlet::NETLET_ISA
