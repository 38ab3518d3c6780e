// Backward of attention, block by block: it recomputes the probabilities from the scores and the saved log-sum-exp of
// each row. A work unit is a chunk of keys of one head of k, with all queries of the heads that read it, so that no
// other unit writes its dk and dv.
#include "dispatch/kernel.h"
#include "ops/attention/attention_block.h"

namespace netlet::NETLET_ISA {

namespace {

// Delta = dout . out and log-sum-exp of each query of a block; 0 in the lanes past the last query.
template <class T>
struct RowGrads {
    alignas(64) T delta[block_queries], lse[block_queries];
};

template <class T>
static bool load_rows(const AttentionGradArgs<T>& a, const AttentionBlock& at, RowGrads<T>& rows) {
    using V = Vec<T>;
    const AttentionSizes& n = a.forward.n;
    const T* lse = a.lse + (at.b * n.N + at.n) * n.T + at.t;
    const T *out = query_row(a.forward, a.out, at, n.D), *dout = query_row(a.forward, a.dout, at, n.D);
    bool dead = false;
    for (int64_t i = 0; i < block_queries; ++i) rows.delta[i] = rows.lse[i] = 0;
    for (int64_t i = 0; i < at.queries; ++i, out += n.N * n.D, dout += n.N * n.D) {
        V sum = V::zero();
        each_vector<V>({0, n.D}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            sum = fma(lanes.load(out + j), lanes.load(dout + j), sum);
        });
        rows.delta[i] = reduce_add(sum);
        rows.lse[i] = lse[i];
        dead = dead || lse[i] == -(T)NETLET_INFINITY;
    }
    return dead;
}

// block: from scores, still to be multiplied by `factor`, to drop(p). slopes: from dout . v to scale g. Lanes past the
// last query hold garbage in both, and nothing reads them.
template <class T>
static void probabilities(const AttentionGradArgs<T>& a, const AttentionBlock& at, const RowGrads<T>& rows, T factor,
                          T* block, T* slopes) {
    using V = Vec<T>;
    const KeyDropout<T> dropout(a.forward, at);
    const V zero = V::zero(), scale = V::set1(a.forward.scale), of_block = V::set1(factor);
    const V of_dead = V::set1(a.forward.average_dead ? T(1) / (T)a.forward.n.S : T(0));
    alignas(64) T f[block_queries], g[block_queries];
    T* dscores = nullptr;
    if (a.dscores) dscores = a.dscores + ((at.b * a.forward.n.N + at.n) * a.forward.n.T + at.t) * a.forward.n.S + at.s;
    for (int64_t key = 0; key < at.keys; ++key) {
        T *x = block + key * block_queries, *d = slopes + key * block_queries;
        if (dropout.active) dropout.factors(key, f);
        for (int64_t i = 0; i < at.queries; i += V::width) {
            const V lse = V::load(rows.lse + i);
            const typename V::Mask dead = eq(lse, -infinity<V>());
            V p = select(dead, of_dead, exp_of_negative(fma(V::load(x + i), of_block, -lse))), dp = V::load(d + i),
              kept = p;
            if (dropout.active) {
                kept = p * V::load(f + i);
                dp = dp * V::load(f + i);
            }
            const V slope = select(dead, zero, p * (dp - V::load(rows.delta + i)));
            kept.store(x + i);
            (slope * scale).store(d + i);
            if (dscores) slope.store(g + i);
        }
        if (dscores)
            for (int64_t i = 0; i < at.queries; ++i) dscores[i * a.forward.n.S + key] = g[i];
    }
}

template <class T>
NETLET_INLINE void zero_rows(T* x, int64_t ld, int64_t rows, int64_t columns) {
    for (int64_t i = 0; i < rows; ++i)
        each_vector<Vec<T>>({0, columns}, [&](auto lanes, int64_t j)
                                              NETLET_INLINE_LAMBDA { lanes.store(Vec<T>::zero(), x + i * ld + j); });
}

// Adds the contribution of one block of scores to dq, dk and dv.
template <class T>
static void back_through_block(const AttentionGradArgs<T>& a, const AttentionBlock& at, const RowGrads<T>& rows,
                               T* dq) {
    const AttentionArgs<T>& f = a.forward;
    const AttentionSizes& n = f.n;
    alignas(64) Scores<T> block, slopes, panel;
    const int64_t q_ld = n.N * n.H, k_ld = n.K * n.H, v_ld = n.K * n.D, out_ld = n.N * n.D;
    const T *q = query_row(f, f.q, at, n.H), *dout = query_row(f, a.dout, at, n.D);
    const T *k = key_row(f, f.k, at, n.H), *v = key_row(f, f.v, at, n.D);
    const int64_t left = n.T - at.t - at.queries, ahead = left < block_queries ? left : block_queries;
    prefetch_rows(q + at.queries * q_ld, q_ld, ahead, n.H);
    prefetch_rows(dout + at.queries * out_ld, out_ld, ahead, n.D);
    const T factor = score_block(f, at, block, panel);
    block_product<T>({v, v_ld, false}, {dout, out_ld, true}, slopes, block_queries, false, at.keys, at.queries, n.D,
                     panel, true);
    probabilities(a, at, rows, factor, block, slopes);
    if (a.dv)
        block_product<T>({block, block_queries, false}, {dout, out_ld, false}, a.dv + (v - f.v), v_ld, true, at.keys,
                         n.D, at.queries, panel);
    if (a.dk)
        block_product<T>({slopes, block_queries, false}, {q, q_ld, false}, a.dk + (k - f.k), k_ld, true, at.keys, n.H,
                         at.queries, panel);
    if (dq)
        block_product<T>({slopes, block_queries, true}, {k, k_ld, false}, dq + (q - f.q), q_ld, true, at.queries, n.H,
                         at.keys, panel);
}

template <class T>
static void back(const AttentionGradArgs<T>& a, int64_t unit) {
    const AttentionSizes& n = a.forward.n;
    const int64_t chunks = (n.S + a.chunk - 1) / a.chunk, chunk = unit % chunks, group = n.N / n.K;
    const int64_t b = unit / chunks / n.K, head = unit / chunks % n.K;
    const int64_t begin = chunk * a.chunk, end = begin + a.chunk < n.S ? begin + a.chunk : n.S;
    T* dq = a.dq ? a.dq + chunk * n.B * n.T * n.N * n.H : nullptr;
    if (dq && !a.accumulate_q) zero_rows(dq + (b * n.T * n.N + head * group) * n.H, n.N * n.H, n.T, group * n.H);
    const int64_t first_key = (b * n.S + begin) * n.K + head;
    if (a.dk && !a.accumulate_k) zero_rows(a.dk + first_key * n.H, n.K * n.H, end - begin, n.H);
    if (a.dv && !a.accumulate_v) zero_rows(a.dv + first_key * n.D, n.K * n.D, end - begin, n.D);

    RowGrads<T> rows;
    AttentionBlock at{b, 0, 0, 0, 0, 0};
    for (at.s = begin; at.s < end; at.s += at.keys) {
        at.keys = end - at.s < block_keys<T> ? end - at.s : block_keys<T>;
        for (int64_t i = 0; i < group; ++i) {
            at.n = head * group + i;
            for (at.t = 0; at.t < n.T; at.t += block_queries) {
                at.queries = n.T - at.t < block_queries ? n.T - at.t : block_queries;
                const bool dead = load_rows(a, at, rows);
                const bool unseen = a.forward.causal && at.t + at.queries <= at.s;
                if (!unseen || (dead && a.forward.average_dead) || a.dscores) back_through_block(a, at, rows, dq);
            }
        }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(attention_bwd_f32, AttentionGradArgs<float>) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) back(a, unit);
}
NETLET_DEFINE_KERNEL(attention_bwd_f64, AttentionGradArgs<double>) {
    for (int64_t unit = r.begin; unit < r.end; ++unit) back(a, unit);
}

}  // namespace netlet::NETLET_ISA
