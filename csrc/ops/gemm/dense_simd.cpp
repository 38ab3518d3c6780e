// The elementwise half of a dense layer's backward pass, in one pass over memory: dz = dy act'(z), computed from y =
// act(z), and its column sums db. Each column is summed as four interleaved chains of rows, joined as (s0 + s1) + (s2 +
// s3), so the order of the additions depends on the shapes alone.
#include "dispatch/kernel.h"
#include "ops/activation/fusable_activations.h"
#include "ops/gemm/gemm_args.h"
#include "simd/each_vector.h"
#include "simd/half.h"
#include "simd/prefetch.h"

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

// The four sums of a unit's columns.
template <class T>
struct Sums {
    alignas(64) T of[4][gemm_panel_group];
};

// One vector of a row, from column v on. Z: the type of y and dz.
template <Activation act, class T, class Z, class Lanes>
NETLET_INLINE void add_row(double alpha, const Z* y, const T* dy, Z* dz, T* sum, int64_t v, Lanes lanes) {
    using V = Vec<T>;
    V d = lanes.load(dy + v);
    if constexpr (act != Activation::linear) {
        d = activation_gradient_from_output(act, lanes.load(y + v), d, (T)alpha);
        lanes.store(d, dz + v);
    }
    (V::load(sum + v) + d).store(sum + v);
}

// Columns [j, end) row by row: whole cache lines, however far apart the rows are. The hardware does not foresee the next
// row, so it is fetched ahead.
template <Activation act, class T, class Z>
static void gradient(const DenseGradArgs& g, int64_t slice, int64_t j, int64_t end) {
    using V = Vec<T>;
    constexpr int64_t ahead = 8;
    const int64_t first = slice * g.slice, rows = g.M - first < g.slice ? g.M - first : g.slice, n = end - j;
    Sums<T> sums;
    for (auto& sum : sums.of)
        for (int64_t v = 0; v < n; v += V::width) V::zero().store(sum + v);
    for (int64_t i = 0; i < rows; ++i) {
        const int64_t at = (first + i) * g.N + j;
        const T* dy = static_cast<const T*>(g.dy) + at;
        const Z* y = act == Activation::linear ? nullptr : static_cast<const Z*>(g.y) + at;
        Z* dz = act == Activation::linear ? nullptr : static_cast<Z*>(g.dz) + at;
        if (i + ahead < rows) {
            prefetch(dy + ahead * g.N, n * (int64_t)sizeof(T));
            if (y) prefetch(y + ahead * g.N, n * (int64_t)sizeof(Z));
        }
        T* sum = sums.of[i % 4];
        int64_t v = 0;
        for (; v + V::width <= n; v += V::width) add_row<act, T>(g.alpha, y, dy, dz, sum, v, WholeVector<T>{});
        if (v < n) add_row<act, T>(g.alpha, y, dy, dz, sum, v, FirstColumns<T>{n - v});
    }
    if (!g.db) return;
    T* db = static_cast<T*>(g.db) + slice * g.N + j;
    each_vector<V>({0, n}, [&](auto lanes, int64_t v) NETLET_INLINE_LAMBDA {
        const auto s = [&](int t) NETLET_INLINE_LAMBDA { return V::load(sums.of[t] + v); };
        V total = (s(0) + s(1)) + (s(2) + s(3));
        if (g.accumulate) total = lanes.load(db + v) + total;
        lanes.store(total, db + v);
    });
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
