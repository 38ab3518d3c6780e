#pragma once
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// Where both operands are the extreme, each gets half, as in JAX.
template <class V>
NETLET_INLINE V share_of_extreme(V dy, V p, V q, V extreme) {
    const V mine = select(eq(p, extreme), dy, V::zero());
    return select(eq(p, q), mine * V::set1(0.5f), mine);
}

}  // namespace netlet::NETLET_ISA
