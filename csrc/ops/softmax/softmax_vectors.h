// Loads of up to one vector, and sums by blocks.
#pragma once
#include "simd/each_vector.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

// Missing lanes are -inf: they are not the maximum and add 0 to the sum of exponentials.
template <class V>
NETLET_INLINE V load_row(const typename V::Scalar* p, int64_t k) {
    if (k == V::width) return V::load(p);
    return select(lt(V::iota(), V::set1((typename V::Scalar)k)), V::load_n(p, k), -infinity<V>());
}

// Adds up block sums 64 at a time: three short chains of additions, where one long chain would round N times.
template <class V>
struct BlockSum {
    V grand = V::zero(), recent = V::zero();
    int64_t blocks = 0;
    NETLET_MEMBER_INLINE void add(V block) {
        recent += block;
        if (++blocks % 64) return;
        grand += recent;
        recent = V::zero();
    }
    NETLET_MEMBER_INLINE V sum() const { return grand + recent; }
};

}  // namespace netlet::NETLET_ISA
