#include "dispatch/kernel.h"
#include "ops/image/affine_pixels.h"
#include "simd/prefetch.h"

namespace netlet::NETLET_ISA {

template <class T, int fixed>
NETLET_INLINE void affine_rows(const AffineArgs<T>& a, Range r) {
    const AffineMap<T> m = a.map;
    const int64_t C = fixed ? fixed : m.C;
    // A slanted path reads a new cache line every few pixels, in an order that the hardware prefetcher does not
    // predict. If this call computes a whole image and the image fits the L2 cache (1 MB), the image is prefetched in
    // order.
    const int64_t image_bytes = m.H * m.W * C * (int64_t)sizeof(T);
    const bool whole = r.end - r.begin >= m.H && image_bytes <= (1 << 20);
    AffineBlock<T> block;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t image = unit / m.H, h = unit % m.H;
        const T* x = a.x + image * m.H * m.W * C;
        T* y = a.y + unit * m.W * C;
        if (h == 0 && whole) prefetch(x, image_bytes);
        for (int64_t w = 0; w < m.W; w += affine_block) {
            const int64_t n = fill_block(m, m.transform + image * m.step, h, w, block);
            blend_block<T, fixed>(m, x, block, n, y);
            y += n * C;
        }
    }
}

template <class T>
NETLET_INLINE void affine_fwd(const AffineArgs<T>& a, Range r) {
    switch (a.map.C) {
        case 1: return affine_rows<T, 1>(a, r);
        case 3: return affine_rows<T, 3>(a, r);
        default: return affine_rows<T, 0>(a, r);
    }
}

template <class T>
NETLET_INLINE void affine_bwd(const AffineBwdArgs<T>& a, Range r) {
    const AffineMap<T> m = a.map;
    const int64_t size = m.H * m.W * m.C;
    AffineBlock<T> block;
    for (int64_t image = r.begin; image < r.end; ++image) {
        const T* dy = a.dy + image * size;
        T* dx = a.dx + image * size;
        if (!a.accumulate)
            for (int64_t i = 0; i < size; ++i) dx[i] = 0;
        for (int64_t h = 0; h < m.H; ++h)
            for (int64_t w = 0; w < m.W; w += affine_block) {
                const int64_t n = fill_block(m, m.transform + image * m.step, h, w, block);
                for (int64_t i = 0; i < n; ++i, dy += m.C) {
                    const AffineTaps<T> taps(m, block, i);
                    for (int64_t tap = 0; tap < taps.count; ++tap) {
                        if (taps.offset[tap] < 0) continue;
                        const T weight = m.bilinear ? block.weight[tap][i] : 1;
                        for (int64_t c = 0; c < m.C; ++c) dx[taps.offset[tap] + c] += weight * dy[c];
                    }
                }
            }
    }
}

NETLET_DEFINE_KERNEL(affine_fwd_f32, AffineArgs<float>) { affine_fwd(a, r); }
NETLET_DEFINE_KERNEL(affine_fwd_f64, AffineArgs<double>) { affine_fwd(a, r); }
NETLET_DEFINE_KERNEL(affine_bwd_f32, AffineBwdArgs<float>) { affine_bwd(a, r); }
NETLET_DEFINE_KERNEL(affine_bwd_f64, AffineBwdArgs<double>) { affine_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
