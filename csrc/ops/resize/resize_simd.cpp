#include "dispatch/kernel.h"
#include "ops/resize/resize_args.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

// One row of y from `count` rows of x, in vectors along `inner`.
template <class T>
NETLET_INLINE void combine(const ResampleArgs<T>& a, const T* x, const T* w, int64_t count, T* y) {
    using V = Vec<T>;
    each_vector<V>({0, a.inner}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
        // Not fma(w, x, 0): one tap of weight 1 is a copy, the sign of zero included.
        V sum = count > 0 ? V::set1(w[0]) * lanes.load(x + j) : V::zero();
        for (int64_t t = 1; t < count; ++t) sum = fma(V::set1(w[t]), lanes.load(x + t * a.inner + j), sum);
        lanes.store(a.accumulate ? lanes.load(y + j) + sum : sum, y + j);
    });
}

// Two taps, as in bilinear interpolation, for rows that fit one vector: grey and colour images, along their width.
template <class T>
NETLET_INLINE void combine_two(const ResampleArgs<T>& a, const T* x, const T* w, T* y) {
    using V = Vec<T>;
    const V sum = fma(V::set1(w[1]), V::load_n(x + a.inner, a.inner), V::set1(w[0]) * V::load_n(x, a.inner));
    (a.accumulate ? V::load_n(y, a.inner) + sum : sum).store_n(y, a.inner);
}

template <class T, class Row>
NETLET_INLINE void each_row(const ResampleArgs<T>& a, Range r, const Row& row) {
    int64_t i = r.begin % a.m;
    const T* x = a.x + r.begin / a.m * a.n * a.inner;
    T* y = a.y + r.begin * a.inner;
    for (int64_t unit = r.begin; unit < r.end; ++unit, y += a.inner) {
        row(x + a.first[i] * a.inner, a.w + i * a.taps, (int64_t)a.count[i], y);
        if (++i < a.m) continue;
        i = 0;
        x += a.n * a.inner;
    }
}

template <class T>
NETLET_INLINE void resample(const ResampleArgs<T>& a, Range r) {
    if (a.inner > Vec<T>::width)
        return each_row(a, r, [&](const T* x, const T* w, int64_t count, T* y) { combine(a, x, w, count, y); });
    each_row(a, r, [&](const T* x, const T* w, int64_t count, T* y) {
        if (count == 2)
            combine_two(a, x, w, y);
        else
            combine(a, x, w, count, y);
    });
}

NETLET_DEFINE_KERNEL(resample_f32, ResampleArgs<float>) { resample(a, r); }
NETLET_DEFINE_KERNEL(resample_f64, ResampleArgs<double>) { resample(a, r); }

}  // namespace netlet::NETLET_ISA
