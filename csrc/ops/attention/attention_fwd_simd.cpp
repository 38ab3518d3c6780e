// Streaming softmax: each row tracks its largest score and its sum of exponentials so far. When a larger score comes,
// the sums so far are scaled by e^(old - new). A work unit is a block of queries of one head.
#include "dispatch/kernel.h"
#include "ops/attention/attention_block.h"

namespace netlet::NETLET_ISA {

namespace {

template <int64_t n> struct Count {
    static constexpr int64_t count = n;
};

template <class T>
struct RowState {
    alignas(64) T top[block_queries], sum[block_queries], shrink[block_queries];
};

// Replaces the scores of a block, still to be multiplied by `factor`, with e^(score - top), in place, and updates the
// row states. Returns whether the largest score of any row rose, so that the output so far must be scaled by `shrink`.
template <class T>
static bool exponentials(const AttentionBlock& at, T factor, T* block, RowState<T>& rows) {
    using V = Vec<T>;
    constexpr int64_t group = 4;  // vectors at a time, so that the chains of maxima and sums overlap
    bool shrinks = false;
    auto columns = [&](int64_t i0, auto count) NETLET_INLINE_LAMBDA {
        constexpr int64_t n = decltype(count)::count;
        const V scale = V::set1(factor);
        V top[n], sum[n];
        for (int64_t g = 0; g < n; ++g) top[g] = -infinity<V>();
        for (int64_t key = 0; key < at.keys; ++key)
            for (int64_t g = 0; g < n; ++g)
                top[g] = at_least(top[g], V::load(block + key * block_queries + i0 + g * V::width));
        for (int64_t g = 0; g < n; ++g) {
            const int64_t i = i0 + g * V::width;
            const V old = V::load(rows.top + i);
            top[g] = at_least(top[g] * scale, old);
            const V shrink = exp_of_negative(old - top[g]);
            shrinks = shrinks || any(ne(old, top[g]));
            shrink.store(rows.shrink + i);
            top[g].store(rows.top + i);
            sum[g] = V::zero();
        }
        for (int64_t key = 0; key < at.keys; ++key)
            for (int64_t g = 0; g < n; ++g) {
                T* p = block + key * block_queries + i0 + g * V::width;
                const V e = exp_of_negative(fma(V::load(p), scale, -top[g]));
                e.store(p);
                sum[g] += e;
            }
        for (int64_t g = 0; g < n; ++g) {
            const int64_t i = i0 + g * V::width;
            fma(V::load(rows.sum + i), V::load(rows.shrink + i), sum[g]).store(rows.sum + i);
        }
    };
    int64_t i = 0;
    for (; i + group * V::width <= at.queries; i += group * V::width) columns(i, Count<group>());
    for (; i < at.queries; i += V::width) columns(i, Count<1>());
    return shrinks;
}

template <class T>
NETLET_INLINE void scale_rows(T* out, int64_t ld, const T* by, int64_t rows, int64_t columns) {
    using V = Vec<T>;
    for (int64_t i = 0; i < rows; ++i, out += ld) {
        const V f = V::set1(by[i]);
        each_vector<V>({0, columns}, [&](auto lanes, int64_t j)
                                         NETLET_INLINE_LAMBDA { lanes.store(lanes.load(out + j) * f, out + j); });
    }
}

template <class T>
static void drop(const AttentionArgs<T>& a, const AttentionBlock& at, T* block) {
    using V = Vec<T>;
    const KeyDropout<T> dropout(a, at);
    alignas(64) T f[block_queries];
    for (int64_t key = 0; key < at.keys; ++key) {
        T* row = block + key * block_queries;
        dropout.factors(key, f);
        for (int64_t i = 0; i < at.queries; i += V::width) (V::load(row + i) * V::load(f + i)).store(row + i);
    }
}

template <class T>
NETLET_INLINE bool any_dead(const RowState<T>& rows, int64_t queries) {
    for (int64_t i = 0; i < queries; ++i)
        if (rows.top[i] == (T)attention_forbidden) return true;
    return false;
}

// Divides out by the sums, and writes lse.
template <class T>
static void finish_rows(const AttentionArgs<T>& a, const AttentionBlock& at, T* out, RowState<T>& rows) {
    using V = Vec<T>;
    const V forbidden = V::set1((T)attention_forbidden);
    alignas(64) T lse[block_queries];
    for (int64_t i = 0; i < at.queries; i += V::width) {
        const V top = V::load(rows.top + i), sum = V::load(rows.sum + i), factor = V::set1(1) / sum;
        const typename V::Mask dead = eq(top, forbidden);
        (a.average_dead ? factor : select(dead, V::zero(), factor)).store(rows.shrink + i);
        select(dead, -infinity<V>(), top + log(sum)).store(lse + i);
    }
    scale_rows(out, a.n.N * a.n.D, rows.shrink, at.queries, a.n.D);
    if (!a.lse) return;
    T* to = a.lse + (at.b * a.n.N + at.n) * a.n.T + at.t;
    for (int64_t i = 0; i < at.queries; ++i) to[i] = lse[i];
}

template <class T>
static void attend(const AttentionArgs<T>& a, int64_t unit) {
    using V = Vec<T>;
    alignas(64) Scores<T> block, panel;
    RowState<T> rows;
    const int64_t blocks = (a.n.T + block_queries - 1) / block_queries;
    AttentionBlock at{unit / blocks / a.n.N, unit / blocks % a.n.N, unit % blocks * block_queries, 0, 0, 0};
    at.queries = a.n.T - at.t < block_queries ? a.n.T - at.t : block_queries;
    T* out = a.out + ((at.b * a.n.T + at.t) * a.n.N + at.n) * a.n.D;
    for (int64_t i = 0; i < block_queries; i += V::width) {
        V::set1((T)attention_forbidden).store(rows.top + i);
        V::zero().store(rows.sum + i);
    }
    const int64_t seen = at.t + at.queries;  // keys that a causal block may see
    int64_t end = a.causal && seen < a.n.S ? seen : a.n.S;
    for (; at.s < end; at.s += at.keys) {
        at.keys = end - at.s < block_keys<T> ? end - at.s : block_keys<T>;
        const int64_t next = at.s + at.keys, ahead = end - next < block_keys<T> ? end - next : block_keys<T>;
        const T* v = key_row(a, a.v, at, a.n.D);
        prefetch_rows(v, a.n.K * a.n.D, at.keys, a.n.D);
        const T factor = score_block(a, at, block, panel);
        if (exponentials(at, factor, block, rows) && at.s > 0)
            scale_rows(out, a.n.N * a.n.D, rows.shrink, at.queries, a.n.D);
        prefetch_rows(key_row(a, a.k, at, a.n.H) + at.keys * a.n.K * a.n.H, a.n.K * a.n.H, ahead, a.n.H);
        if (a.rate > 0) drop(a, at, block);
        block_product<T>({block, block_queries, true}, {v, a.n.K * a.n.D, false}, out, a.n.N * a.n.D, at.s > 0,
                         at.queries, a.n.D, at.keys, panel);
        // With average_dead, a fully masked row averages all keys, also those that `causal` hides.
        if (next == end && a.average_dead && (a.mask || a.bias) && any_dead(rows, at.queries)) end = a.n.S;
    }
    if (a.n.S > 0) return finish_rows(a, at, out, rows);
    for (int64_t i = 0; i < at.queries; ++i)
        for (int64_t j = 0; j < a.n.D; ++j) out[i * a.n.N * a.n.D + j] = 0;
}

}  // namespace

NETLET_DEFINE_KERNEL(attention_fwd_f32, AttentionArgs<float>) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) attend(a, unit);
}
NETLET_DEFINE_KERNEL(attention_fwd_f64, AttentionArgs<double>) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) attend(a, unit);
}

}  // namespace netlet::NETLET_ISA
