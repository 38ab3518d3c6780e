// The elementwise half of a dense layer's backward pass, in one pass over memory: dz = dy act'(z), computed from y =
// act(z), and its column sums db. Each column is summed as four interleaved chains of rows, joined as (s0 + s1) + (s2 +
// s3), so the order of the additions depends on the shapes alone.
#include "dispatch/kernel.h"
#include "ops/activation/fusable_activations.h"
#include "ops/gemm/gemm_args.h"

namespace netlet::NETLET_ISA {

template <Activation act, class T, class Load, class Store>
NETLET_INLINE void gradient_columns(const DenseGradArgs& g, int64_t slice, int64_t j, Load load, Store store) {
    using V = Vec<T>;
    const int64_t first = slice * g.slice, rows = g.M - first < g.slice ? g.M - first : g.slice, at = first * g.N + j;
    const T *y = g.y ? static_cast<const T*>(g.y) + at : nullptr, *dy = static_cast<const T*>(g.dy) + at;
    T* dz = act == Activation::linear ? nullptr : static_cast<T*>(g.dz) + at;
    T* db = static_cast<T*>(g.db) + slice * g.N + j;
    V sum[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
    auto row = [&](int64_t i, V& s) __attribute__((always_inline)) {
        V d = load(dy + i * g.N);
        if constexpr (act != Activation::linear) {
            d = activation_gradient_from_output(act, load(y + i * g.N), d, (T)g.alpha);
            store(d, dz + i * g.N);
        }
        s += d;
    };
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
#pragma GCC unroll 4
        for (int t = 0; t < 4; ++t) row(i + t, sum[t]);
    }
    if (i < rows) row(i, sum[0]);
    if (i + 1 < rows) row(i + 1, sum[1]);
    if (i + 2 < rows) row(i + 2, sum[2]);
    V total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    if (g.accumulate) total = load(db) + total;
    store(total, db);
}

template <Activation act, class T>
static void gradient(const DenseGradArgs& g, int64_t slice, int64_t j, int64_t end) {
    using V = Vec<T>;
    for (; j + V::width <= end; j += V::width)
        gradient_columns<act, T>(g, slice, j, [](const T* p) { return V::load(p); }, [](V v, T* p) { v.store(p); });
    const int64_t n = end - j;
    if (n > 0)
        gradient_columns<act, T>(
            g, slice, j, [n](const T* p) { return V::load_n(p, n); }, [n](V v, T* p) { v.store_n(p, n); });
}

template <class T>
NETLET_INLINE void gradient_of(const DenseGradArgs& g, int64_t unit) {
    const int64_t groups = (g.N + gemm_panel_group - 1) / gemm_panel_group, slice = unit / groups;
    const int64_t j = unit % groups * gemm_panel_group, end = j + gemm_panel_group < g.N ? j + gemm_panel_group : g.N;
#define NETLET_CASE(name)                                                                                              \
    case Activation::name: return gradient<Activation::name, T>(g, slice, j, end);
    switch (g.act) {
        NETLET_CASE(relu)
        NETLET_CASE(leaky_relu)
        NETLET_CASE(sigmoid)
        NETLET_CASE(tanh)
        NETLET_CASE(elu)
        NETLET_CASE(exponential)
        default: return gradient<Activation::linear, T>(g, slice, j, end);
    }
#undef NETLET_CASE
}

NETLET_DEFINE_KERNEL(dense_bwd_f32, DenseGradArgs) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) gradient_of<float>(a, unit);
}
NETLET_DEFINE_KERNEL(dense_bwd_f64, DenseGradArgs) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) gradient_of<double>(a, unit);
}

}  // namespace netlet::NETLET_ISA
