// Table-based float functions for AVX-512. One instruction looks up a table of 16 entries in one register or of 32 in
// two. Short intervals (pieces) need short polynomials: tanh, erf and log take half the time of the formulas that they
// replace; exp, expm1, sigmoid and log1p take a third less time.
//
//   tanh, erf            |x| in 32 pieces, each with its own polynomial; no exponential, no division
//   exp, expm1, sigmoid  x = (n + k/16) ln 2 + r;  e^x = 2^n (T + w), T = 2^(k/16)
//   log, log1p           x = 2^e m, m in [3/4, 3/2) in 32 pieces; f = m c - 1, c ~ 1/m;
//                        log x = e ln 2 - log c + log(1 + f)
//
// Tables: tools/tables.py. Errors are the worst over all 2^32 inputs.
#pragma once
#include "simd/vmath_common.h"
#include "simd/vmath_tables.h"

namespace netlet::NETLET_ISA {

// table[index mod 16], table[index mod 32]
NETLET_INLINE Vec<float> lookup(const float (&table)[16], VecI index) {
    return {_mm512_permutexvar_ps(index.r, _mm512_load_ps(table))};
}
NETLET_INLINE Vec<float> lookup(const float (&table)[32], VecI index) {
    return {_mm512_permutex2var_ps(_mm512_load_ps(table), index.r, _mm512_load_ps(table + 16))};
}

// ---- tanh, erf ----------------------------------------------------------------------------------------------------

// y0 + t P(t) for 0 <= a below the end of the last piece. The exponent of a and two more bits select the piece.
// `first` is the number of the piece that begins at 0; in that piece *first_y0, if given, replaces y0.
template <int first>
NETLET_INLINE Vec<float> by_pieces(const Pieces& p, Vec<float> a, const Vec<float>* first_y0 = nullptr) {
    using V = Vec<float>;
    VecI piece = shr<21>(max(as_int(a), VecI::set1(first << 21)));
    V t = a - lookup(p.center, piece), y0 = lookup(p.y0, piece);
    if (first_y0) y0 = select(lt(a, as_float(VecI::set1((first + 1) << 21))), *first_y0, y0);
    V y = fma(lookup(p.c6, piece), t, lookup(p.c5, piece));
    y = fma(y, t, lookup(p.c4, piece));
    y = fma(y, t, lookup(p.c3, piece));
    y = fma(y, t, lookup(p.c2, piece));
    y = fma(y, t, lookup(p.c1, piece));
    return fma(y, t, y0);
}
// An odd function that is 1 beyond `last`.
template <int first>
NETLET_INLINE Vec<float> odd_by_pieces(const Pieces& p, Vec<float> x, float last) {
    Vec<float> a = at_most(abs(x), Vec<float>::set1(last));
    return copysign(by_pieces<first>(p, a, &a), x);
}

// 0.62 ULP
NETLET_INLINE Vec<float> tanh(Vec<float> x) { return odd_by_pieces<0x1E9>(tanh_pieces, x, 9.5f); }
// 0.62 ULP
NETLET_INLINE Vec<float> erf(Vec<float> x) { return odd_by_pieces<0x1E4>(erf_pieces, x, 3.99f); }

// ---- exp, expm1, sigmoid ------------------------------------------------------------------------------------------

// x = (n + k/16) ln 2 + r, where n + k/16 = steps.
struct ExpSteps {
    Vec<float> steps, r;
    VecI k;  // in its low four bits
};
NETLET_INLINE ExpSteps exp_steps(Vec<float> x) {
    using V = Vec<float>;
    const V magic = V::set1(0x1.8p19f);  // its last bit is worth 1/16
    V shifted = fma(x, V::set1(1.44269504f), magic), steps = shifted - magic;
    V exact = fnma(steps, V::set1(0x1.62e4p-1f), x);
    return {steps, fnma(steps, V::set1(1.42860677e-6f), exact), as_int(shifted)};
}
// T (e^r - 1) + T_lo for |r| < 0.022: added to T, it gives (T + T_lo) e^r. Coefficients: tools/minimax.py expstep32.
NETLET_INLINE Vec<float> rest_of_power(Vec<float> T, Vec<float> T_lo, Vec<float> r) {
    using V = Vec<float>;
    return fma(T, fma(r * r, fma(r, V::set1(0.16667058056f), V::set1(0.50001620254f)), r), T_lo);
}
// x 2^floor(n). It overflows to infinity; a subnormal result is rounded once.
NETLET_INLINE Vec<float> scale(Vec<float> x, Vec<float> n) { return {_mm512_scalef_ps(x.r, n.r)}; }

// 0.77 ULP
NETLET_INLINE Vec<float> exp(Vec<float> x) {
    ExpSteps e = exp_steps(exp_clamp(x));
    Vec<float> T = lookup(exp_steps16.up, e.k);
    return scale(T + rest_of_power(T, lookup(exp_steps16.up_lo, e.k), e.r), e.steps);
}

// e^x - 1 = 2^n ((T - 2^-n) + w); near 0, where that cancels, x + x^2 Q(x), minimax.py expm1near32. 0.71 ULP
NETLET_INLINE Vec<float> expm1(Vec<float> x) {
    using V = Vec<float>;
    V a = clip(x, V::set1(-18), V::set1(89));
    ExpSteps e = exp_steps(a);
    V T = lookup(exp_steps16.up, e.k);
    Pair<V> d = two_sum(T, -scale(V::set1(1), -floor(e.steps)));
    V far = scale(d.hi + (d.lo + rest_of_power(T, lookup(exp_steps16.up_lo, e.k), e.r)), e.steps);
    V near = fma(a * a, poly(a, 0.49999999743f, 0.16666633372f, 0.04166680947f, 0.0083505898725f, 0.0013885741624f), a);
    return copysign(select(lt(abs(x), V::set1(0.25f)), near, far), x);  // keeps -0
}

// sigmoid x = 2^n y for x <= 0, n = floor(steps): 1 / (1 + e^-x) = i / (i + T + w) with i = 2^n, T = 2^(-k/16) >= i.
NETLET_INLINE Vec<float> sigmoid_tail(Vec<float> x, Vec<float>& steps) {
    using V = Vec<float>;
    const V one = V::set1(1);
    ExpSteps e = exp_steps(at_least(x, V::set1(-112)));
    steps = e.steps;
    V T = lookup(exp_steps16.down, e.k);
    Pair<V> d = fast_two_sum(T, scale(one, steps));
    d.lo = d.lo + rest_of_power(T, lookup(exp_steps16.down_lo, e.k), -e.r);
    V inverse = one / (d.hi + d.lo);
    return fma(inverse, fnma(inverse, d.lo, fnma(inverse, d.hi, one)), inverse);
}

// For x > 0 it is 1 - sigmoid(-x), where the error of sigmoid(-x) counts half. 0.78 ULP
NETLET_INLINE Vec<float> sigmoid(Vec<float> x) {
    using V = Vec<float>;
    V steps, tail = sigmoid_tail(-abs(x), steps);
    tail = scale(tail, steps);
    return select(lt(x, V::zero()), tail, V::set1(1) - tail);
}

// x F(x) where F(-a) = 2^floor(steps) tail and F(a) = 1 - F(-a); `near` is x, clipped. As in the product x F(x), -0
// gives -0 and -inf gives NaN.
NETLET_INLINE Vec<float> gate(Vec<float> x, Vec<float> near, Vec<float> tail, Vec<float> steps) {
    Vec<float> p = scale(near * tail, steps);
    return select(lt(as_int(x), VecI::zero()), fma(x, Vec<float>::zero(), p), x - p);
}

// x sigmoid x. 1.5 ULP
NETLET_INLINE Vec<float> silu(Vec<float> x) {
    using V = Vec<float>;
    V near = clip(x, V::set1(-120), V::set1(120)), steps, tail = sigmoid_tail(-abs(near), steps);
    return gate(x, near, tail, steps);
}

// x Phi(x), Phi(-a) = exp(-a^2/2) mills(a). 2.8 ULP
NETLET_INLINE Vec<float> gelu(Vec<float> x) {
    using V = Vec<float>;
    V near = clip(x, V::set1(-15.5f), V::set1(15.5f)), a = abs(near);
    Pair<V> square = two_product(a, a * V::set1(-0.5f));
    ExpSteps e = exp_steps(square.hi);
    V T = lookup(exp_steps16.up, e.k);
    V power = T + rest_of_power(T, lookup(exp_steps16.up_lo, e.k), e.r + square.lo);
    return gate(x, near, power * by_pieces<0x1EC>(mills_pieces, a), e.steps);
}

// ---- log, log1p ---------------------------------------------------------------------------------------------------

// log(x + x_lo), |x_lo| <= ulp(x), for positive finite x.
template <bool with_low>
NETLET_INLINE Vec<float> log_by_pieces(Vec<float> x, Vec<float> x_lo) {
    using V = Vec<float>;
    const V one = V::set1(1);
    V m = {_mm512_getmant_ps(x.r, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src)}, e = {_mm512_getexp_ps(x.r)};
    e = select(lt(m, one), e + one, e);
    VecI piece = shr<18>(as_int(m));
    V c = lookup(log_pieces.inverse, piece);
    V f = fma(m, c, -one);
    // -log c is a multiple of 2^-17, so that this sum is exact.
    V high = fma(e, V::set1(0x1.62e4p-1f), lookup(log_pieces.minus_log, piece));
    Pair<V> sum = fast_two_sum(high, f);
    V low = fma(e, V::set1(1.42860677e-6f), sum.lo);
    if constexpr (with_low) {
        V f_lo = scale(x_lo, -e) * c;
        low = low + f_lo;
        f = f + f_lo;
    }
    V q = fma(f, fma(f, fma(f, V::set1(0.2f), V::set1(-0.25f)), V::set1(0.33333333f)), V::set1(-0.5f));
    return sum.hi + fma(f * f, q, low);
}

// y, but -inf where x is 0, NaN where it is negative or NaN, and inf where it is infinite.
NETLET_INLINE Vec<float> log_special(Vec<float> y, Vec<float> x) {
    // A digit for each class of x, from the right: quiet NaN, signalling NaN, 0, 1, -inf, inf, negative, positive.
    // 0 keeps y, 1 is x, 2 is NaN, 4 is -inf, 5 is inf.
    return {_mm512_fixupimm_ps(y.r, x.r, _mm512_set1_epi32(0x02520411), 0)};
}

// 0.79 ULP
NETLET_INLINE Vec<float> log(Vec<float> x) { return log_special(log_by_pieces<false>(x, x), x); }

// 0.79 ULP
NETLET_INLINE Vec<float> log1p(Vec<float> x) {
    using V = Vec<float>;
    Pair<V> u = two_sum(V::set1(1), x);
    V y = log_special(log_by_pieces<true>(u.hi, u.lo), u.hi);
    return select(eq(x, V::zero()), x, y);  // keeps -0
}

}  // namespace netlet::NETLET_ISA
