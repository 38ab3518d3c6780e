// Connectionist temporal classification (Graves et al., 2006): minus the log of the probability that softmax(x), read
// frame by frame, spells the labels, whatever blanks and repetitions stand between them. Keras: ops.ctc_loss.
//
//   x (B, T, C) logits   labels (B, L), in [0, C) and not `blank`   frames (B,): frames of a sample that count, null: T
//   label_lengths (B,), null: as many as the row of labels has that are not `blank`   loss (B,)
//
// Of l labels, l + 1 blanks and l labels are the states of a path; b_j stands before label j, and
//
//   b_j(t) = p_blank(t) (b_j(t-1) + a_{j-1}(t-1))
//   a_j(t) = p_j(t) (a_j(t-1) + b_j(t-1) + [label j-1 is another] a_{j-1}(t-1))       from b_0(-1) = 1
//   loss   = -log Z,  Z = b_l(last) + a_{l-1}(last)
//
// Backward runs the same recursion from the end (beta), with alpha beta / Z the probability of each state:
//   dx(t, k) = dy (softmax(x)(t, k) - sum of alpha beta / Z over the states of class k)
//
// The sums are no logarithms, but numbers with an exponent of their own (ctc_scaled.h): no range is too wide, a step
// costs no exp or log, and its error is relative to the probability, not to its logarithm.
//
// A sample that cannot be spelled (fewer frames than labels and the blanks between equal ones) has loss inf and no
// gradient; one whose lengths or labels lie outside has loss NaN and gradient NaN, and nothing is read by them.
#pragma once
#include "base/types.h"

namespace netlet {

struct CtcBatch {
    const void *labels, *label_lengths, *frames;
    int64_t steps, classes, width, blank;  // T, C, L
    DType label_type, length_type, frames_type;
};

// What a row of states takes: the states 0..L, rounded up to whole vectors of any instruction set, and one more on
// both sides, which stay 0.
inline constexpr int64_t ctc_most_lanes = 16;
constexpr int64_t ctc_row(int64_t width) { return (width + ctc_most_lanes) / ctc_most_lanes * ctc_most_lanes + 2; }
// Parts of a row: mantissas and exponents of blanks and labels.
constexpr int64_t ctc_parts = 4;
// The lines of a sample's scratch, each as long as a row: whether label j-1 is another, mantissas and exponents of the
// labels' probabilities, one line for gathering; backward: a row of states.
constexpr int64_t ctc_lines = 4, ctc_lines_bwd = ctc_lines + ctc_parts;

// A unit is a frame (b, t). norm (B, T, 2): the largest logit, and 1 / sum e^(x - largest).
template <class T>
struct CtcNormArgs {
    CtcBatch batch;
    const T* x;
    T* norm;
};

// A unit is a sample. table (B, rows, parts, row): alpha, row t + 1 of it for frame t; rows = T + 1 keeps all, 2 the
// last. z (B, 2): Z as mantissa and exponent. symbols (B, L): scratch for labels that have been checked.
template <class T>
struct CtcForwardArgs {
    CtcBatch batch;
    const T *x, *norm;
    T *table, *z, *loss, *scratch;
    int32_t* symbols;
    int64_t rows;
};

// A unit is a frame: dx = or += dy softmax(x).
template <class T>
struct CtcSoftmaxArgs {
    CtcBatch batch;
    const T *x, *norm, *z, *dy;
    T* dx;
    bool accumulate;
};

// A unit is a sample: dx -= dy alpha beta / Z.
template <class T>
struct CtcBackwardArgs {
    CtcBatch batch;
    const T *x, *norm, *table, *z, *dy;
    T *dx, *scratch;
    int32_t* symbols;
};

}  // namespace netlet
