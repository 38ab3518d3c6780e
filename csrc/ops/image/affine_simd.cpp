#include "dispatch/kernel.h"
#include "ops/image/affine_taps.h"
#include "simd/prefetch.h"
#include "simd/vec.h"

namespace netlet::NETLET_ISA {

// A pixel of few channels is one partial vector; a pixel of one channel is computed as a scalar.
template <class T, int fixed>
NETLET_INLINE void blend(const T* p, int64_t right, int64_t down, const T* const weight[4], int64_t i, T* y,
                         int64_t C) {
    if (fixed == 1) {
        *y =
            ((weight[0][i] * p[0] + weight[1][i] * p[right]) + weight[2][i] * p[down]) + weight[3][i] * p[down + right];
        return;
    }
    using V = Vec<T>;
    const V w0 = V::set1(weight[0][i]), w1 = V::set1(weight[1][i]);
    const V w2 = V::set1(weight[2][i]), w3 = V::set1(weight[3][i]);
    for (int64_t c = 0; c < C; c += V::width) {
        const int64_t n = C - c < V::width ? C - c : V::width;
        V sum = w0 * V::load_n(p + c, n) + w1 * V::load_n(p + c + right, n);
        sum += w2 * V::load_n(p + c + down, n);
        (sum + w3 * V::load_n(p + c + down + right, n)).store_n(y + c, n);
    }
}

// The same for taps that may be outside the image.
template <class T>
NETLET_INLINE void blend_at_edge(const AffineMap<T>& m, const T* x, const AffineBlock<T>& block, int64_t i, T* y) {
    const AffineTaps<T> taps(m, block, i);
    for (int64_t c = 0; c < m.C; ++c) {
        T sum = 0;
        for (int64_t tap = 0; tap < taps.count; ++tap) {
            const T value = taps.offset[tap] < 0 ? m.fill_value : x[taps.offset[tap] + c];
            const T part = m.bilinear ? block.weight[tap][i] * value : value;
            sum = tap ? sum + part : part;
        }
        y[c] = sum;
    }
}

template <class T, int fixed>
NETLET_INLINE void affine_rows(const AffineArgs<T>& a, Range r) {
    const AffineMap<T> m = a.map;
    const int64_t C = fixed ? fixed : m.C, right = C, down = m.W * C;
    const uint32_t rows = (uint32_t)(m.H - m.bilinear), columns = (uint32_t)(m.W - m.bilinear);  // of first taps inside
    // A slanted path reads a new cache line every few pixels, in an order that the hardware prefetcher does not
    // predict. If this call computes a whole image and the image fits the L2 cache (1 MB), the image is prefetched in
    // order.
    const int64_t image_bytes = m.H * m.W * C * (int64_t)sizeof(T);
    const bool whole = r.end - r.begin >= m.H && image_bytes <= (1 << 20);
    AffineBlock<T> block;
    const T* const weight[4] = {block.weight[0], block.weight[1], block.weight[2], block.weight[3]};
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t image = unit / m.H, h = unit % m.H;
        const T* x = a.x + image * m.H * m.W * C;
        T* y = a.y + unit * m.W * C;
        if (h == 0 && whole) prefetch(x, image_bytes);
        for (int64_t w = 0; w < m.W; w += affine_block) {
            const int64_t n = fill_block(m, m.transform + image * m.step, h, w, block);
            for (int64_t i = 0; i < n; ++i, y += C) {
                const uint32_t row = (uint32_t)block.row[i],
                               column = (uint32_t)block.column[i];  // negative: very large
                if (row >= rows || column >= columns) {
                    blend_at_edge(m, x, block, i, y);
                    continue;
                }
                const T* p = x + row * down + column * right;
                if (m.bilinear)
                    blend<T, fixed>(p, right, down, weight, i, y, C);
                else
                    for (int64_t c = 0; c < C; ++c) y[c] = p[c];
            }
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
