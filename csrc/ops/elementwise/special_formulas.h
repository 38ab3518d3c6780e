// The formulas of unary_special and binary_special, which the kernels of the CPU and of a GPU expand. V is a vector of
// doubles, or of the element's type on a GPU.
#pragma once
#include "ops/elementwise/integer_formulas.h"
#include "simd/vmath_arc.h"
#include "simd/vmath_erf.h"
#include "simd/vmath_gamma.h"
#include "simd/vmath_hyperbolic.h"
#include "simd/vmath_roots.h"
#include "simd/vmath_special.h"

namespace netlet::NETLET_ISA {

// The rest of C's fmod, exactly. n = trunc(a / b) may be one too large or too small, and a - n b is exact for both.
// Quotients of 2^52 or more, and numbers beyond the exact products' range, are computed by the C library.
NETLET_INLINE Vec<double> fmod(Vec<double> x, Vec<double> y) {
    using V = Vec<double>;
    const V zero = V::zero();
    V a = abs(x), b = abs(y), n = floor(a / b);
    const V::Mask plain =
        lt(n, V::set1(0x1p52)) & lt(a, V::set1(0x1p960)) & lt(b, V::set1(0x1p960)) & gt(b, V::set1(0x1p-900));
    V r = -product_minus(n, b, a);
    r = select(lt(r, zero), r + b, r);
    r = select(ge(r, b), r - b, r);
    r = copysign(r, x);
    if (any(!plain)) {
        double in[V::width], by[V::width], out[V::width];
        x.store(in);
        y.store(by);
        for (int i = 0; i < V::width; ++i) out[i] = ::fmod(in[i], by[i]);
        r = select(plain, r, V::load(out));
    }
    return r;
}

// Where fmod's rest has not the sign of y.
NETLET_INLINE Vec<double>::Mask needs_floor(Vec<double> rest, Vec<double> y) {
    using V = Vec<double>;
    const V zero = V::zero();
    return (lt(rest, zero) & gt(y, zero)) | (gt(rest, zero) & lt(y, zero));
}
// As Python's and NumPy's % and //: computed from the exact rest, so that 1 // 0.1 is 9.
NETLET_INLINE Vec<double> mod(Vec<double> x, Vec<double> y) {
    using V = Vec<double>;
    V r = fmod(x, y);
    return select(needs_floor(r, y), r + y, select(eq(r, V::zero()), copysign(V::zero(), y), r));
}
NETLET_INLINE Vec<double> floor_divide(Vec<double> x, Vec<double> y) {
    using V = Vec<double>;
    const V zero = V::zero(), one = V::set1(1);
    V r = fmod(x, y), quotient = x / y, d = (x - r) / y;
    d = select(needs_floor(r, y), d - one, d);
    V whole = floor(d);
    whole = select(gt(d - whole, V::set1(0.5)), whole + one, whole);
    whole = select(eq(d, zero), copysign(zero, quotient), whole);
    return select(eq(y, zero), quotient, whole);
}

template <class V> NETLET_INLINE V heaviside(V x, V at_zero) {
    const V zero = V::zero();
    return select(gt(x, zero), V::set1(1), select(lt(x, zero), zero, select(eq(x, zero), at_zero, x)));
}

// x 2^n for whole n. If n is no exponent of a normal number, it is made of three factors. Then a result is below all
// subnormal numbers wherever a product before the last one rounds.
NETLET_INLINE Vec<double> ldexp(Vec<double> x, Vec<double> n) {
    using V = Vec<double>;
    n = clip(n, V::set1(-2200), V::set1(2200));
    V third = floor(n * V::set1(1.0 / 3));
    third = select(le(abs(n), V::set1(1022)), V::zero(), third);
    V factor = pow2(third);
    return ((x * factor) * factor) * pow2(n - (third + third));
}

NETLET_FLOATS_VIA_DOUBLE(fmod)
NETLET_FLOATS_VIA_DOUBLE(mod)
NETLET_FLOATS_VIA_DOUBLE(floor_divide)
NETLET_FLOATS_VIA_DOUBLE(ldexp)

// The neighbour of x towards y.
template <class Bits, class T> NETLET_INLINE T next_after(T x, T y) {
    if (x != x || y != y) return x + y;
    if (x == y) return y;
    Bits bits;
    memcpy(&bits, &x, sizeof x);
    const Bits sign = (Bits)1 << (8 * sizeof x - 1);
    if (x == 0)
        bits = y > 0 ? 1 : (Bits)(sign | 1);
    else
        bits = (x < y) == (x > 0) ? bits + 1 : bits - 1;
    T r;
    memcpy(&r, &bits, sizeof r);
    return r;
}
NETLET_INLINE float next_after(float x, float y) { return next_after<uint32_t>(x, y); }
NETLET_INLINE double next_after(double x, double y) { return next_after<uint64_t>(x, y); }

}  // namespace netlet::NETLET_ISA

// clang-format off
// f(name, y): of x
#define NETLET_SPECIAL_VALUES(f)                                                                                       \
    f(arcsin, arcsin(x)) f(arccos, arccos(x)) f(arctan, arctan(x)) f(sinh, sinh(x)) f(cosh, cosh(x))                   \
    f(arcsinh, arcsinh(x)) f(arccosh, arccosh(x)) f(arctanh, arctanh(x)) f(cbrt, cbrt(x)) f(erfc, erfc(x))             \
    f(erfinv, erfinv(x)) f(i0, i0(x)) f(i1, i1(x)) f(lgamma, lgamma(x)) f(digamma, digamma(x))                         \
    f(trigamma, trigamma(x))
// f(name, z): of x and y, floats
#define NETLET_SPECIAL_FLOATS(f)                                                                                       \
    f(arctan2, arctan2(x, y)) f(hypot, hypot(x, y)) f(logaddexp, logaddexp(x, y)) f(logaddexp2, logaddexp2(x, y))      \
    f(heaviside, heaviside(x, y)) f(ldexp, ldexp(x, y)) f(floor_divide, floor_divide(x, y)) f(mod, mod(x, y))          \
    f(fmod, fmod(x, y))
// f(name, z): of x and y, integers of type T
#define NETLET_SPECIAL_INTEGERS(f)                                                                                     \
    f(floor_divide, floor_divided(x, y)) f(mod, floor_rest(x, y)) f(fmod, truncated_rest(x, y))                        \
    f(bitwise_and, (T)(x & y)) f(bitwise_or, (T)(x | y)) f(bitwise_xor, (T)(x ^ y))                                    \
    f(left_shift, shifted_left(x, y)) f(right_shift, shifted_right(x, y))                                              \
    f(gcd, greatest_divisor(x, y)) f(lcm, least_multiple(x, y))
// clang-format on
