// Updates that need a norm or a matrix of each variable: one call for each variable, not for a whole segment. Squares
// are summed in float64 over chunks of `grain` elements, and the chunks in their order, so the bits do not depend on
// threads. t = 1, 2, ... is the number of the update; optim_cells.h has the rest.
#pragma once
#include "ops/optim/optim_cells.h"

namespace netlet {

// You et al., 2020, in Keras's form. Moments: m += (1 - beta1) (g - m);  v += (1 - beta2) (g^2 - v)
//   u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon);  norms[chunk] = sum of w^2, sum of u^2, where w = p
// after weight decay. The apply kernel computes u again, which costs no more traffic than storing it.
template <class T>
struct LambMomentsArgs {
    OptimCells c;
    const T *g, *p;
    T *m, *v;
    double* norms;
    int64_t grain;
    double beta1, beta2, epsilon;
};
// p = w - lr u |w| / |u|, with the ratio 1 where a norm is 0
template <class T>
struct LambApplyArgs {
    OptimCells c;
    T* p;
    const T *m, *v;
    const double* norms;  // the sums of w^2 and of u^2
    double beta1, beta2, epsilon;
};

// total = the sums of the first and of the second numbers of `count` pairs
struct SumPairsArgs {
    const double* partial;
    double* total;
    int64_t count;
};

// Adafactor (Shazeer and Stern, 2018) in Keras's form. A variable is `matrices` matrices of (rows, columns); a unit is
// one of the down x across tiles of a matrix. row_sums (matrices, across, rows) and column_sums (matrices, down,
// columns) are the sums of g^2 in each tile.
constexpr int64_t adafactor_tile_rows = 64, adafactor_tile_columns = 256;
template <class T>
struct AdafactorSumsArgs {
    const T* g;
    double *row_sums, *column_sums;
    int64_t rows, columns, down, across;
};
// factor (matrices, n) = beta factor + (1 - beta) (sum of the `count` partials / divisor + epsilon), beta = 1 - t^decay.
// partial (matrices, count, n). Once for the row means, once for the column means.
template <class T>
struct AdafactorFactorArgs {
    OptimCells c;
    const double* partial;
    T* factor;
    int64_t n, count;
    double divisor, epsilon, decay;
};
// mean[i] = mean of row i of r (matrices, n)
template <class T>
struct AdafactorMeanArgs {
    const T* r;
    double* mean;
    int64_t n;
};
// Matrices: v = r / mean(r) x k (outer product), with r and k the factors of rows and columns; u = g / sqrt(v). Others (r null): v = beta v + (1 - beta) (g^2 +
// epsilon_1). norms[chunk] = sum of w^2, sum of u^2, w = p after weight decay.
template <class T>
struct AdafactorNormsArgs {
    OptimCells c;
    const T *g, *p, *r, *k;
    const double* mean;
    T* v;
    double* norms;
    int64_t grain, rows, columns;
    double epsilon_1, decay;
};
// p = w - max(epsilon_2, rms(w)) min(lr, 1 / sqrt(t)) / max(1, rms(u) / clip_threshold) u
template <class T>
struct AdafactorApplyArgs {
    OptimCells c;
    const T *g, *r, *k;
    const double* mean;
    const T* v;
    T* p;
    const double* norms;
    int64_t rows, columns, size;
    double epsilon_2, clip_threshold;
};

// Muon (Jordan et al., 2024): m = momentum m + g;  y = nesterov ? g + momentum m : m;  partial[chunk] = sum of y^2.
// A call that only accumulates gradients leaves m as it is; its y is not used.
template <class T>
struct MuonMomentumArgs {
    OptimCells c;
    const T* g;
    T *m, *y;
    double* partial;
    int64_t grain;
    double momentum;
    bool nesterov;
};
// scale = numerator / (root of the sum of `count` partials + 1e-7)
struct MuonScaleArgs {
    const double* partial;
    double* scale;
    int64_t count;
    double numerator;
};
// y = scale x + diagonal I; x, y (n, n), a unit is a row. x may be y.
template <class T>
struct ShiftDiagonalArgs {
    const T* x;
    T* y;
    int64_t n;
    double scale, diagonal;
};

}  // namespace netlet
