// Optimizers: one streaming pass over a flat parameter segment. All arrays (N,), of one type T.
//   p parameters   g gradients   m, v, ... slots, updated in place
//   lr         float64 scalar cell, read at run time because it changes between steps
//   iteration  int64 scalar cell: calls of the optimizer before this one. With `every` > 1 gradients are accumulated:
//              step = iteration / every, and only the last of `every` calls updates the parameters
// Decoupled weight decay (Loshchilov and Hutter, 2019) comes first in each: p -= p * weight_decay * lr.
#pragma once
#include "base/types.h"

namespace netlet {

struct OptimCells {
    const double* lr;
    const int64_t* iteration;
    int64_t every;
    double weight_decay;
    // For a table, N = rows * inner, of which a step changes few rows; otherwise `written` is null. written: one byte
    // per row, set if its gradient may differ from 0. used: one byte per row, row_* below, whether its slots may differ
    // from 0; null if there are no slots. A row with zero gradient and zero slots, and no weight decay, would not
    // change, so it is skipped. A work unit is then a row.
    const uint8_t* written;
    uint8_t* used;
    int64_t inner;
};
constexpr uint8_t row_never = 0, row_used = 1, row_unsure = 2;

// m = momentum * m - lr * g;  p += nesterov ? momentum * m - lr * g : m.   No momentum: m null, p -= lr * g.
template <class T>
struct SgdArgs {
    OptimCells c;
    const T* g;
    T *p, *m;
    double momentum;
    bool nesterov;
};

// Kingma and Ba, 2015, in the form of the end of their section 2, where epsilon is added to the uncorrected root:
//   m += (1 - beta1) (g - m);  v += (1 - beta2) (g^2 - v);  vhat = max(vhat, v) (AMSGrad; else vhat null and v itself)
//   p -= lr sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(vhat) + epsilon),  t = step + 1
template <class T>
struct AdamArgs {
    OptimCells c;
    const T* g;
    T *p, *m, *v, *vhat;
    double beta1, beta2, epsilon;
};

// v = rho v + (1 - rho) g^2;  centered: a = rho a + (1 - rho) g
//   d = lr g / sqrt(v [- a^2] + epsilon);  momentum: m = momentum * m + d, p -= m;  else p -= d.  m, a null if unused.
template <class T>
struct RmspropArgs {
    OptimCells c;
    const T* g;
    T *p, *v, *m, *a;
    double rho, momentum, epsilon;
};

// average = k average + (1 - k) p with k = momentum, or 0 at step 0. Then p = average every `overwrite` steps, if > 0.
template <class T>
struct EmaArgs {
    const int64_t* iteration;
    T *p, *average;
    int64_t every, overwrite;
    double momentum;
};

// The last of every `every` calls: y = (total + g) / every, total = 0. The others: total += g, y = g.
template <class T>
struct AccumulateGradientArgs {
    const int64_t* iteration;
    const T* g;
    T *y, *total;
    int64_t every;
};

// y = min(max(x, -limit), limit)
template <class T>
struct ClipValueArgs {
    const T* x;
    T* y;
    double limit;
};

// partial[chunk] = sum of x^2 in float64; a chunk is `grain` elements.
template <class T>
struct SumSquaresArgs {
    const T* x;
    double* partial;
    int64_t grain;
};

// scale = limit / max(norm, limit), where norm is the root of the sum of `count` partials.
struct ClipScaleArgs {
    const double* partial;
    double* scale;
    int64_t count;
    double limit;
    bool global;  // a norm that is not finite makes everything NaN, as Keras's global clipping does
};

// sum_squares, clip_scale and scale in one kernel, for segments of one chunk.
template <class T>
struct ClipNormArgs {
    const T* x;
    T* y;
    double limit;
    bool global;
};

// y = x * scale (scale null: y = x / divisor)
template <class T>
struct ScaleArgs {
    const T* x;
    T* y;
    const double* scale;
    double divisor;
};

}  // namespace netlet
