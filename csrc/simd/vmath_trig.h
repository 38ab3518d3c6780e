// sin, cos, tan.
//
//   x = n pi/2 + r, |r| <= pi/4;  n mod 4 selects one of +-sin r, +-cos r
//   pi/2 in three parts of 33 + 33 + 53 bits (fdlibm's e_rem_pio2.c): n * part is exact for the first two
//   sin r = r + r^3 S(r^2),  cos r = 1 - r^2/2 + r^4 C(r^2)      minimax, tools/minimax.py sin64, cos64
//
// Beyond |x| = 2^19 pi/2 the C library computes each lane. Float is computed in double: near multiples of pi the
// reduction of a float needs twice its digits, and networks spend little time here.
#pragma once
#include "simd/vec_widen.h"
#include "simd/vmath_common.h"

namespace netlet::NETLET_ISA {

template <bool cosine>
NETLET_INLINE Vec<double> sin_or_cos(Vec<double> x) {
    using V = Vec<double>;
    const V limit = V::set1(823549.0);
    const V n = round_even(x * V::set1(0.63661977236758134308));
    V a = fnma(n, V::set1(1.57079632673412561417e+00), x);
    Pair<V> r = two_sum(a, -(n * V::set1(6.07710050630396597660e-11)));
    r.lo = fnma(n, V::set1(2.02226624879595063154e-21), r.lo);
    r = fast_two_sum(r.hi, r.lo);

    V z = r.hi * r.hi;
    V s = poly(z, -0.16666666666666632048, 0.0083333333333224191294, -0.000198412698298124128, 2.7557313693582877121e-6,
               -2.5050758385775276847e-8, 1.5896811869664738099e-10);
    V sine = r.hi + fma(z * r.hi, s, r.lo);
    V c = poly(z, 0.041666666666666599516, -0.0013888888888874131231, 0.000024801587289486977576,
               -2.7557314353779585672e-7, 2.0875723477815253561e-9, -1.1359658784069740029e-11);
    // The rounding error of 1 - z/2 is added back (fdlibm's k_cos.c).
    V half = z * V::set1(0.5), head = V::set1(1) - half;
    V cos_ = head + (((V::set1(1) - head) - half) + (z * z * c - r.hi * r.lo));

    // Quadrant n mod 4 without integers: k = n (+ 1 for cos), odd k takes the cosine, k mod 4 >= 2 is negative.
    V k = cosine ? n + V::set1(1) : n;
    V pairs = floor(k * V::set1(0.5));
    V y = select(ne(pairs + pairs, k), cos_, sine);
    y = select(ne(floor(pairs * V::set1(0.5)) * V::set1(2), pairs), -y, y);
    if (!cosine) y = select(eq(x, V::zero()), x, y);  // keeps -0

    if (any(!le(abs(x), limit))) {  // large, infinite or NaN
        double in[V::width], out[V::width];
        x.store(in);
        y.store(out);
        for (int i = 0; i < V::width; ++i)
            if (!(fabs(in[i]) <= 823549.0)) out[i] = cosine ? ::cos(in[i]) : ::sin(in[i]);
        y = V::load(out);
    }
    return y;
}

// Double 0.9 ULP, float 0.501.
NETLET_INLINE Vec<double> sin(Vec<double> x) { return sin_or_cos<false>(x); }
NETLET_INLINE Vec<double> cos(Vec<double> x) { return sin_or_cos<true>(x); }
NETLET_FLOAT_VIA_DOUBLE(sin)
NETLET_FLOAT_VIA_DOUBLE(cos)

// Double 2.3 ULP, float 0.501.
NETLET_INLINE Vec<double> tan(Vec<double> x) { return sin(x) / cos(x); }
NETLET_FLOAT_VIA_DOUBLE(tan)

}  // namespace netlet::NETLET_ISA
