// The transforms of Winograd convolutions along one axis, and the places of their tiles (winograd_args.h).
#pragma once
#include "ops/conv/winograd_args.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// ---- the transforms, one axis at a time ----
template <int m> struct Winograd;

template <> struct Winograd<2> {
    template <class V> static NETLET_MEMBER_INLINE void pixels(V& a, V& b, V& c, V& d) {  // B^T
        const V p = a - c, q = b + c, r = c - b, s = b - d;
        a = p, b = q, c = r, d = s;
    }
    template <class V> static NETLET_MEMBER_INLINE void taps(V a, V b, V c, V* out, int64_t step) {  // G
        const V half = V::set1(0.5f), sum = (a + c) * half, middle = b * half;
        out[0] = a, out[step] = sum + middle, out[2 * step] = sum - middle, out[3 * step] = c;
    }
    template <class V> static NETLET_MEMBER_INLINE void sums(const V* in, V* out, int64_t step) {  // A^T
        out[0] = in[0] + in[1] + in[2], out[step] = in[1] - in[2] - in[3];
    }
    // v[point] = B^T x B for one vector of channels; `at(i, j)` loads pixel (i, j). Each row of B^T x is the sum or
    // difference of two rows of pixels; one row at a time, all values stay in AVX2's 16 registers.
    template <class V, class Lanes, class At>
    static NETLET_MEMBER_INLINE void tile(const Lanes& lanes, typename V::Scalar* v, int64_t plane, const At& at) {
        auto row = [&](int to, int i, int j, bool subtract) NETLET_INLINE_LAMBDA {
            V d[4];
            NETLET_UNROLL(4)
            for (int k = 0; k < 4; ++k) d[k] = subtract ? at(i, k) - at(j, k) : at(i, k) + at(j, k);
            pixels(d[0], d[1], d[2], d[3]);
            NETLET_UNROLL(4)
            for (int k = 0; k < 4; ++k) lanes.store(d[k], v + (to * 4 + k) * plane);
        };
        row(0, 0, 2, true);
        row(1, 1, 2, false);
        row(2, 2, 1, true);
        row(3, 1, 3, true);
    }

    // For the gradient of the taps: G^T and A.
    template <class V> static NETLET_MEMBER_INLINE void tap_gradient(V a, V b, V c, V d, V* out, int64_t step) {
        const V half = V::set1(0.5f), sum = (b + c) * half;
        out[0] = a + sum, out[step] = (b - c) * half, out[2 * step] = sum + d;
    }
    template <class V> static NETLET_MEMBER_INLINE void pixel_gradient(V a, V b, V* out, int64_t step) {
        out[0] = a, out[step] = a + b, out[2 * step] = a - b, out[3 * step] = -b;
    }
};

// The polynomials are evaluated at 0, +-p, +-q and infinity (Toom and Cook). p and q are chosen for a small error: on
// normal data its root mean square is 1.8 times that of the definition, in sequential sums of 64 channels; with the
// common choice of 1 and 2 it is 3.6 times (Barabasz et al., "Error analysis and improving the accuracy of Winograd
// convolution for deep neural networks", 2020, explain why). Both are exact in a few bits, and so are A and B.
template <> struct Winograd<4> {
    static constexpr float p = 0.625f, q = 1.5f, pp = p * p, qq = q * q;
    template <class V> static NETLET_MEMBER_INLINE void pixels(const V* in, V* out, int64_t step) {  // B^T
        const V P = V::set1(p), Q = V::set1(q), PP = V::set1(pp), QQ = V::set1(qq);
        const V sum = V::set1(pp + qq), product = V::set1(pp * qq);
        const V even_p = fnma(QQ, in[2], in[4]), odd_p = fnma(QQ, in[1], in[3]);
        const V even_q = fnma(PP, in[2], in[4]), odd_q = fnma(PP, in[1], in[3]);
        out[0] = fma(product, in[0], fnma(sum, in[2], in[4]));
        out[step] = fma(P, odd_p, even_p), out[2 * step] = fnma(P, odd_p, even_p);
        out[3 * step] = fma(Q, odd_q, even_q), out[4 * step] = fnma(Q, odd_q, even_q);
        out[5 * step] = fma(product, in[1], fnma(sum, in[3], in[5]));
    }
    template <class V> static NETLET_MEMBER_INLINE void taps(V a, V b, V c, V* out, int64_t step) {  // G
        constexpr float at_p = 1 / (2 * pp * (pp - qq)), at_q = 1 / (2 * qq * (qq - pp));
        const V even_p = fma(V::set1(pp * at_p), c, V::set1(at_p) * a), odd_p = V::set1(p * at_p) * b;
        const V even_q = fma(V::set1(qq * at_q), c, V::set1(at_q) * a), odd_q = V::set1(q * at_q) * b;
        out[0] = a * V::set1(1 / (pp * qq));
        out[step] = even_p + odd_p, out[2 * step] = even_p - odd_p;
        out[3 * step] = even_q + odd_q, out[4 * step] = even_q - odd_q, out[5 * step] = c;
    }
    template <class V> static NETLET_MEMBER_INLINE void sums(const V* in, V* out, int64_t step) {  // A^T
        const V even_p = in[1] + in[2], odd_p = in[1] - in[2], even_q = in[3] + in[4], odd_q = in[3] - in[4];
        out[0] = in[0] + even_p + even_q;
        out[step] = fma(V::set1(p), odd_p, V::set1(q) * odd_q);
        out[2 * step] = fma(V::set1(pp), even_p, V::set1(qq) * even_q);
        out[3 * step] = fma(V::set1(p * pp), odd_p, fma(V::set1(q * qq), odd_q, in[5]));
    }
    // As Winograd<2>::tile, by columns and then by rows. These loops are not unrolled, which is as fast and makes the
    // kernel half as large.
    template <class V, class Lanes, class At>
    static NETLET_MEMBER_INLINE void tile(const Lanes& lanes, typename V::Scalar* v, int64_t plane, const At& at) {
        V columns[36], row[6];
        NETLET_UNROLL(1)
        for (int j = 0; j < 6; ++j) {
            V d[6];
            NETLET_UNROLL(6)
            for (int i = 0; i < 6; ++i) d[i] = at(i, j);
            pixels(d, columns + j, 6);
        }
        NETLET_UNROLL(1)
        for (int i = 0; i < 6; ++i) {
            pixels(columns + i * 6, row, 1);
            NETLET_UNROLL(6)
            for (int j = 0; j < 6; ++j) lanes.store(row[j], v + (i * 6 + j) * plane);
        }
    }
};

// ---- tiles ----
struct TilePlace {
    int64_t n, h, w;  // the image, and the first of the tile's m x m output pixels
};
template <int m> NETLET_INLINE TilePlace tile_place(const ConvAxis& h, const ConvAxis& w, int64_t tile) {
    const int64_t across = (w.grid + m - 1) / m, down = (h.grid + m - 1) / m;
    return {tile / across / down, tile / across % down * m, tile % across * m};
}
template <int m> NETLET_INLINE void next(TilePlace& at, const ConvAxis& h, const ConvAxis& w) {
    if ((at.w += m) < w.grid) return;
    at.w = 0;
    if ((at.h += m) < h.grid) return;
    at.h = 0;
    ++at.n;
}
template <int m> NETLET_INLINE int64_t tiles_of(const ConvAxis& h, const ConvAxis& w, int64_t batch) {
    return batch * ((h.grid + m - 1) / m) * ((w.grid + m - 1) / m);
}

}  // namespace netlet::NETLET_ISA
