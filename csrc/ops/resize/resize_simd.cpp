#include "dispatch/kernel.h"
#include "ops/resize/resize_args.h"
#include "simd/lanes.h"

namespace netlet::NETLET_ISA {

// One row of y from `count` rows of x, by vectors of `inner`.
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

// The same where a row is few numbers: grey and coloured images, across their width.
template <int inner, class T>
NETLET_INLINE void combine_few(const ResampleArgs<T>& a, const T* x, const T* w, int64_t count, T* y) {
    T sum[inner];
    for (int j = 0; j < inner; ++j) sum[j] = count > 0 ? w[0] * x[j] : T(0);
    for (int64_t t = 1; t < count; ++t)
        for (int j = 0; j < inner; ++j) sum[j] += w[t] * x[t * inner + j];
    for (int j = 0; j < inner; ++j) y[j] = a.accumulate ? y[j] + sum[j] : sum[j];
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
    switch (a.inner) {
        case 1:
            return each_row(a, r,
                            [&](const T* x, const T* w, int64_t count, T* y) { combine_few<1>(a, x, w, count, y); });
        case 3:
            return each_row(a, r,
                            [&](const T* x, const T* w, int64_t count, T* y) { combine_few<3>(a, x, w, count, y); });
        default:
            return each_row(a, r, [&](const T* x, const T* w, int64_t count, T* y) { combine(a, x, w, count, y); });
    }
}

NETLET_DEFINE_KERNEL(resample_f32, ResampleArgs<float>) { resample(a, r); }
NETLET_DEFINE_KERNEL(resample_f64, ResampleArgs<double>) { resample(a, r); }

}  // namespace netlet::NETLET_ISA
