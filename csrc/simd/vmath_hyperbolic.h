// sinh, cosh and the inverses of sinh, cosh and tanh. Float is computed in double.
//
//   e^a = 2^n (1 + r + u), e^-a = 2^-n (1 - r + d): one reduction serves both, and no division is needed
//   arcsinh a = log(1 + a + a^2 / (1 + sqrt(1 + a^2)))
//   arccosh x = log(1 + t + sqrt(t (t + 2))),  t = x - 1
//   arctanh a = log(1 + 2a / (1 - a)) / 2
#pragma once
#include "simd/vmath_exp.h"
#include "simd/vmath_log.h"

namespace netlet::NETLET_ISA {

// (e^a + sign e^-a) / 2 for a >= 0, at most 711; infinite above 710.5.
template <int sign>
NETLET_INLINE Vec<double> half_exp_sum(Vec<double> a) {
    using V = Vec<double>;
    const V one = V::set1(1);
    V r, r_lo, n = exp_reduce(a, r, r_lo);
    V up = fma(r * r, exp_q(r), r_lo), down = fma(r * r, exp_q(-r), -r_lo);
    V m = at_most(n, V::set1(40)), s = pow2(m - one), i = pow2(-m - one);
    if (sign < 0) i = -i;
    // s (1 + r + up) + i (1 - r + down)
    Pair<V> base = fast_two_sum(s, i), sum = fast_two_sum(base.hi, s * r), both = two_sum(sum.hi, -(i * r));
    V near = both.hi + ((base.lo + sum.lo) + (both.lo + fma(s, up, i * down)));
    V far = (one + (r + up)) * Pow2<V>(n - one);  // e^-a is below its rounding error
    return select(gt(n, V::set1(32)), far, near);
}

// 0.9 ULP; float 0.501
NETLET_INLINE Vec<double> sinh(Vec<double> x) {
    using V = Vec<double>;
    V a = abs(x), y = half_exp_sum<-1>(at_most(a, V::set1(711)));
    return copysign(select(lt(a, V::set1(0x1p-28)), a, y), x);
}
NETLET_INLINE Vec<double> cosh(Vec<double> x) {
    using V = Vec<double>;
    return half_exp_sum<1>(at_most(abs(x), V::set1(711)));
}

// log(1 + u)
NETLET_INLINE Vec<double> log1p_pair(Pair<Vec<double>> u) {
    using V = Vec<double>;
    Pair<V> w = two_sum(V::set1(1), u.hi);
    return log_special(w.hi, log_finite(w.hi, (w.lo + u.lo) / w.hi));
}

// log(1 + u) for u.hi >= 0, but log(2 a) where `far`.
NETLET_INLINE Vec<double> log1p_or_far(Pair<Vec<double>> u, Vec<double> a, Vec<double>::Mask far) {
    using V = Vec<double>;
    Pair<V> w = two_sum(V::set1(1), u.hi);
    V high = select(far, a, w.hi), low = select(far, V::zero(), w.lo + u.lo);
    V y = log_finite(high, low / high);
    return select(far, y + V::set1(0.69314718055994530942), y);
}

// 1.2 ULP; float 0.501
NETLET_INLINE Vec<double> arcsinh(Vec<double> x) {
    using V = Vec<double>;
    const V one = V::set1(1), limit = V::set1(0x1p28);
    V a = abs(x), c = at_most(a, limit);
    Pair<V> square = two_product(c, c), d = two_sum(one, square.hi);
    V root = sqrt(d.hi);
    V root_lo = ((d.lo + square.lo) - product_minus(root, root, d.hi)) / (root + root);
    Pair<V> bottom = fast_two_sum(root, one);
    V q = square.hi / bottom.hi;
    V q_lo = ((square.lo - product_minus(q, bottom.hi, square.hi)) - q * (bottom.lo + root_lo)) / bottom.hi;
    Pair<V> u = two_sum(c, q);
    u.lo += q_lo;
    V y = log1p_or_far(u, a, gt(a, limit));
    return copysign(select(lt(a, infinity<V>()), y, a), x);
}

// 1.2 ULP; float 0.501
NETLET_INLINE Vec<double> arccosh(Vec<double> x) {
    using V = Vec<double>;
    const V one = V::set1(1), limit = V::set1(0x1p28);
    V t = at_most(x, limit) - one;  // exact
    Pair<V> more = two_sum(t, V::set1(2)), square = two_product(t, more.hi);
    V root = sqrt(square.hi);
    V root_lo = (fma(t, more.lo, square.lo) - product_minus(root, root, square.hi)) / (root + root);
    Pair<V> u = two_sum(t, root);
    u.lo = select(eq(t, V::zero()), V::zero(), u.lo + root_lo);
    V y = log1p_or_far(u, x, gt(x, limit));
    return select(lt(x, one), nan<V>(), select(lt(x, infinity<V>()), y, x));
}

// 1.2 ULP; float 0.501
NETLET_INLINE Vec<double> arctanh(Vec<double> x) {
    using V = Vec<double>;
    V a = abs(x), t = a + a;
    Pair<V> d = fast_two_sum(V::set1(1), -a);
    V u = t / d.hi;
    V u_lo = -(product_minus(u, d.hi, t) + u * d.lo) / d.hi;
    return copysign(log1p_pair({u, u_lo}) * V::set1(0.5), x);
}

NETLET_FLOAT_VIA_DOUBLE(sinh)
NETLET_FLOAT_VIA_DOUBLE(cosh)
NETLET_FLOAT_VIA_DOUBLE(arcsinh)
NETLET_FLOAT_VIA_DOUBLE(arccosh)
NETLET_FLOAT_VIA_DOUBLE(arctanh)

}  // namespace netlet::NETLET_ISA
