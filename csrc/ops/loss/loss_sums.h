// The parts that the loss kernels share: sums in a fixed order, the output of row losses, the gradient of a row.
#pragma once
#include "ops/loss/loss_args.h"
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

// Collects the losses of rows, in order.
template <class T>
struct LossSink {
    const LossOut<T>& o;
    double sum = 0, divisor = 0;

    NETLET_MEMBER_INLINE void put(int64_t row, T loss, bool counts = true) {
        if (!o.reduced) {
            o.y[row] = loss;
            return;
        }
        if (!counts) return;
        const T w = o.w ? o.w[row] : T(1);
        sum += (double)(loss * w);
        divisor += o.reduction == Reduction::mean_with_weight ? (double)w : 1.0;
    }
    NETLET_MEMBER_INLINE void finish() {
        if (!o.reduced) return;
        const double scale = o.reduction == Reduction::sum ? 1 : divisor != 0 ? 1 / divisor : 0;
        o.y[0] = (T)(o.reduction == Reduction::sum ? sum : divisor != 0 ? sum / divisor : 0);
        if (o.scale) *o.scale = scale;
    }
};

template <class T>
NETLET_INLINE double loss_scale(const LossGrad<T>& g) {
    return g.per_row ? 1.0 : (double)*g.dy * (g.scale ? *g.scale : g.factor);
}
// `scale` is loss_scale(g), computed once per call.
template <class T>
NETLET_INLINE T row_gradient(const LossGrad<T>& g, double scale, int64_t row) {
    if (g.per_row) return g.dy[row];
    return g.w ? (T)(scale * (double)g.w[row]) : (T)scale;
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
