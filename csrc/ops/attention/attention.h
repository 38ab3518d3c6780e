#pragma once
#include "plan/tape.h"

namespace netlet::ops {

struct Attention {
    Tensor mask = {};  // bool, broadcastable to (B, N, T, S); false forbids; may be null
    Tensor bias = {};  // added to the scores, broadcastable likewise; may be null
    double scale = 1;
    bool causal = false;       // query t sees the keys up to t
    bool average_dead = true;  // a fully masked row outputs the average of all v; false: 0
    double rate = 0;           // of dropout on the probabilities
    uint64_t seed = 0;
};

// softmax(scale q . k + bias) . v for each head: q (B, T, N, H), k (B, S, K, H), v (B, S, K, D) -> (B, T, N, D), K a
// divisor of N. Memory grows with T + S; only the gradient of a bias takes (B, N, T, S). Gradient flows to all but the
// mask.
Tensor attention(Tape& tape, const Tensor& q, const Tensor& k, const Tensor& v, const Attention& how);

}  // namespace netlet::ops
