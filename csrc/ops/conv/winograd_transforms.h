// The transforms of Winograd convolutions along one axis, and the places of their tiles (winograd_args.h).
#pragma once
#include "ops/conv/winograd_args.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// ---- the transforms, one axis at a time ----
template <class V>
NETLET_INLINE void tile_transform(V& a, V& b, V& c, V& d) {  // B^T
    const V p = a - c, q = b + c, r = c - b, s = b - d;
    a = p, b = q, c = r, d = s;
}
template <class V>
NETLET_INLINE void tap_transform(V a, V b, V c, V* out, int64_t step) {  // G
    const V half = V::set1(0.5f), sum = (a + c) * half, middle = b * half;
    out[0] = a, out[step] = sum + middle, out[2 * step] = sum - middle, out[3 * step] = c;
}
template <class V>
NETLET_INLINE void tap_gradient(V a, V b, V c, V d, V* out, int64_t step) {  // G^T
    const V half = V::set1(0.5f), sum = (b + c) * half;
    out[0] = a + sum, out[step] = (b - c) * half, out[2 * step] = sum + d;
}
template <class V>
NETLET_INLINE void pixel_transform(V a, V b, V c, V d, V* out, int64_t step) {  // A^T
    out[0] = a + b + c, out[step] = b - c - d;
}
template <class V>
NETLET_INLINE void pixel_gradient(V a, V b, V* out, int64_t step) {  // A
    out[0] = a, out[step] = a + b, out[2 * step] = a - b, out[3 * step] = -b;
}

// ---- tiles ----
struct TilePlace {
    int64_t n, h, w;  // the image, and the first of the tile's 2x2 output pixels
};
NETLET_INLINE TilePlace tile_place(const ConvAxis& h, const ConvAxis& w, int64_t tile) {
    const int64_t across = (w.grid + 1) / 2, down = (h.grid + 1) / 2;
    return {tile / across / down, tile / across % down * 2, tile % across * 2};
}
NETLET_INLINE void next(TilePlace& at, const ConvAxis& h, const ConvAxis& w) {
    if ((at.w += 2) < w.grid) return;
    at.w = 0;
    if ((at.h += 2) < h.grid) return;
    at.h = 0;
    ++at.n;
}
NETLET_INLINE int64_t tiles_of(const ConvAxis& h, const ConvAxis& w, int64_t batch) {
    return batch * ((h.grid + 1) / 2) * ((w.grid + 1) / 2);
}

}  // namespace netlet::NETLET_ISA
