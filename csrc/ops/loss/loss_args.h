// Losses, as Keras 3 defines them: one number per row, R rows of C columns, then weighted and reduced.
//   t (R, C) targets or (R,) labels   x (R, C) predictions   w (R,) sample weights, null: all 1   g = dloss/dy
//
// Small batches take one record from x to the scalar (LossOut::reduced). Large batches write y (R,) in parallel chunks
// of rows, and separate records reduce it. Backward reads t and x again and saves nothing else, except a divisor that
// depends on data (`scale`). Sums run in blocks of 512 and then in float64, in an order that the shapes alone decide.
//
// Gradients are those of automatic differentiation of Keras's formulas: a clipped value has slope 0 outside its limits
// and 1/2 on them (as maximum and minimum have in JAX), sign(0) = 0.
#pragma once
#include "base/types.h"

namespace netlet {

enum class Reduction : uint8_t { none, sum, mean, mean_with_weight };

// The output of the rows' losses. If reduced, y is a scalar, y = sum(w l) / divisor, with divisor = 1 (sum), the number
// of counted rows (mean), or the sum of the weights (mean_with_weight); a divisor of 0 makes y 0.
template <class T>
struct LossOut {
    const T* w;
    T* y;
    double* scale;  // 1 / divisor, for backward; may be null
    Reduction reduction;
    bool reduced;
};

// dl/dy of row r: dy[r] if `per_row`; else dy[0] * w[r] * (scale ? *scale : factor).
template <class T>
struct LossGrad {
    const T *dy, *w;
    const double* scale;
    double factor;
    bool per_row;
};

enum class Pointwise : uint8_t {
    squared_error,
    absolute_error,
    huber,
    log_cosh,
    absolute_percentage_error,
    squared_logarithmic_error,
    poisson,
    kl_divergence,
    binary_crossentropy,
    binary_crossentropy_logits,
    hinge,
    squared_hinge,
    count
};

// l = row_scale * sum over the row of f(t, x); row_scale is 1 / C, but 1 for kl_divergence.
template <class T>
struct PointwiseArgs {
    const T *t, *x, *unused;  // unused: the field for operands that a call leaves out
    LossOut<T> out;
    LossGrad<T> grad;
    T* dx;
    int64_t rows, cols;
    double row_scale, delta, epsilon, smoothing;
    Pointwise kind;
    bool negate, accumulate;  // backward: negate computes dt of a loss that depends on x - t
};

// Targets as distributions: l = -sum t' log p, t' = t (1 - smoothing) + smoothing / C.
//   logits: p = softmax(x).  Else p = clip(x / sum(x), epsilon, 1 - epsilon).
template <class T>
struct CrossentropyArgs {
    const T *t, *x, *unused;
    LossOut<T> out;
    LossGrad<T> grad;
    T* dx;
    int64_t rows, cols;
    double epsilon, smoothing;
    bool logits, accumulate;
};

// Targets as labels of any type: l = -log p[label]. A label outside [0, C) gives NaN, and is never used as an index.
// Rows whose label is `ignore` have l = 0, no gradient, and do not count in a mean.
template <class T>
struct SparseCrossentropyArgs {
    const void* labels;
    const T *x, *unused;
    LossOut<T> out;
    LossGrad<T> grad;
    T* dx;
    int64_t rows, cols, ignore;
    double epsilon;
    DType label_type;
    bool logits, ignores, accumulate;
};

// The y of LossOut, computed from existing values. v (N,), w (N / w_inner,), mask (N,): false excludes a value from all
// sums.
//   partial (2, chunks): sums and divisors of chunks of `grain` elements; null if there is one chunk.
template <class T>
struct LossReduceArgs {
    const T *v, *w, *unused;
    const bool* mask;
    T *y, *dv;
    const T* dy;
    double *partial, *scale;
    const double* read_scale;
    int64_t n, w_inner, grain, chunks;
    double factor;
    Reduction reduction;
    bool accumulate;
};

// y = label != ignore: which rows count.
struct NotLabelArgs {
    const void* labels;
    bool* y;
    int64_t ignore;
    DType type;
};

// y = 2 t - 1 if every t is 0 or 1, else t: the hinge losses want labels -1 and 1.
template <class T>
struct HingeLabelsArgs {
    const T* t;
    T* y;
    int64_t n;
};

// flag = 1 if the loss is infinite or NaN (null: no loss), else 2 if any x is, else 0. A single work unit computes it.
template <class T>
struct CheckFiniteArgs {
    const T *x, *loss;
    int32_t* flag;
    int64_t n;
};

// partial[chunk] = sum of x - x over the chunk: 0, or NaN if any x is infinite or NaN. A work unit is an element; if
// `written` marks the rows of x (n / inner, inner) that may differ from 0, it is a row. A chunk is `grain` units.
template <class T>
struct FinitePartialsArgs {
    const T* x;
    T* partial;
    const uint8_t* written;
    int64_t inner, grain;
};

}  // namespace netlet
