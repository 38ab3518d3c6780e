// The parts that forward and backward attention share: products of blocks, and the scores of a block.
#pragma once
#include "ops/attention/attention_args.h"
#include "ops/gemm/gemm_floats.h"
#include "simd/each_vector.h"
#include "simd/philox.h"
#include "simd/prefetch.h"
#include "simd/vmath.h"
#include "simd/vmath_gates.h"

namespace netlet::NETLET_ISA {

constexpr int64_t block_queries = attention_queries;
template <class T>
constexpr int64_t block_keys = attention_key_bytes / sizeof(T);

// A block of scores, or the packed panel of a product's second factor: 32 KB each.
template <class T>
using Scores = T[block_keys<T> * block_queries];

template <class T>
struct Factor {
    const T* p;
    int64_t ld;
    bool transposed;
};

// c (M, N) = a . b, or += it. `whole`: rows of c are stored in whole vectors, so each needs room for N rounded up to
// the vector width.
template <class T>
static void block_product(Factor<T> a, Factor<T> b, T* c, int64_t ldc, bool add, int64_t M, int64_t N, int64_t K,
                          T* panel, bool whole = false) {
    using F = Floats<T>;
    constexpr int most = max_rows(packed_nv);
    constexpr int64_t width = Vec<T>::width;
    const RowStrips strips(M, most);
    const AMajor major = a.transposed ? AMajor::k : AMajor::row;
    const int64_t a_row = a.transposed ? 1 : a.ld, a_k = a.transposed ? a.ld : 1;
    for (int64_t j = 0; j < N; j += block_queries) {
        const int64_t ns = N - j < block_queries ? N - j : block_queries;
        const int64_t stored = whole ? (ns + width - 1) / width * width : ns;
        int64_t k = 0;
        do {  // runs once even if K = 0
            const int64_t ks = K - k < block_keys<T> ? K - k : block_keys<T>;
            const T* from = b.transposed ? b.p + j * b.ld + k : b.p + k * b.ld + j;
            pack_panels<F>(panel, ks, from, b.ld, b.transposed, ns, ks);
            for (int64_t s = 0, i = 0; s < strips.count; ++s) {
                const int64_t rows = strips.rows(s);
                T* to = c + i * ldc + j;
                strip_times_panels<F>(ks, major, a.p + i * a_row + k * a_k, a.ld, panel, ks, to, ldc,
                                      {add || k > 0 ? to : nullptr, ldc}, rows, stored);
                i += rows;
            }
            k += ks;
        } while (k < K);
    }
}

// One block: keys [s, s + keys) and queries [t, t + queries) of one head.
struct AttentionBlock {
    int64_t b, n, t, s, queries, keys;
};

template <class T>
NETLET_INLINE const T* query_row(const AttentionArgs<T>& a, const T* q, const AttentionBlock& at, int64_t width) {
    return q + ((at.b * a.n.T + at.t) * a.n.N + at.n) * width;
}
template <class T>
NETLET_INLINE const T* key_row(const AttentionArgs<T>& a, const T* k, const AttentionBlock& at, int64_t width) {
    return k + ((at.b * a.n.S + at.s) * a.n.K + at.n / (a.n.N / a.n.K)) * width;
}

// The rows of one head are far apart in memory, so the hardware prefetcher does not load them in time.
template <class T>
NETLET_INLINE void prefetch_rows(const T* p, int64_t ld, int64_t rows, int64_t width) {
    for (int64_t i = 0; i < rows; ++i) prefetch(p + i * ld, width * (int64_t)sizeof(T));
}

// to[i] = from[i * stride], for the queries of a block.
template <class To, class From>
NETLET_INLINE void along_queries(To* to, const From* from, int64_t stride, int64_t queries) {
    for (int64_t i = 0; i < queries; ++i) to[i] = (To)from[i * stride];
}

template <class T>
NETLET_INLINE int64_t offset(const int64_t* stride, const AttentionBlock& at) {
    return at.b * stride[0] + at.n * stride[1] + at.t * stride[2] + at.s * stride[3];
}

// e^x for x <= 0, to 1.1 ULP; 0 where it is below the smallest normal number. Half the work of exp on AVX2 and NEON.
template <class V>
NETLET_INLINE V exp_of_negative(V x) {
#if defined(NETLET_VEC_AVX512) || defined(NETLET_VEC_SCALAR)
    return exp(x);
#else
    const V low = constant<V>(-87.3f, -708.3);
    const GateExp<V> e = gate_exp(at_least(x, low));
    return select(lt(x, low), V::zero(), fma(e.unit, e.p, e.unit));
#endif
}

// Forbids one key for the queries [0, hidden), which come before it: the triangle above the diagonal.
template <class T>
NETLET_INLINE void hide(T* row, int64_t hidden, int64_t queries, T with) {
    each_vector<Vec<T>>({0, hidden < queries ? hidden : queries},
                        [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA { lanes.store(Vec<T>::set1(with), row + i); });
}

// Computes the scores of a block, up to the positive factor that it returns: scale q . k + bias, or
// attention_forbidden. Without bias and mask the factor is the scale, which saves a pass over the block. Forbidden
// scores are then -inf, which is safe because every row has seen its first key.
template <class T>
static T score_block(const AttentionArgs<T>& a, const AttentionBlock& at, T* block, T* panel) {
    using V = Vec<T>;
    block_product<T>({key_row(a, a.k, at, a.n.H), a.n.K * a.n.H, false},
                     {query_row(a, a.q, at, a.n.H), a.n.N * a.n.H, true}, block, block_queries, false, at.keys,
                     at.queries, a.n.H, panel, true);
    const int64_t hidden = a.causal ? at.s - at.t : -at.keys;  // queries of the block that come before its first key
    if (!a.bias && !a.mask && a.scale > 0) {
        for (int64_t key = 0; key < at.keys; ++key)
            hide(block + key * block_queries, hidden + key, at.queries, -(T)NETLET_INFINITY);
        return a.scale;
    }
    const V scale = V::set1(a.scale), forbidden = V::set1((T)attention_forbidden);
    const T* bias = a.bias ? a.bias + offset<T>(a.bias_stride, at) : nullptr;
    const uint8_t* mask = a.mask ? a.mask + offset<T>(a.mask_stride, at) : nullptr;
    alignas(64) T added[block_queries], allowed[block_queries];
    for (int64_t i = 0; i < block_queries; ++i) added[i] = allowed[i] = 0;
    for (int64_t key = 0; key < at.keys; ++key) {
        T* row = block + key * block_queries;
        if (bias) along_queries(added, bias + key * a.bias_stride[3], a.bias_stride[2], at.queries);
        for (int64_t i = 0; i < at.queries; i += V::width)
            at_least(fma(V::load(row + i), scale, V::load(added + i)), forbidden).store(row + i);
        if (mask) {
            along_queries(allowed, mask + key * a.mask_stride[3], a.mask_stride[2], at.queries);
            for (int64_t i = 0; i < at.queries; i += V::width)
                select(ne(V::load(allowed + i), V::zero()), V::load(row + i), forbidden).store(row + i);
        }
        hide(row, hidden + key, at.queries, (T)attention_forbidden);
    }
    return 1;
}

// The factors by which dropout multiplies the 64 probabilities of one key: 0 or 1 / (1 - rate).
template <class T>
struct KeyDropout {
    bool active;
    T scale, rate;
    uint64_t seed, first;  // first: Philox group of the block's first key
    uint64_t pitch;        // groups from one key to the next
    uint32_t stream, step;

    NETLET_MEMBER_INLINE KeyDropout(const AttentionArgs<T>& a, const AttentionBlock& at)
        : active(a.rate > 0),
          scale(T(1) / (T(1) - T(a.rate))),
          rate((T)a.rate),
          seed(a.seed),
          first(0),
          pitch((uint64_t)((a.n.T + block_queries - 1) / block_queries)),
          stream(a.stream),
          step(a.step ? (uint32_t)*a.step : 0) {
        first = (uint64_t)(((a.first + at.b) * a.n.N + at.n) * a.n.S + at.s) * pitch + (uint64_t)(at.t / block_queries);
    }
    NETLET_MEMBER_INLINE void factors(int64_t key, T* f) const {
        float u[philox_group];
        philox_uniform(seed, stream, step, first + (uint64_t)key * pitch, u);
        for (int64_t i = 0; i < philox_group; ++i) f[i] = (T)u[i] >= rate ? scale : T(0);
    }
};
static_assert(philox_group == attention_queries);

}  // namespace netlet::NETLET_ISA
