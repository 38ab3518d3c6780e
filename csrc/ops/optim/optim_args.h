// Optimizers: one streaming pass over a flat parameter segment. All arrays (N,), of one type T.
//   p parameters   g gradients   m, v, ... slots, updated in place
//   lr         one float64 cell: read at run time, since it changes between steps
//   iteration  one int64 cell: calls of the optimizer before this one; with `every` > 1 gradients are accumulated, so
//              step = iteration / every, and a call is idle unless it is the last of its `every`
// Decoupled weight decay (Loshchilov and Hutter, 2019) comes first in each: p -= p * weight_decay * lr.
#pragma once
#include "base/types.h"

namespace netlet {

struct OptimCells {
    const double* lr;
    const int64_t* iteration;
    int64_t every;
    double weight_decay;
    // A table, N = rows * inner, of which a step moves few rows; else `written` is null. Bytes, one for each row: of which
    // the gradient may differ from 0, and (null where there are no slots) of which the slots may: row_* below. With neither,
    // and without weight decay, an update changes nothing, so these rows are passed over. A unit of work is a row then.
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

// Kingma and Ba, 2015, in the form of the end of their section 2, where epsilon stands beside the uncorrected root:
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

// average = k average + (1 - k) p with k = momentum, or 0 at step 0. Then p = average each `overwrite` steps (0: never).
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

// scale = limit / max(norm, limit), norm the root of the sum of `count` partials.
struct ClipScaleArgs {
    const double* partial;
    double* scale;
    int64_t count;
    double limit;
    bool global;  // a norm that is not finite makes everything NaN, as Keras's global clipping does
};

// The three steps in one, for segments of one chunk.
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
