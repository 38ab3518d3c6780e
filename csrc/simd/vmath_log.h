// log, log1p, softplus, log_sigmoid.
//
//   x = 2^e m,  sqrt(1/2) <= m < sqrt(2),  f = m - 1 (exact)
//   log x = e ln 2 + log(1 + f),  ln 2 in two parts so that e * ln2_hi is exact
//   float:  log(1 + f) = f - f^2/2 + f^3 P(f)                    minimax, tools/minimax.py log32
//   double: log(1 + f) = f - (f^2/2 - s (f^2/2 + s^2 R(s^2))), s = f / (2 + f)     as in fdlibm's e_log.c; log64
#pragma once
#include "simd/vmath_common.h"
#include "simd/vmath_exp.h"

namespace netlet::NETLET_ISA {

// log(1 + f) - f
NETLET_INLINE Vec<float> log1p_minus_f(Vec<float> f) {
    Vec<float> square = f * f;
    Vec<float> cubic = poly(f, 0.33333313593f, -0.2500000867f, 0.20002063486f, -0.16668002421f, 0.14220523366f,
                            -0.12406065217f, 0.11882206085f, -0.11670644868f, 0.06752876306f);
    return fma(square * f, cubic, square * Vec<float>::set1(-0.5f));
}
NETLET_INLINE Vec<double> log1p_minus_f(Vec<double> f) {
    Vec<double> half_square = f * f * Vec<double>::set1(0.5);
    Vec<double> s = f / (Vec<double>::set1(2) + f), z = s * s;
    Vec<double> r =
        z * poly(z, 0.66666666666667226415, 0.39999999999476694772, 0.2857142873072170947, 0.22222199621679764558,
                 0.18183515535378936275, 0.15315185255700975372, 0.1478551619975208237);
    return s * (half_square + r) - half_square;
}

// x = 2^e (1 + f) for positive finite x, subnormal ones too.
template <class V>
NETLET_INLINE V log_reduce(V x, V& e) {
    const V least = constant<V>(0x1p-126f, 0x1p-1022), one = V::set1(1);
    typename V::Mask subnormal = lt(x, least);
    V m = frexp(select(subnormal, x * constant<V>(0x1p25f, 0x1p54), x), e);
    e = select(subnormal, e - constant<V>(25, 54), e);
    typename V::Mask low = lt(m, constant<V>(0.707106781f, 0.70710678118654752));
    e = select(low, e - one, e);
    return select(low, m + m, m) - one;
}

// log(x) + tail for positive finite x; tail is small.
template <class V>
NETLET_INLINE V log_finite(V x, V tail) {
    V e, f = log_reduce(x, e);
    const V ln2_hi = constant<V>(0x1.62e4p-1f, 6.93147180369123816490e-01);
    const V ln2_lo = constant<V>(1.42860677e-6f, 1.90821492927058770002e-10);
    V low = fma(e, ln2_lo, log1p_minus_f(f) + tail);
    return e * ln2_hi + (f + low);
}

// log of negative numbers and NaN is NaN, log 0 = -inf, log inf = inf.
template <class V>
NETLET_INLINE V log_special(V x, V finite_result) {
    V y = select(lt(x, infinity<V>()), finite_result, x);  // inf, NaN
    y = select(eq(x, V::zero()), -infinity<V>(), y);
    return select(lt(x, V::zero()), nan<V>(), y);
}

// Float 0.85 ULP (over all inputs), double 0.85.
template <class V>
NETLET_INLINE V log(V x) {
    return log_special(x, log_finite(x, V::zero()));
}

// log2 and log10 of doubles: e log(2) + log(1 + f), both in that base. 1.7 ULP; exact where the result is an integer,
// for log2 always and for log10 up to 10^22. Float, computed in double, 0.501 ULP.
template <int base>
NETLET_INLINE Vec<double> log_to_base(Vec<double> x) {
    using V = Vec<double>;
    V e, f = log_reduce(x, e);
    Pair<V> l = fast_two_sum(f, log1p_minus_f(f));
    const V hi = V::set1(base == 2 ? 1.44269504088896338700 : 0.43429448190325181667);
    const V lo = V::set1(base == 2 ? 2.0355273740931033e-17 : 1.09831965021676507e-17);
    Pair<V> p = two_product(l.hi, hi);
    V low = p.lo + fma(l.lo, hi, l.hi * lo);
    // log10(2) in two parts, so that e times the first is exact; log2(2) is 1.
    const V step = V::set1(base == 2 ? 1 : 3.01029995663611771306e-01);
    Pair<V> sum = two_sum(e * step, p.hi);
    if (base == 10) low = fma(e, V::set1(3.69423907715893078616e-13), low);
    return log_special(x, sum.hi + (sum.lo + low));
}
NETLET_INLINE Vec<double> log2(Vec<double> x) { return log_to_base<2>(x); }
NETLET_INLINE Vec<double> log10(Vec<double> x) { return log_to_base<10>(x); }
NETLET_FLOAT_VIA_DOUBLE(log2)
NETLET_FLOAT_VIA_DOUBLE(log10)

// log(1 + x) = log(u) + (1 + x - u) / u with u = 1 + x rounded; Kahan. Float 0.92 ULP (over all inputs), double 0.85.
template <class V>
NETLET_INLINE V log1p(V x) {
    Pair<V> u = two_sum(V::set1(1), x);
    V y = log_special(u.hi, log_finite(u.hi, u.lo / u.hi));
    return select(lt(abs(x), constant<V>(0x1p-25f, 0x1p-54)), x, y);  // keeps -0 and subnormals
}

// log(1 + z) for 0 <= z <= 1, without special cases. The correction u.lo / (1 + z) is so small that 1 - z + z^2/2 is
// close enough to 1 / (1 + z).
template <class V>
NETLET_INLINE V log1p_unit(V z) {
    const V one = V::set1(1), half = constant<V>(0.5f, 0.5);
    Pair<V> u = fast_two_sum(one, z);
    V tail = u.lo * fma(z, fma(z, half, -one), one);
    typename V::Mask high = gt(u.hi, constant<V>(1.41421356f, 1.41421356237309505));
    V f = select(high, u.hi * half, u.hi) - one;
    V e = select(high, one, V::zero());
    const V ln2_hi = constant<V>(0x1.62e4p-1f, 6.93147180369123816490e-01);
    const V ln2_lo = constant<V>(1.42860677e-6f, 1.90821492927058770002e-10);
    V low = fma(e, ln2_lo, log1p_minus_f(f) + tail);
    return e * ln2_hi + (f + low);
}

// log(1 + e^x), without overflow: max(x, 0) + log1p(e^-|x|). 1.7 ULP.
template <class V>
NETLET_INLINE V softplus(V x) {
    return at_least(x, V::zero()) + log1p_unit(exp(-abs(x)));
}
template <class V>
NETLET_INLINE V log_sigmoid(V x) {
    return -softplus(-x);
}

#if defined(NETLET_VEC_SCALAR)
NETLET_FLOAT_VIA_DOUBLE(log)
NETLET_FLOAT_VIA_DOUBLE(log1p)
NETLET_FLOAT_VIA_DOUBLE(softplus)
NETLET_FLOAT_VIA_DOUBLE(log_sigmoid)
#endif

}  // namespace netlet::NETLET_ISA
