// The elementwise half of a dense layer's backward pass, in one pass over memory: dz = dy act'(z), computed from y =
// act(z), and its column sums db. Each column is summed as four interleaved chains of rows, joined as (s0 + s1) + (s2 +
// s3), so the order of the additions depends on the shapes alone.
#include "dispatch/kernel.h"
#include "ops/activation/fusable_activations.h"
#include "ops/gemm/gemm_args.h"
#include "simd/half.h"

namespace netlet::NETLET_ISA {

namespace {

// Loads and stores of all lanes, or of the first n. bfloat16 numbers are float32 in registers.
template <class T>
struct WholeVector {
    using V = Vec<T>;
    NETLET_MEMBER_INLINE V load(const T* p) const { return V::load(p); }
    NETLET_MEMBER_INLINE void store(V v, T* p) const { v.store(p); }
    NETLET_MEMBER_INLINE V load(const BFloat16* p) const { return load_half(p); }
    NETLET_MEMBER_INLINE void store(V v, BFloat16* p) const { store_half(v, p); }
};
template <class T>
struct FirstColumns {
    using V = Vec<T>;
    int64_t n;
    NETLET_MEMBER_INLINE V load(const T* p) const { return V::load_n(p, n); }
    NETLET_MEMBER_INLINE void store(V v, T* p) const { v.store_n(p, n); }
    NETLET_MEMBER_INLINE V load(const BFloat16* p) const { return load_half_n(p, n); }
    NETLET_MEMBER_INLINE void store(V v, BFloat16* p) const { store_half_n(v, p, n); }
};

// Z: the type of y and dz.
template <Activation act, class T, class Z, class Lanes>
NETLET_INLINE void gradient_columns(const DenseGradArgs& g, int64_t slice, int64_t j, Lanes lanes) {
    using V = Vec<T>;
    const int64_t first = slice * g.slice, rows = g.M - first < g.slice ? g.M - first : g.slice, at = first * g.N + j;
    const Z* y = g.y ? static_cast<const Z*>(g.y) + at : nullptr;
    const T* dy = static_cast<const T*>(g.dy) + at;
    Z* dz = act == Activation::linear ? nullptr : static_cast<Z*>(g.dz) + at;
    V sum[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
    auto row = [&](int64_t i, V& s) NETLET_INLINE_LAMBDA {
        V d = lanes.load(dy + i * g.N);
        if constexpr (act != Activation::linear) {
            d = activation_gradient_from_output(act, lanes.load(y + i * g.N), d, (T)g.alpha);
            lanes.store(d, dz + i * g.N);
        }
        s += d;
    };
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        NETLET_UNROLL(4)
        for (int t = 0; t < 4; ++t) row(i + t, sum[t]);
    }
    if (i < rows) row(i, sum[0]);
    if (i + 1 < rows) row(i + 1, sum[1]);
    if (i + 2 < rows) row(i + 2, sum[2]);
    if (!g.db) return;
    T* db = static_cast<T*>(g.db) + slice * g.N + j;
    V total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    if (g.accumulate) total = lanes.load(db) + total;
    lanes.store(total, db);
}

template <Activation act, class T, class Z>
static void gradient(const DenseGradArgs& g, int64_t slice, int64_t j, int64_t end) {
    using V = Vec<T>;
    for (; j + V::width <= end; j += V::width) gradient_columns<act, T, Z>(g, slice, j, WholeVector<T>{});
    if (j < end) gradient_columns<act, T, Z>(g, slice, j, FirstColumns<T>{end - j});
}

template <class T, class Z>
NETLET_INLINE void gradient_of(const DenseGradArgs& g, int64_t unit) {
    const int64_t groups = (g.N + gemm_panel_group - 1) / gemm_panel_group, slice = unit / groups;
    const int64_t j = unit % groups * gemm_panel_group, end = j + gemm_panel_group < g.N ? j + gemm_panel_group : g.N;
#define NETLET_CASE(name)                                                                                              \
    case Activation::name: return gradient<Activation::name, T, Z>(g, slice, j, end);
    switch (g.act) {
        NETLET_FUSABLE_ACTIVATIONS(NETLET_CASE)
        default: return gradient<Activation::linear, T, T>(g, slice, j, end);
    }
#undef NETLET_CASE
}

}  // namespace

NETLET_DEFINE_KERNEL(dense_bwd_f32, DenseGradArgs) {
    for (int64_t unit = r.begin; unit < r.end; ++unit)
        a.bf16 ? gradient_of<float, BFloat16>(a, unit) : gradient_of<float, float>(a, unit);
}
NETLET_DEFINE_KERNEL(dense_bwd_f64, DenseGradArgs) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) gradient_of<double, double>(a, unit);
}

}  // namespace netlet::NETLET_ISA
