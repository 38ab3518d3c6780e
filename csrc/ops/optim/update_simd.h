// What the update kernels share. Included by *_simd.cpp alone, which a GPU compiles too (cuda/simd_kernels.h).
#pragma once
#include "ops/optim/optim_scalars.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

template <class V>
struct Decay {
    using T = typename V::Scalar;
    V wd, lr;
    bool on;
    explicit NETLET_MEMBER_INLINE Decay(const OptimCells& c)
        : wd(V::set1((T)c.weight_decay)), lr(V::set1((T)*c.lr)), on(c.weight_decay != 0) {}
    NETLET_MEMBER_INLINE V operator()(V p) const { return on ? p - p * wd * lr : p; }
};

// -1, 0 or 1, and NaN of NaN.
template <class V>
NETLET_INLINE V sign(V x) {
    return select(gt(abs(x), V::zero()), copysign(V::set1(1), x), x);
}

#if defined(NETLET_VEC_CUDA_WIDE)
// A GPU's gradients have no row maps, so an update changes all elements.
template <class V, class Body>
NETLET_INLINE void update(const OptimCells&, Range r, const typename V::Scalar* const (&)[3], const Body& body) {
    each_vector<V>(r, body);
}
#else
template <class T>
NETLET_INLINE bool row_is_zero(const T* slot, int64_t row, int64_t inner) {
    bool zero = true;
    for (int64_t i = 0; slot && zero && i < inner; ++i) zero = slot[row * inner + i] == 0;
    return zero;
}

// Calls body for the elements that an update can change: all of them, or, in a table, those of the rows that were
// written or whose slots may differ from 0.
template <class V, class Body>
NETLET_INLINE void update(const OptimCells& c, Range r, const typename V::Scalar* const (&slots)[3], const Body& body) {
    if (!c.written) return each_vector<V>(r, body);
    for (int64_t row = r.begin; row < r.end; ++row) {
        const uint8_t before = c.used ? c.used[row] : row_never;
        if (!c.written[row] && before == row_never) continue;
        each_vector<V>(Range{row * c.inner, (row + 1) * c.inner}, body);
        if (!c.used || before == row_used) continue;
        bool zero = !c.written[row];
        for (const auto* slot : slots) zero = zero && row_is_zero(slot, row, c.inner);
        c.used[row] = zero ? row_never : row_used;
    }
}
#endif

}  // namespace netlet::NETLET_ISA
