// Connectionist temporal classification (Graves et al., 2006): minus the log of the probability that softmax(x), read
// frame by frame, spells the labels, with any blanks and repetitions between them. Keras: ops.ctc_loss.
//
//   x (B, T, C) logits   labels (B, L), in [0, C) and not `blank`   frames (B,): frames of a sample that count, null: T
//   label_lengths (B,), null: the number of labels in the row that are not `blank`   loss (B,)
//
// A path through l labels has 2 l + 1 states, l + 1 blanks and l labels. b_j is the blank before label j, a_j is label
// j:
//
//   b_j(t) = p_blank(t) (b_j(t-1) + a_{j-1}(t-1))
//   a_j(t) = p_j(t) (a_j(t-1) + b_j(t-1) + [labels j-1 and j differ] a_{j-1}(t-1))       from b_0(-1) = 1
//   loss   = -log Z,  Z = b_l(last) + a_{l-1}(last)
//
// Backward runs the same recursion from the end (beta); alpha beta / Z is the probability of each state:
//   dx(t, k) = dy (softmax(x)(t, k) - sum of alpha beta / Z over the states of class k)
//
// The sums are not logarithms but numbers with a separate exponent (ctc_scaled.h). They cannot overflow or underflow, a
// step needs no exp or log, and the error is relative to the probability, not to its logarithm.
//
// A sample that cannot be spelled (fewer frames than labels and the blanks between equal labels) has loss inf and no
// gradient. A sample with lengths or labels out of range has loss NaN and gradient NaN; they are never used as an
// index.
#pragma once
#include "base/types.h"

namespace netlet {

struct CtcBatch {
    const void *labels, *label_lengths, *frames;
    int64_t steps, classes, width, blank;  // T, C, L
    DType label_type, length_type, frames_type;
};

// The length of a row of states: the states 0..L, rounded up to whole vectors of any instruction set, plus one on each
// side that stays 0.
inline constexpr int64_t ctc_most_lanes = 16;
constexpr int64_t ctc_row(int64_t width) { return (width + ctc_most_lanes) / ctc_most_lanes * ctc_most_lanes + 2; }
// Parts of a row: mantissas and exponents, of the blanks and of the labels.
constexpr int64_t ctc_parts = 4;
// The lines of a sample's scratch, each as long as a row: whether labels j-1 and j differ; mantissas and exponents of
// the labels' probabilities; one line of gathered logits. Backward: plus one row of states.
constexpr int64_t ctc_lines = 4, ctc_lines_bwd = ctc_lines + ctc_parts;
// The lines of backward on a GPU (ctc_cuda.cu).
constexpr int64_t ctc_lines_gpu = 14;

// A work unit is a frame (b, t). norm (B, T, 2): the largest logit, and 1 / sum e^(x - largest).
template <class T>
struct CtcNormArgs {
    CtcBatch batch;
    const T* x;
    T* norm;
};

// A work unit is a sample. table (B, rows, parts, row): alpha; frame t writes row t + 1 (modulo rows). rows = T + 1
// saves all rows for backward, rows = 2 only the last. z (B, 2): Z as mantissa and exponent. symbols (B, L): scratch
// for the checked labels.
template <class T>
struct CtcForwardArgs {
    CtcBatch batch;
    const T *x, *norm;
    T *table, *z, *loss, *scratch;
    int32_t* symbols;
    int64_t rows;
};

// A work unit is a frame: dx = or += dy softmax(x).
template <class T>
struct CtcSoftmaxArgs {
    CtcBatch batch;
    const T *x, *norm, *z, *dy;
    T* dx;
    bool accumulate;
};

// A work unit is a sample: dx -= dy alpha beta / Z.
template <class T>
struct CtcBackwardArgs {
    CtcBatch batch;
    const T *x, *norm, *table, *z, *dy;
    T *dx, *scratch;
    int32_t* symbols;
};

}  // namespace netlet
