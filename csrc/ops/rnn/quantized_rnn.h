#pragma once
#include "ops/quantized/quantized.h"
#include "ops/rnn/rnn.h"

namespace netlet::ops {

struct QuantizedRnnWeights {
    Codes kernel;                              // int8 (I, G*U)
    Tensor recurrent_kernel, recurrent_scale;  // int8 (U, G*U) without zero points; float32 (), (G*U,) or (1, G*U)
    Tensor bias;                               // as in RnnWeights, float32
};

// The float32 values of the codes, as functions of trainable tensors. With them the op has a gradient: that of
// ops::rnn on these values, from the gates that the integer products gave (the straight-through estimator; h' counts
// as not quantized).
struct DequantizedRnn {
    Tensor x, kernel, recurrent_kernel;  // all of them or none
};

// All time steps of a recurrent layer whose products multiply codes: quantized_rnn_args.h. x: uint8 or int8 codes
// (B, T, I), scale () or one a row, (B, T, 1); states and results are float32.
RnnResult quantized_rnn(Tape& tape, const Rnn& options, const Codes& x, const QuantizedRnnWeights& weights,
                        const RnnState& first = {}, const Tensor& mask = nullptr, const DequantizedRnn& values = {});

}  // namespace netlet::ops
