#pragma once
#include <string>

#include "ops/rnn/rnn_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Which recurrent layer (formulas and shapes: rnn_args.h).
struct Rnn {
    RnnKind kind = RnnKind::lstm;
    Activation activation = Activation::tanh, recurrent_activation = Activation::sigmoid;
    bool reverse = false;   // runs from the last step to the first; y stays in the order of x
    bool sequences = true;  // whether y is asked for
};

struct RnnWeights {
    Tensor kernel, recurrent_kernel, bias;  // bias: null, (G*U,), or for gru (2, G*U), the second that of h' R
};

struct RnnState {
    Tensor h, c;  // (B, U); null: zeros. c: lstm alone
};

struct RnnResult {
    Tensor y;  // (B, T, U), or null
    RnnState last;
};

RnnKind rnn_kind_by_name(const std::string& name);  // ValueError that lists them

// All time steps of x (B, T, I). Gradient flows to x, the weights and the first state. mask: null or (B, T) bool;
// scale: null or (B, U), takes no gradient. If x is bfloat16, so are the products
// and the results (mixed_rnn_args.h); then the kernels and states may be float32 or bfloat16, and bias is float32.
RnnResult rnn(Tape& tape, const Rnn& options, const Tensor& x, const RnnWeights& weights, const RnnState& first = {},
              const Tensor& mask = nullptr, const Tensor& scale = nullptr);

}  // namespace netlet::ops
