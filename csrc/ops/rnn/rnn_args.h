// Recurrent layers over all time steps (Keras's SimpleRNN, LSTM, GRU; Hochreiter and Schmidhuber, 1997; Cho et al.,
// 2014).
//
//     B rows of a batch, T time steps, I features, U units, G blocks of U columns (gates).
//     x (B, T, I), kernel (I, G*U), recurrent kernel (U, G*U), h and c (B, U).
//
// One product computes the input's part, x kernel + bias, of all steps before these kernels run; `gates` (B, T, G*U)
// holds it. h' = h scale (recurrent dropout), h and c on the right are the state before the step, s and a are the two
// activations:
//
//     simple_rnn        h = a(x + h' R)
//     lstm              i, f, o = s(x + h' R),  g = a(x + h' R);  c = f c + i g,  h = o a(c)        columns i, f, g, o
//     gru               z, r = s(x + h' R + b), n = a(x + r (h' R + b));  h = z h' + (1 - z) n      columns z, r, n
//     gru_reset_before  z, r = s(x + h' R),     n = a(x + (r h') R);      h = z h' + (1 - z) n
//
// A row whose mask is false at a step keeps its state. Rows are independent, so a work unit is a block of rows over all
// steps, and no step waits for another thread.
#pragma once
#include "base/types.h"
#include "ops/activation/activation_args.h"

namespace netlet {

enum class RnnKind : int32_t { simple_rnn, lstm, gru, gru_reset_before };

constexpr int64_t rnn_gates(RnnKind kind) { return kind == RnnKind::simple_rnn ? 1 : kind == RnnKind::lstm ? 4 : 3; }

// The activations whose slope can be computed from their output.
constexpr bool rnn_knows(Activation act) {
    return (act <= Activation::exponential && act != Activation::leaky_relu) || act == Activation::hard_sigmoid;
}

// The row pitch of scratch, in elements: whole vectors, and never a multiple of a page, which would put all rows on a
// few sets of the L1 cache.
constexpr int64_t rnn_pitch(int64_t columns) { return (columns + 31) / 32 * 32 + 16; }
// Elements of scratch per row, forward and backward.
constexpr int64_t rnn_scratch_columns(int64_t U, int64_t G) { return 4 * rnn_pitch(U) + rnn_pitch(G * U); }

// The fields that both directions share. A work unit is `rows` rows of the batch.
template <class T>
struct RnnShape {
    int64_t B, T_, U, G, rows;
    bool reverse;  // steps run from the last to the first
    Activation act, rec;
};

template <class T>
struct RnnArgs {
    RnnShape<T> n;
    T* gates;  // (B, T, G*U); in: the input's part; out, if `train`: the gates
    // R packed by gemm_pack_b; panels_n: its part for n, where that is a separate product. GPU: R as it is.
    const T *panels, *panels_n;
    const T* recurrent_bias;  // (G*U,) or null: gru
    const T *h0, *c0;         // (B, U); null: zeros
    const T* scale;           // (B, U) or null
    const bool* mask;         // (B, T) or null
    T* y;                     // (B, T, U) h after each step, at the position of its input; or null
    T *h, *c;                 // (B, U) after the last step
    T* fed;                   // train: (B, T, U) h' of each step
    // train: lstm (B, T, U) c after each step; gru (B, T, G*U), whose last U columns are h' R + b; gru_reset_before
    // (B, T, U) r h'
    T* saved;
    T* scratch;
    bool train;
};

template <class T>
struct RnnBwdArgs {
    RnnShape<T> n;
    const T *gates, *fed, *saved;
    const T *panels, *panels_n;  // R^T, packed likewise; GPU: (G*U, U)
    const T *c0, *scale;
    const bool* mask;
    const T *dy, *dh, *dc;  // gradients of y, h, c; null: none
    T* dz;                  // (B, T, G*U), gradient of the input's part
    T* dr;                  // gru: (B, T, G*U), gradient of h' R + b; may alias `saved`, as dz may alias `gates`
    T *dh0, *dc0;           // (B, U) or null
    bool add_dh0, add_dc0;  // dh0 +=
    T* scratch;
};

}  // namespace netlet
