// What the CPU's loss kernels share: sums in a fixed order, and what a GPU shares (loss_out.h).
#pragma once
#include "ops/loss/loss_out.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

// Sum of f(lanes, i) over [begin, end): vectors within blocks of 512 elements, blocks in float64.
template <class V, class F>
NETLET_INLINE double sum_over(int64_t begin, int64_t end, const F& f) {
    double total = 0;
    for (int64_t block = begin; block < end; block += 512) {
        const int64_t stop = block + 512 < end ? block + 512 : end;
        V s = V::zero();
        int64_t i = block;
        for (; i + V::width <= stop; i += V::width) s += f(AllLanes<V>{}, i);
        if (i < stop) {
            const FirstLanes<V> lanes{stop - i};
            s += lanes.or_zero(f(lanes, i));
        }
        total += (double)reduce_add(s);
    }
    return total;
}

// Slope of min(max(x, low), high).
template <class V>
NETLET_INLINE V clip_slope(V x, V low, V high) {
    const V one = V::set1(1), half = V::set1((typename V::Scalar)0.5);
    return select(gt(x, low) & lt(x, high), one, select(eq(x, low) | eq(x, high), half, V::zero()));
}

template <class V, class Lanes>
NETLET_INLINE void store_gradient(Lanes lanes, V d, typename V::Scalar* dx, bool accumulate) {
    lanes.store(accumulate ? lanes.load(dx) + d : d, dx);
}

}  // namespace netlet::NETLET_ISA
