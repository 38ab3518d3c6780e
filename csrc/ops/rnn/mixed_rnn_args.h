// Recurrent layers (formulas and shapes: rnn_args.h) with bfloat16 products: in every step h', and backward dz, is rounded
// to bfloat16 where it is multiplied by R. Everything else is float32: the input's part, the gates, h and c.
#pragma once
#include "ops/rnn/rnn_args.h"

namespace netlet {

// 32-bit words of scratch per row: pairs of the numbers of dz or, fewer, of h'.
constexpr int64_t mixed_rnn_pitch(int64_t U, int64_t G) { return rnn_pitch((G * U + 1) / 2); }

struct MixedRnnArgs {
    RnnArgs<float> steps;              // its panels are null
    const int32_t *panels, *panels_n;  // R packed by mixed_gemm_pack_b; panels_n: as in RnnArgs
    int32_t* lanes;                    // scratch
};

struct MixedRnnBwdArgs {
    RnnBwdArgs<float> steps;           // its panels are null
    const int32_t *panels, *panels_n;  // R^T, packed likewise
    int32_t* lanes;
};

}  // namespace netlet
