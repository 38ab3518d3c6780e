// Recurrent layers over all time steps (Keras's SimpleRNN, LSTM, GRU; Hochreiter and Schmidhuber, 1997; Cho et al., 2014).
//
//     B rows of a batch, T time steps, I features, U units, G blocks of U columns (gates).
//     x (B, T, I), kernel (I, G*U), recurrent kernel (U, G*U), h and c (B, U).
//
// The input's part, x kernel + bias, is one product for all steps before any of these kernels runs: it lies in `gates`
// (B, T, G*U). With h' = h scale (dropout of what recurs) and h', c the state before the step, s and a the two activations:
//
//     simple_rnn        h = a(x1 + h' R)
//     lstm              i, f, o = s(x + h' R),  g = a(x + h' R);  c = f c + i g,  h = o a(c)              columns i, f, g, o
//     gru               z, r = s(x + h' R + b), n = a(x + r (h' R + b));  h = z h' + (1 - z) n            columns z, r, n
//     gru_reset_before  z, r = s(x + h' R),     n = a(x + (r h') R);      h = z h' + (1 - z) n
//
// A row whose mask is false at a step keeps its state. Rows do not depend on each other, and so a unit of work is a block of
// rows that walks through all steps: no step waits for another thread.
#pragma once
#include "base/types.h"
#include "ops/activation/activation_args.h"

namespace netlet {

enum class RnnKind : int32_t { simple_rnn, lstm, gru, gru_reset_before };

constexpr int64_t rnn_gates(RnnKind kind) { return kind == RnnKind::simple_rnn ? 1 : kind == RnnKind::lstm ? 4 : 3; }

// The activations whose slope is told by their value.
constexpr bool rnn_knows(Activation act) {
    return (act <= Activation::exponential && act != Activation::leaky_relu) || act == Activation::hard_sigmoid;
}

// Rows of scratch are this many numbers apart: whole vectors, and never a multiple of a page, which would crowd a few sets
// of the first cache.
constexpr int64_t rnn_pitch(int64_t columns) { return (columns + 31) / 32 * 32 + 16; }
// Numbers of scratch that one row needs, forward and back.
constexpr int64_t rnn_scratch_columns(int64_t U, int64_t G) { return 4 * rnn_pitch(U) + rnn_pitch(G * U); }

// What both directions share. One unit is `rows` rows of the batch.
template <class T>
struct RnnShape {
    int64_t B, T_, U, G, rows;
    bool reverse;  // walks from the last step to the first
    Activation act, rec;
};

template <class T>
struct RnnArgs {
    RnnShape<T> n;
    T* gates;                    // (B, T, G*U): in the input's part; out, if `train`, the gates
    const T *panels, *panels_n;  // R for the tile (gemm_pack_b); that of n alone where it is a product of its own
    const T* recurrent_bias;     // (G*U,) or null: gru
    const T *h0, *c0;            // (B, U); null: zeros
    const T* scale;              // (B, U) or null
    const bool* mask;            // (B, T) or null
    T* y;                        // (B, T, U) h after each step, where its input lies; or null
    T *h, *c;                    // (B, U) after the last step
    T* fed;                      // train: (B, T, U) h' of each step
    // train: lstm (B, T, U) c after each step; gru (B, T, G*U), of which the last U are h' R + b; gru_reset_before (B, T, U) r h'
    T* saved;
    T* scratch;
    bool train;
};

template <class T>
struct RnnBwdArgs {
    RnnShape<T> n;
    const T *gates, *fed, *saved;
    const T *panels, *panels_n;  // R^T for the tile
    const T *c0, *scale;
    const bool* mask;
    const T *dy, *dh, *dc;  // gradients of y, h, c; null: none
    T* dz;                  // (B, T, G*U) of the input's part
    T* dr;                  // gru: (B, T, G*U) of h' R + b; may be `saved`, as dz may be `gates`
    T *dh0, *dc0;           // (B, U) or null
    bool add_dh0, add_dc0;  // dh0 +=
    T* scratch;
};

}  // namespace netlet
