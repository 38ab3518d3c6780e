// The parts of rnn.cpp that every number format of a recurrent layer shares: its operands, its outputs, its backward.
#pragma once
#include "ops/rnn/rnn.h"

namespace netlet::ops {

// The operands, and the tensors that a training step saves for backward (null otherwise). backward reads the operands
// as float32 or float64: those of a quantized layer are its dequantized ones.
struct RnnContext {
    Rnn options;
    int64_t B, T, I, U, G;
    DType dtype;         // of the gates and the states
    bool mixed = false;  // products in bfloat16; x and the weights may be float32 or bfloat16
    Tensor x, gates, fed, saved, mask, scale;
    RnnWeights weights;
    RnnState first;
};

// Sizes from the shapes of x and the recurrent kernel. `gates` is null: the caller computes the input's part.
RnnContext rnn_context(Tape& tape, const Rnn& options, DType dtype, const Tensor& x, const RnnWeights& weights,
                       const RnnState& first, const Tensor& mask, const Tensor& scale, bool train);
RnnResult rnn_result(Tape& tape, const RnnContext& w);

template <class T>
RnnShape<T> rnn_shape(const RnnContext& w, int64_t rows) {
    return {w.B, w.T, w.U, w.G, rows, w.options.reverse, w.options.activation, w.options.recurrent_activation};
}
// The rows of a unit of work of the kernels on floats.
int64_t rnn_rows_of_unit(const RnnContext& w);
// Units of `rows` rows. term: the time of a multiplication and addition, in those of float32.
Work rnn_work(const RnnContext& w, int64_t rows, double term = 1);

// The bias of the input's part, and that of h' R (gru alone); null if there is none.
Tensor rnn_bias(Tape& tape, const RnnContext& w, const Tensor& bias);
Tensor rnn_recurrent_bias(Tape& tape, const RnnContext& w, const Tensor& bias);

// Scratch of a kernel in `columns` elements per row of the batch, rounded up to whole units.
Tensor rnn_scratch(Tape& tape, const RnnContext& w, int64_t rows, int64_t columns, DType dtype);

// The record of the steps of a mixed layer, forward and backward: mixed_rnn.cpp.
void emit_mixed_rnn(Tape& tape, const RnnContext& w, const RnnResult& result, bool train);
void emit_mixed_rnn_back(Tape& tape, const RnnContext& w, const Grads& dy, const Tensor& dz, const Tensor& dr);

// Registers the gradient of `result`: of x, the weights and the first state, from what the forward kernel saved.
void on_backward_of_rnn(Tape& tape, const RnnContext& w, const RnnResult& result);

}  // namespace netlet::ops
