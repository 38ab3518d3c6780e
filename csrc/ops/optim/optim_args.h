// SGD, RMSprop and the Adam family, the exponential average of the weights, and the preparation of gradients.
// optim_cells.h has what the updates share.
#pragma once
#include "ops/optim/optim_cells.h"

namespace netlet {

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
//   p -= alpha m / (sqrt(vhat) + epsilon),  alpha = lr_ratio lr sqrt(1 - beta2^t) / (1 - beta1^t),  t = step + 1
// Rectified (Liu et al., 2020, algorithm 2): with rho = 2 / (1 - beta2) - 1 and rho_t = rho - 2 t beta2^t / (1 - beta2^t),
// alpha is multiplied by sqrt((rho_t - 4) (rho_t - 2) rho / ((rho - 4) (rho - 2) rho_t)) if rho_t > 5; else
//   p -= lr_ratio lr / (1 - beta1^t) * m
template <class T>
struct AdamArgs {
    OptimCells c;
    const T* g;
    T *p, *m, *v, *vhat;
    double beta1, beta2, epsilon, lr_ratio;
    bool rectified;
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
