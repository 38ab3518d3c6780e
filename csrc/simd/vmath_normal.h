// The normal distribution: cdf Phi(x) and density phi(x), for GELU; its quantiles, for random numbers.
//
//   a = |x|:  Phi(-a) = e^(-a^2/2) u P(v),  u = k / (a + k),  v = 2a / (a + k) = 2 - 2u
//   Phi(x) = Phi(-a) for x < 0, 1 - Phi(-a) for x >= 0;   phi(x) = e^(-a^2/2) / sqrt(2 pi)
//   P minimax: tools/minimax.py normal32, normal64 (a polynomial in v - 1, where its 25 terms cancel least)
//
// The result is relatively accurate in the tail too, unlike 1/2 (1 + erf). cdf and density share one exponential, and
// a^2 is exact.
#pragma once
#include "simd/vmath_exp.h"
#include "simd/vmath_log.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE Vec<float> normal_tail_p(Vec<float> v) {
    return poly(v, 0.50000000758f, -0.24867870461f, 0.016963250236f, 0.014582286064f, 0.001426983743f,
                -0.0019079431292f, 0.00089274330559f, -0.00099435923635f, 0.00044122563575f, -6.2825536102e-5f);
}
NETLET_INLINE Vec<double> normal_tail_p(Vec<double> v) {
    return poly(v - Vec<double>::set1(1), 0.15383860995001259191, -0.13307650057801136981, 0.099061123193995214013,
                -0.062706631334257549699, 0.033004073234081442084, -0.013823727741373669133, 0.0041590133598526185032,
                -0.0005986753524028356212, -0.0001595738778769345724, 0.00010897979878775204936,
                -0.000011875161263182582908, -9.9524923653191607484e-6, 3.3363266183423941603e-6,
                7.9596424105233694435e-7, -5.5413929478651158254e-7, -6.6920117554276796866e-8,
                8.7247806809614053132e-8, 8.0392872565582673843e-9, -1.4014294502197013355e-8,
                -1.7091494997466696688e-9, 2.1496289493845644615e-9, 4.3916828714707826266e-10,
                -2.2991800681331956827e-10, -7.3932283920633252539e-11, 5.2571159767882151641e-13);
}

// Phi(-|x|) = 2^n tail, sqrt(2 pi) phi(x) = 2^n head.
template <class V>
struct ScaledNormal {
    V tail, head, n;
};
template <class V>
NETLET_INLINE ScaledNormal<V> scaled_normal(V x) {
    const V k = constant<V>(2.5f, 5), far = constant<V>(15, 39), one = V::set1(1);
    V a = at_most(abs(x), far);
    V inverse = one / (a + k);
    V p = k * inverse * normal_tail_p((a + a) * inverse);
    Pair<V> square = two_product(a, a);
    const V half = constant<V>(-0.5f, -0.5);
    ExpParts<V> e = exp_parts(square.hi * half, square.lo * half);
    V head = one_plus(e.r, e.t);
    return {head * p, head, e.n};
}

template <class V>
struct Normal {
    V cdf, density;
};

// cdf: float 5 ULP, double 5.
template <class V>
NETLET_INLINE Normal<V> normal(V x) {
    ScaledNormal<V> s = scaled_normal(x);
    Pow2<V> scale(s.n);
    V tail = s.tail * scale;
    return {select(lt(x, V::zero()), tail, V::set1(1) - tail),
            (s.head * constant<V>(0.398942280f, 0.39894228040143267794)) * scale};
}

// x Phi(x), rounded once where it is subnormal. Where Phi(x) is 0, x * 0 gives a zero of the right sign, and NaN for
// -inf. Float 6 ULP, double 6.
template <class V>
NETLET_INLINE V gelu(V x) {
    const V zero = V::zero();
    ScaledNormal<V> s = scaled_normal(x);
    Pow2<V> scale(s.n);
    V below = select(lt(x, constant<V>(-15, -39)), x * zero, (x * s.tail) * scale);
    return select(lt(x, zero), below, x * (V::set1(1) - s.tail * scale));
}

// The a >= 0 with Phi(-a) = q, for q in (2^-60, 1/2]. It starts from the rational approximation of Abramowitz and
// Stegun, 26.2.23 (error at most 4.5e-4), and takes steps of Halley's method, each of which cubes the error:
//   e = (Phi(-a) - q) / phi(a),  a += e / (1 - a e / 2)
// The absolute error is the error of Phi divided by phi, of the order of the unit roundoff.
template <class V>
NETLET_INLINE V normal_tail_quantile(V q) {
    const V one = V::set1(1);
    V t = sqrt(log(q) * constant<V>(-2, -2));
    V a = t - poly(t, 2.515517f, 0.802853f, 0.010328f) / poly(t, 1.0f, 1.432788f, 0.189269f, 0.001308f);
    constexpr int steps = sizeof(typename V::Scalar) == 4 ? 1 : 2;
    for (int i = 0; i < steps; ++i) {
        Normal<V> n = normal(-a);
        V e = (n.cdf - q) / n.density;
        a += e / fnma(a * e, constant<V>(0.5f, 0.5), one);
    }
    return a;
}

}  // namespace netlet::NETLET_ISA
