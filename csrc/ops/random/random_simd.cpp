#include "dispatch/kernel.h"
#include "ops/random/quantile.h"
#include "ops/random/random_args.h"
#include "simd/philox.h"

namespace netlet::NETLET_ISA {

template <class T>
NETLET_INLINE void random(const RandomArgs<T>& a, Range r) {
    using V = Vec<T>;
    const V offset = V::set1(a.offset), scale = V::set1(a.scale), top = V::set1(a.top);
    const V half = constant<V>(0x1p-25f, 0x1p-54);
    const V cut = a.distribution == Distribution::truncated_normal ? V::set1((T)0.022750131948179207) : V::zero();
    const uint32_t step = (uint32_t)*a.step;
    const int64_t shift = a.first % philox_group;  // elements of the first group that come before y
    T u[philox_group + V::width] = {};             // a vector that begins in the group may end beyond it
    for (int64_t g = r.begin; g < r.end; ++g) {
        philox_uniform(a.seed, a.stream, step, (uint64_t)(a.first / philox_group + g), u);
        const int64_t first = g * philox_group - shift, begin = first < 0 ? -first : 0;
        const int64_t n = a.n - first < philox_group ? a.n - first : philox_group;
        if (a.distribution == Distribution::uniform)
            each_vector<V>({begin, n}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
                lanes.store(min(offset + scale * V::load(u + i), top), a.y + first + i);
            });
        else
            each_vector<V>({begin, n}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
                lanes.store(offset + scale * quantile(V::load(u + i), half, cut), a.y + first + i);
            });
    }
}

NETLET_DEFINE_KERNEL(random_f32, RandomArgs<float>) { random(a, r); }
NETLET_DEFINE_KERNEL(random_f64, RandomArgs<double>) { random(a, r); }

}  // namespace netlet::NETLET_ISA
