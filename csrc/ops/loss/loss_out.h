// The output of row losses and the gradient of a row, on the CPU and in a thread of a GPU.
#pragma once
#include "ops/loss/loss_args.h"

namespace netlet::NETLET_ISA {

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

}  // namespace netlet::NETLET_ISA
