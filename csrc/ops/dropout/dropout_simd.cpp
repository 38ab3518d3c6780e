#include "dispatch/kernel.h"
#include "ops/dropout/dropout_args.h"
#include "simd/philox.h"

namespace netlet::NETLET_ISA {

// The random numbers of a group, converted to T for the comparison.
NETLET_INLINE const float* in_type_of(const float*, const float* u, float*) { return u; }
NETLET_INLINE const double* in_type_of(const double*, const float* u, double* wide) {
    for (int64_t i = 0; i < philox_group; ++i) wide[i] = u[i];
    return wide;
}

// An element's random number depends on its index alone, not on the range that computes it.
template <class T>
NETLET_INLINE void dropout(const DropoutArgs<T>& a, Range r) {
    using V = Vec<T>;
    const V scale = V::set1(T(1) / (T(1) - T(a.rate))), rate = V::set1(T(a.rate));
    const uint32_t step = (uint32_t)*a.step;
    float narrow[philox_group];
    T wide[philox_group];
    for (int64_t i = r.begin; i < r.end;) {
        const int64_t group = (a.first + i) / philox_group, first = group * philox_group - a.first;
        const int64_t stop = first + philox_group < r.end ? first + philox_group : r.end;
        philox_uniform(a.seed, a.stream, step, (uint64_t)group, narrow);
        const T* u = in_type_of(a.x, narrow, wide);
        for (int64_t n; i < stop; i += n) {
            n = stop - i < V::width ? stop - i : V::width;
            V y = select(ge(V::load_n(u + (i - first), n), rate), V::load_n(a.x + i, n) * scale, V::zero());
            if (a.accumulate) y = V::load_n(a.y + i, n) + y;
            y.store_n(a.y + i, n);
        }
    }
}

NETLET_DEFINE_KERNEL(dropout_f32, DropoutArgs<float>) { dropout(a, r); }
NETLET_DEFINE_KERNEL(dropout_f64, DropoutArgs<double>) { dropout(a, r); }

}  // namespace netlet::NETLET_ISA
