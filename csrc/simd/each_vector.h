// A loop over vectors, written once for whole vectors and for the tail:
//     each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
//         lanes.store(lanes.load(a.x + i) * s, a.y + i);
//     });
// The tail runs the same vector code on masked loads, so an element's bits do not depend on its position.
#pragma once
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// Loads or stores the first n lanes, 0 <= n <= width. Where n is a constant, as in a loop's body, the compiler removes
// the check.
template <class V>
NETLET_INLINE V load_lanes(const typename V::Scalar* p, int64_t n) {
    return n == V::width ? V::load(p) : V::load_n(p, n);
}
template <class V>
NETLET_INLINE void store_lanes(V v, typename V::Scalar* p, int64_t n) {
    if (n == V::width)
        v.store(p);
    else
        v.store_n(p, n);
}

template <class V>
struct AllLanes {
    using T = typename V::Scalar;
    static constexpr int64_t n = V::width;
    NETLET_MEMBER_INLINE V load(const T* p) const { return V::load(p); }
    NETLET_MEMBER_INLINE void store(V v, T* p) const { v.store(p); }
    NETLET_MEMBER_INLINE V or_zero(V v) const { return v; }
};

template <class V>
struct FirstLanes {
    using T = typename V::Scalar;
    int64_t n;
    NETLET_MEMBER_INLINE V load(const T* p) const { return V::load_n(p, n); }
    NETLET_MEMBER_INLINE void store(V v, T* p) const { v.store_n(p, n); }
    // Sets the lanes past the end to 0, so that values computed from missing lanes do not enter a sum.
    NETLET_MEMBER_INLINE V or_zero(V v) const { return select(lt(V::iota(), V::set1((T)n)), v, V::zero()); }
};

#if !defined(NETLET_VEC_CUDA_WIDE)  // cuda/each_vector.h
template <class V, class Body>
NETLET_INLINE void each_vector(Range r, const Body& body) {
    int64_t i = r.begin;
    for (; i + V::width <= r.end; i += V::width) body(AllLanes<V>{}, i);
    if (i < r.end) body(FirstLanes<V>{r.end - i}, i);
}
#endif

}  // namespace netlet::NETLET_ISA
