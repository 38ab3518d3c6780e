// Numbers with a separate exponent: m 2^e, m in [0.5, 1) and e an integer, or m = 0 with the lowest e. A sum has the
// precision of a float, but nothing overflows or underflows.
#pragma once
#include "simd/each_vector.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

template <class V>
struct Scaled {
    V m, e;
    using T = typename V::Scalar;
    static NETLET_MEMBER_INLINE V lowest() { return constant<V>(-3e38f, -1e307); }
    static NETLET_MEMBER_INLINE Scaled zero() { return {V::zero(), lowest()}; }
    static NETLET_MEMBER_INLINE Scaled load(const T* m, const T* e) { return {V::load(m), V::load(e)}; }
    static NETLET_MEMBER_INLINE Scaled set1(T m, T e) { return {V::set1(m), V::set1(e)}; }
    NETLET_MEMBER_INLINE void store(T* to_m, T* to_e) const {
        m.store(to_m);
        e.store(to_e);
    }
};

// m 2^e of any normal m >= 0.
template <class V>
NETLET_INLINE Scaled<V> scaled(V m, V e) {
    V shift;
    const V unit = frexp(m, shift);
    const auto none = eq(m, V::zero());
    return {select(none, V::zero(), unit), select(none, Scaled<V>::lowest(), e + shift)};
}

// a as a multiple of 2^e, e not below a's exponent. Differences of exponents that are too large to matter to a sum are
// clamped.
template <class V>
NETLET_INLINE V in_units(Scaled<V> a, V e) {
    return a.m * pow2(at_least(a.e - e, constant<V>(-60, -120)));
}
template <class V>
NETLET_INLINE Scaled<V> sum(Scaled<V> a, Scaled<V> b) {
    const V e = at_least(a.e, b.e);
    return scaled(in_units(a, e) + in_units(b, e), e);
}
template <class V>
NETLET_INLINE Scaled<V> sum(Scaled<V> a, Scaled<V> b, Scaled<V> c) {
    const V e = at_least(at_least(a.e, b.e), c.e);
    return scaled(in_units(a, e) + in_units(b, e) + in_units(c, e), e);
}
template <class V>
NETLET_INLINE Scaled<V> product(Scaled<V> a, Scaled<V> b) {
    return scaled(a.m * b.m, a.e + b.e);
}
// a where flag is not 0, else 0.
template <class V>
NETLET_INLINE Scaled<V> where(V flag, Scaled<V> a) {
    const auto set = ne(flag, V::zero());
    return {select(set, a.m, V::zero()), select(set, a.e, Scaled<V>::lowest())};
}

// share e^z, for z <= 0 and a share in (0, 1]. Far below 0, where z has no fractional digits, the exponent is z / log 2
// rounded.
template <class V>
NETLET_INLINE Scaled<V> scaled_exp(V z, V share) {
    const V far = constant<V>(-1e6f, -1e12);
    const ExpParts<V> p = exp_parts(at_least(z, far));
    const V e = select(
        lt(z, far),
        round_even(at_least(z, constant<V>(-1e30f, -1e290)) * constant<V>(1.44269504f, 1.44269504088896338700)), p.n);
    const V m = select(eq(z, -infinity<V>()), V::zero(), (V::set1(1) + (p.r + p.t)) * share);
    return scaled(m, e);
}

// a b / c as a plain number; it is at most about 1.
template <class V>
NETLET_INLINE V ratio(Scaled<V> a, Scaled<V> b, Scaled<V> c) {
    const V e = clip(a.e + b.e - c.e, constant<V>(-120, -1000), V::set1(8));
    return a.m * b.m / c.m * pow2(e);
}

}  // namespace netlet::NETLET_ISA
