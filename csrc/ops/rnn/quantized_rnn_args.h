// Recurrent layers of codes (formulas and shapes: rnn_args.h). The recurrent kernel R is int8 with one scale for each
// column. In every step each row of h' becomes uint8 codes q with a scale and a zero point from its own range, as
// quantize_zeropoint computes them (quant_args.h):
//
//     h' R = float32(sum over k of q[k] R[k, j] - zero r_sums[j]) * (scale * r_scale[j])
//
// Everything else is float32: the input's part, the gates, h and c. gru_reset_before quantizes r h' in the same way.
// A scale 1/127 for all rows of a bounded state would save 5 % of the time of an LSTM and lose 1 to 2 dB, much more
// while states are small (128 units, Zen 4, bench.kernels quantized_rnn, 2026-11).
//
// The integers are those of the codes on every instruction set. sigmoid and tanh are not the same there, so states of
// two instruction sets may differ by one code.
#pragma once
#include "ops/rnn/rnn_args.h"

namespace netlet {

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
};

}  // namespace netlet
