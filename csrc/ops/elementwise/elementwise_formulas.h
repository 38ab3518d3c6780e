// The formulas of the elementwise operations on one vector V, which the kernels of the CPU and of a GPU expand.
#pragma once
#include "ops/elementwise/broadcast_ties.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

template <class V> NETLET_INLINE V sign(V x) {
    return select(gt(x, V::zero()), V::set1(1), select(lt(x, V::zero()), V::set1(-1), x));
}
template <class V> NETLET_INLINE V clamp(V x, V lo, V hi) { return min(max(x, lo), hi); }

}  // namespace netlet::NETLET_ISA

// clang-format off
// f(name, y) with y a function of x and of the constants one, lo and hi.
#define NETLET_UNARY_VALUES(f)                                                                                         \
    f(negative, -x) f(abs, abs(x)) f(exp, exp(x)) f(log, log(x)) f(log1p, log1p(x)) f(expm1, expm1(x))                 \
    f(sqrt, sqrt(x)) f(rsqrt, one / sqrt(x)) f(square, x * x) f(sin, sin(x)) f(cos, cos(x)) f(tan, tan(x))             \
    f(exp2, exp2(x)) f(log2, log2(x)) f(log10, log10(x)) f(erf, erf(x)) f(reciprocal, one / x)                         \
    f(clip, clamp(x, lo, hi)) f(sign, sign(x)) f(floor, floor(x)) f(ceil, -floor(-x)) f(round, round_even(x))  \
    f(trunc, copysign(floor(abs(x)), x))

// f(name, saved, dx) with dx a function of dy, of x or y, whichever is saved, and of the constants one, half, two, lo,
// hi and two_over_root_pi. clip is minimum(maximum(x, lo), hi): half of dy at each bound that x equals, as in JAX.
#define NETLET_UNARY_GRADIENTS(f)                                                                                      \
    f(negative, x, -dy)                                                                                                \
    f(abs, x, dy * sign(x))                                                                                            \
    f(exp, y, dy * y)                                                                                                  \
    f(log, x, dy / x)                                                                                                  \
    f(log1p, x, dy / (one + x))                                                                                        \
    f(expm1, y, dy * (y + one))                                                                                        \
    f(sqrt, y, dy * (half / y))                                                                                        \
    f(rsqrt, y, dy * (-half * (y * y * y)))                                                                            \
    f(square, x, dy * (two * x))                                                                                       \
    f(sin, x, dy * cos(x))                                                                                             \
    f(cos, x, dy * -sin(x))                                                                                            \
    f(tan, y, dy * (one + y * y))                                                                                      \
    f(exp2, y, dy * (y * V::set1((T)0.69314718055994530942)))                                                          \
    f(log2, x, dy / (x * V::set1((T)0.69314718055994530942)))                                                          \
    f(log10, x, dy / (x * V::set1((T)2.3025850929940456840)))                                                          \
    f(erf, x, dy * (two_over_root_pi * exp(-(x * x))))                                                                 \
    f(reciprocal, y, dy * -(y * y))                                                                                    \
    f(clip, x, share_of_extreme(share_of_extreme(dy, max(x, lo), hi, clamp(x, lo, hi)), x, lo, max(x, lo)))

// f(name, dx) with dx a function of dy, p and q. base: p^0 has slope 0, also where p^(q - 1) is infinite. exponent:
// 0^p has slope 0 too, where log(0) would give NaN.
#define NETLET_BINARY_GRADIENTS(f)                                                                                     \
    f(factor, dy * q)                                                                                                  \
    f(dividend, dy / q)                                                                                                \
    f(divisor, -((dy / p) * (q / p)))                                                                                  \
    f(base, select(eq(q, V::zero()), V::zero(), dy * (q * pow(p, q - V::set1(1)))))                                    \
    f(exponent, dy * (pow(q, p) * log(select(eq(q, V::zero()), V::set1(1), q))))                                       \
    f(maximum, share_of_extreme(dy, p, q, max(p, q)))                                                                  \
    f(minimum, share_of_extreme(dy, p, q, min(p, q)))
// clang-format on
