// Lane<T>: one number with the interface of a vector, for types that have no Vec. With it integer kernels share the
// loops of the float kernels. Integers wrap around, as NumPy's do.
#pragma once
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

struct LaneMask {
    bool m;
};
NETLET_INLINE bool any(LaneMask a) { return a.m; }

template <class T>
struct Lane {
    using Scalar = T;
    using Mask = LaneMask;
    static constexpr int width = 1;
    T r;
    static NETLET_MEMBER_INLINE Lane set1(T s) { return {s}; }
    static NETLET_MEMBER_INLINE Lane load(const T* p) { return {*p}; }
    static NETLET_MEMBER_INLINE Lane load_n(const T* p, int64_t) { return {*p}; }
    NETLET_MEMBER_INLINE void store(T* p) const { *p = r; }
    NETLET_MEMBER_INLINE void store_n(T* p, int64_t) const { *p = r; }
};

#define NETLET_LANE_WRAPPING(op, overflows)                                                                            \
    template <class T> NETLET_INLINE Lane<T> operator op(Lane<T> a, Lane<T> b) {                                       \
        Lane<T> y;                                                                                                     \
        overflows(a.r, b.r, &y.r);                                                                                     \
        return y;                                                                                                      \
    }
NETLET_LANE_WRAPPING(+, add_overflows)
NETLET_LANE_WRAPPING(-, subtract_overflows)
NETLET_LANE_WRAPPING(*, multiply_overflows)
#undef NETLET_LANE_WRAPPING
template <class T> NETLET_INLINE Lane<T> operator/(Lane<T> a, Lane<T> b) { return {(T)(a.r / b.r)}; }
template <class T> NETLET_INLINE Lane<T> max(Lane<T> a, Lane<T> b) { return a.r > b.r ? a : b; }
template <class T> NETLET_INLINE Lane<T> min(Lane<T> a, Lane<T> b) { return a.r < b.r ? a : b; }
template <class T> NETLET_INLINE LaneMask eq(Lane<T> a, Lane<T> b) { return {a.r == b.r}; }
template <class T> NETLET_INLINE LaneMask is_nan(Lane<T>) { return {false}; }

// The vector that kernels for T use.
template <class T> struct VectorOf {
    using type = Lane<T>;
};
template <> struct VectorOf<float> {
    using type = Vec<float>;
};
template <> struct VectorOf<double> {
    using type = Vec<double>;
};

// Loads the first n lanes; the others become `missing`.
template <class T> NETLET_INLINE Vec<T> load_or(const T* p, int64_t n, Vec<T> missing) {
    using V = Vec<T>;
    return n >= V::width ? V::load(p) : select(lt(V::iota(), V::set1((T)n)), V::load_n(p, n), missing);
}
template <class T> NETLET_INLINE Lane<T> load_or(const T* p, int64_t, Lane<T>) { return Lane<T>::load(p); }

}  // namespace netlet::NETLET_ISA
