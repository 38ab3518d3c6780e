// Shared by the elementwise ops: the loop nest over broadcast operands, and work sizes.
#pragma once
#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"

namespace netlet::ops {

// The loop nest of operands that broadcast to y.
template <int N>
Strided<N> broadcast_nest(const Shape& y, const Shape* const (&operands)[N]) {
    Strided<N> nest{};
    int64_t next[N], stride[N][Shape::max_rank];
    for (int k = 0; k < N; ++k) {
        next[k] = 1;
        for (int i = y.rank(), j = operands[k]->rank(); i-- > 0;) {
            const int64_t n = --j >= 0 ? (*operands[k])[j] : 1;
            stride[k][i] = n == 1 ? 0 : next[k];
            next[k] *= n;
        }
    }
    for (int i = 0; i < y.rank(); ++i) {
        int64_t at[N];
        for (int k = 0; k < N; ++k) at[k] = stride[k][i];
        push_axis(nest, y[i], at);
    }
    finish_axes(nest);
    return nest;
}

inline Tensor as_floating(Tape& tape, const Tensor& x) { return is_floating(x->dtype) ? x : cast(tape, x, DType::f32); }

inline Work work_of(int64_t elements, int64_t grain, double flops_each) {
    return {elements, grain, flops_each * (double)elements};
}

}  // namespace netlet::ops
