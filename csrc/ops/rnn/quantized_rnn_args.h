// Recurrent layers of codes (formulas and shapes: rnn_args.h). The recurrent kernel R is int8 with one scale for each
// column, and in every step each row of h' becomes uint8 codes:
//
//     q[j] = round(127 h'[j]) + 128,  scale 1/127, zero point 128    if the state is bounded and these codes hold the row
//     q    = the codes of quantize_zeropoint (quant_args.h)          otherwise: a range of its own for each row and step
//     h' R = float32(sum over k of q[k] R[k, j] - zero r_sums[j]) * (scale * r_scale[j])
//
// Everything else is float32: the input's part, the gates, h and c. The integers are the same on every instruction set.
// sigmoid and tanh are not, so states of two instruction sets may differ by one code.
#pragma once
#include "ops/rnn/rnn_args.h"

namespace netlet {

// Whether |h| <= 1 follows from the activations, unless the first state is larger. Then the codes of a row need neither
// its range nor divisions.
constexpr bool rnn_is_bounded(RnnKind kind, Activation act, Activation rec) {
    auto squashes = [](Activation a) {
        return a == Activation::sigmoid || a == Activation::tanh || a == Activation::hard_sigmoid;
    };
    return squashes(act) && (kind == RnnKind::simple_rnn || squashes(rec));
}

// int32 elements of scratch per row: its codes as lanes of two or four, and as bytes.
constexpr int64_t rnn_lanes_pitch(int64_t U) { return rnn_pitch((U + 1) / 2); }
constexpr int64_t quantized_rnn_scratch_columns(int64_t U) { return rnn_lanes_pitch(U) + rnn_pitch((U + 3) / 4); }

struct QuantizedRnnArgs {
    RnnArgs<float> steps;              // its panels and scale are null
    const int32_t *panels, *panels_n;  // the codes of R packed by gemm_pack_b_s8; panels_n: as in RnnArgs
    const float* r_scale;              // (G*U,), or one number (r_step 0)
    int64_t r_step;
    const int32_t* r_sums;  // (G*U,) sums of the codes of R's columns
    int32_t* scratch;
    bool bounded;
};

}  // namespace netlet
