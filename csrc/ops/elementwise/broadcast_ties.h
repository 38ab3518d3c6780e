// The gradient of max and min where their operands tie.
#pragma once
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// The part of dy that goes to operand p of extreme = max(p, q) or min(p, q): all, none, or half where p = q, as in JAX.
template <class V>
NETLET_INLINE V share_of_extreme(V dy, V p, V q, V extreme) {
    const V mine = select(eq(p, extreme), dy, V::zero());
    return select(eq(p, q), mine * V::set1(0.5f), mine);
}

}  // namespace netlet::NETLET_ISA
