// What forward and backward of attention share: products of blocks, and the scores of a block.
#pragma once
#include "ops/attention/attention_args.h"
#include "ops/gemm/gemm_floats.h"
#include "simd/lanes.h"
#include "simd/philox.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

constexpr int64_t block_queries = attention_queries;
template <class T>
constexpr int64_t block_keys = attention_key_bytes / sizeof(T);

// A block of scores, and room for a panel of the second factor of a product: 32 KB each.
template <class T>
using Scores = T[block_keys<T> * block_queries];

template <class T>
struct Factor {
    const T* p;
    int64_t ld;
    bool transposed;
};

// c (M, N) = a . b, or += it. N is at most what c has room for when rounded up to whole vectors, if `whole`: those lanes
// are then written too.
template <class T>
static void block_product(Factor<T> a, Factor<T> b, T* c, int64_t ldc, bool add, int64_t M, int64_t N, int64_t K,
                          T* panel, bool whole = false) {
    using F = Floats<T>;
    constexpr int most = max_rows(packed_nv);
    constexpr int64_t width = Vec<T>::width;
    const int64_t strips = (M + most - 1) / most, each = M / strips, longer = M % strips;
    const AMajor major = a.transposed ? AMajor::k : AMajor::row;
    const int64_t a_row = a.transposed ? 1 : a.ld, a_k = a.transposed ? a.ld : 1;
    for (int64_t j = 0; j < N; j += block_queries) {
        const int64_t ns = N - j < block_queries ? N - j : block_queries;
        const int64_t stored = whole ? (ns + width - 1) / width * width : ns;
        int64_t k = 0;
        do {  // once even where K = 0
            const int64_t ks = K - k < block_keys<T> ? K - k : block_keys<T>;
            const T* from = b.transposed ? b.p + j * b.ld + k : b.p + k * b.ld + j;
            pack_panels<F>(panel, ks, from, b.ld, b.transposed, ns, ks);
            for (int64_t s = 0, i = 0; s < strips; ++s) {
                const int64_t rows = each + (s < longer);
                T* to = c + i * ldc + j;
                strip_times_panels<F>(ks, major, a.p + i * a_row + k * a_k, a.ld, panel, ks, to, ldc,
                                      {add || k > 0 ? to : nullptr, ldc}, rows, stored);
                i += rows;
            }
            k += ks;
        } while (k < K);
    }
}

// Keys [s, s + keys) of queries [t, t + queries) of one head.
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

// to[i] = from[i * stride], for the queries of a block.
template <class To, class From>
NETLET_INLINE void along_queries(To* to, const From* from, int64_t stride, int64_t queries) {
    for (int64_t i = 0; i < queries; ++i) to[i] = (To)from[i * stride];
}

template <class T>
NETLET_INLINE int64_t offset(const int64_t* stride, const AttentionBlock& at) {
    return at.b * stride[0] + at.n * stride[1] + at.t * stride[2] + at.s * stride[3];
}

// block = scale q . k + bias, or attention_forbidden.
template <class T>
static void score_block(const AttentionArgs<T>& a, const AttentionBlock& at, T* block, T* panel) {
    using V = Vec<T>;
    block_product<T>({key_row(a, a.k, at, a.n.H), a.n.K * a.n.H, false},
                     {query_row(a, a.q, at, a.n.H), a.n.N * a.n.H, true}, block, block_queries, false, at.keys,
                     at.queries, a.n.H, panel, true);
    const V scale = V::set1(a.scale), forbidden = V::set1((T)attention_forbidden);
    const T* bias = a.bias ? a.bias + offset<T>(a.bias_stride, at) : nullptr;
    const uint8_t* mask = a.mask ? a.mask + offset<T>(a.mask_stride, at) : nullptr;
    const bool on_diagonal = a.causal && at.s + at.keys - 1 > at.t;
    alignas(64) T added[block_queries], kept[block_queries];
    if (bias || mask)
        for (int64_t i = 0; i < block_queries; ++i) added[i] = kept[i] = 0;
    for (int64_t key = 0; key < at.keys; ++key) {
        T* row = block + key * block_queries;
        if (bias) along_queries(added, bias + key * a.bias_stride[3], a.bias_stride[2], at.queries);
        if (mask) along_queries(kept, mask + key * a.mask_stride[3], a.mask_stride[2], at.queries);
        const V first = V::iota() + V::set1((T)(at.t - at.s - key));
        for (int64_t i = 0; i < at.queries; i += V::width) {
            V x = V::load(row + i) * scale;
            if (bias) x += V::load(added + i);
            if (mask) x = select(ne(V::load(kept + i), V::zero()), x, forbidden);
            if (on_diagonal) x = select(ge(first + V::set1((T)i), V::zero()), x, forbidden);
            at_least(x, forbidden).store(row + i);
        }
    }
}

// What dropout multiplies the 64 probabilities of a key by: 0 or 1 / (1 - rate).
template <class T>
struct KeyDropout {
    bool active;
    T scale, rate;
    uint64_t seed, first;  // group of the block's first key
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
        first = (uint64_t)((at.b * a.n.N + at.n) * a.n.S + at.s) * pitch + (uint64_t)(at.t / block_queries);
    }
    NETLET_MEMBER_INLINE void factors(int64_t key, T* f) const {
        float u[philox_group];
        philox_uniform(seed, stream, step, first + (uint64_t)key * pitch, u);
        for (int64_t i = 0; i < philox_group; ++i) f[i] = (T)u[i] >= rate ? scale : T(0);
    }
};
static_assert(philox_group == attention_queries);

}  // namespace netlet::NETLET_ISA
