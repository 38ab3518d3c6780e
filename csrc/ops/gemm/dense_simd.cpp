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

// A unit's columns of y, dy and dz, and the four sums of each. Z: the type of y and dz.
template <class T, class Z>
struct Columns {
    const Z* y;
    const T* dy;
    Z* dz;
    T (*sums)[gemm_panel_group];
    int64_t pitch;  // from row to row
};

// Rows [begin, end) of one vector of columns, from column v on.
template <Activation act, class T, class Z, class Lanes>
NETLET_INLINE void gradient_rows(const Columns<T, Z>& g, T alpha, int64_t begin, int64_t end, int64_t v, Lanes lanes) {
    using V = Vec<T>;
    V sum[4];
    NETLET_UNROLL(4)
    for (int t = 0; t < 4; ++t) sum[t] = V::load(g.sums[t] + v);
    auto row = [&](int64_t i, V& s) NETLET_INLINE_LAMBDA {
        const int64_t at = i * g.pitch + v;
        V d = lanes.load(g.dy + at);
        if constexpr (act != Activation::linear) {
            d = activation_gradient_from_output(act, lanes.load(g.y + at), d, alpha);
            lanes.store(d, g.dz + at);
        }
        s += d;
    };
    int64_t i = begin;
    for (; i + 4 <= end; i += 4) {
        NETLET_UNROLL(4)
        for (int t = 0; t < 4; ++t) row(i + t, sum[t]);
    }
    if (i < end) row(i, sum[0]);
    if (i + 1 < end) row(i + 1, sum[1]);
    if (i + 2 < end) row(i + 2, sum[2]);
    NETLET_UNROLL(4)
    for (int t = 0; t < 4; ++t) sum[t].store(g.sums[t] + v);
}

// Columns [j, end). Rows that are far apart are taken eight at a time, since more of them would not stay in the caches
// until the next vector of the same cache lines, and the hardware does not foresee the next eight.
template <Activation act, class T, class Z>
static void gradient(const DenseGradArgs& g, int64_t slice, int64_t j, int64_t end) {
    using V = Vec<T>;
    const int64_t first = slice * g.slice, rows = g.M - first < g.slice ? g.M - first : g.slice, n = end - j;
    const bool far = g.N * (int64_t)sizeof(T) >= 1024;
    const int64_t block = far ? 8 : rows, at = first * g.N + j;
    alignas(64) T sums[4][gemm_panel_group] = {};
    Columns<T, Z> columns{nullptr, static_cast<const T*>(g.dy) + at, nullptr, sums, g.N};
    if constexpr (act != Activation::linear) {
        columns.y = static_cast<const Z*>(g.y) + at;
        columns.dz = static_cast<Z*>(g.dz) + at;
    }
    for (int64_t i = 0; i < rows; i += block) {
        const int64_t last = rows - i < block ? rows : i + block;
        for (int64_t next = last; far && next < last + block && next < rows; ++next) {
            prefetch(columns.dy + next * g.N, n * (int64_t)sizeof(T));
            if (columns.y) prefetch(columns.y + next * g.N, n * (int64_t)sizeof(Z));
        }
        int64_t v = 0;
        for (; v + V::width <= n; v += V::width) gradient_rows<act>(columns, (T)g.alpha, i, last, v, WholeVector<T>{});
        if (v < n) gradient_rows<act>(columns, (T)g.alpha, i, last, v, FirstColumns<T>{n - v});
    }
    if (!g.db) return;
    T* db = static_cast<T*>(g.db) + slice * g.N + j;
    each_vector<V>({0, n}, [&](auto lanes, int64_t v) NETLET_INLINE_LAMBDA {
        const auto sum = [&](int t) NETLET_INLINE_LAMBDA { return V::load(sums[t] + v); };
        V total = (sum(0) + sum(1)) + (sum(2) + sum(3));
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
