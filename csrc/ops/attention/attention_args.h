// Scaled dot-product attention (Vaswani et al., 2017), block by block so that no matrix of scores is ever stored (Dao
// et al., 2022, "FlashAttention"): memory grows with T + S, not with T S.
//
//     x(t, s) = scale q(t) . k(s) + bias(t, s);  where the mask (or s > t, if causal) forbids s: `attention_forbidden`
//     p(t, .) = softmax over s;  out(t) = sum over s of drop(p(t, s)) v(s)
//
//     q (B, T, N, H), k (B, S, K, H), v (B, S, K, D), out (B, T, N, D); head n of q reads head n / (N / K) of k and v.
//     lse (B, N, T) = log sum over s of e^x; -inf for a fully masked row, one without a permitted key ("dead" in names)
//     mask and bias broadcast to (B, N, T, S) by their strides, which are 0 along axes of size 1.
//
// A fully masked row is the average of all v, as in JAX, where all its scores are equal; or, without average_dead, 0,
// as when Keras uses its Softmax layer. No gradient flows through its scores. -inf in the bias counts as forbidden.
//
// Backward, with Delta(t) = dout(t) . out(t), recomputes x and
//     dv(s) = sum over t of drop(p) dout(t);  g = p (drop(dout(t) . v(s)) - Delta(t));  dbias = g
//     dq(t) = scale sum over s of g k(s);     dk(s) = scale sum over t of g q(t)
//
// Dropout is drawn by counters, so that backward draws the same numbers: for each key, the 64 queries of a block are
// one Philox group (simd/philox.h).
//
// A block of scores has the queries as lanes, block[key * attention_queries + query]. Maxima and sums over keys then
// need no reduction across lanes, and both products that follow read the block without transposing it.
#pragma once
#include "base/types.h"

namespace netlet {

constexpr int64_t attention_queries = 64;     // queries in a block
constexpr int64_t attention_key_bytes = 512;  // keys in a block, in bytes: 128 keys of float32, 64 of float64
constexpr double attention_forbidden = -0.7 * 3.40282346638528859812e38;  // JAX's, for both types

struct AttentionSizes {
    int64_t B, T, S, N, K, H, D;
};

template <class T>
struct AttentionArgs {
    const T *q, *k, *v;
    const T* bias;        // or null
    const uint8_t* mask;  // or null; 0 forbids
    const int64_t* step;  // the step count of dropout, or null
    T *out, *lse;         // lse may be null
    AttentionSizes n;
    int64_t bias_stride[4], mask_stride[4];  // along B, N, T, S
    T scale;
    bool causal, average_dead;
    double rate;
    uint64_t seed;
    uint32_t stream;
    int64_t first;  // number of the first sequence among those that are drawn for: see plan/shard.h
};

// A work unit is one chunk of keys for one head of k. Each chunk has its own dq, (chunks, B, T, N, H), to be added up
// afterwards; each dk and dv belongs to one unit. dscores (B, N, T, S) is g, for dbias.
template <class T>
struct AttentionGradArgs {
    AttentionArgs<T> forward;  // the arguments of forward; out and lse below are its outputs
    const T *out, *lse, *dout;
    T *dq, *dk, *dv, *dscores;  // any may be null
    int64_t chunk;              // keys per chunk, a multiple of block_keys
    bool accumulate_q, accumulate_k, accumulate_v;
};

}  // namespace netlet
