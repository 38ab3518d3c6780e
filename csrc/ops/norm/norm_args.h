// Normalization: y = (x - mean) rstd gamma + beta, rstd = 1 / sqrt(variance + epsilon), with the statistics of
//
//   layer, RMS    each row of x (R, C); gamma, beta (C,). RMS: mean = 0, and the mean square replaces the variance.
//   batch         each channel of x (R, C) over all rows
//   group         each of G groups of D neighbouring channels of x (O, R, C = G D) over a sample's R rows;
//                 batch is the case O = 1, D = 1, and instance normalization is D = 1
//   given         as batch, but the caller passes mean and variance: batch normalization at inference
//
// (Ioffe and Szegedy, 2015; Ba et al., 2016; Wu and He, 2018; Zhang and Sennrich, 2019; formulas as in Keras.) The
// variance is the biased one. With x^ = (x - mean) rstd, g = dy gamma and <.> the average over the elements that share
// a mean,
//
//   dbeta = sum dy    dgamma = sum dy x^    dx = rstd (g - <g> - x^ <g x^>)       (RMS: without <g>)
//   given: dx = rstd g    dmean = -rstd sum g    dvariance = -rstd^2 / 2 sum g x^
//
// Numerics. A mean that is large compared with the standard deviation must not cost the variance its digits, and
// rounding the mean to float32 must not shift y. So x is always centred first on c, the mean rounded to T; the
// subtraction is exact where that matters. A second number holds the difference between the mean and c. Statistics of
// columns read memory once: they compute the mean of a block of 64 rows and then, while the block is in the cache, sums
// in T of the differences from that mean and of their squares; blocks are joined in double (Chan et al., 1983). Rows,
// too, are read twice from the cache. With u = 2^-24 (2^-53) the error of a variance is at most 70 u of the variance,
// plus u^2 mean^2, which x, given in T, has already lost.
#pragma once
#include "base/types.h"
#include "ops/activation/activation_args.h"

namespace netlet {

constexpr int64_t norm_block = 64;  // rows whose sums are computed in T
constexpr int64_t norm_tile = 256;  // columns of a work unit

// x (O, R, C) as the column kernels see it. Few channels would leave most of a vector empty, so `fold` rows count as
// one row, and a channel is `fold` columns. A long column is cut into `pieces` of `piece` rows, a multiple of
// norm_block.
struct NormColumns {
    int64_t O, R, C;
    int64_t piece, pieces;
    int64_t fold, groups;  // C = fold * groups * D
    // 0 where there are no channels, of which batch normalization has as many groups.
    NETLET_MEMBER_INLINE int64_t D() const { return groups ? C / (fold * groups) : 0; }
    NETLET_MEMBER_INLINE int64_t channels() const { return C / fold; }
};

// The activations that column kernels apply to z = (x - centre) a + b. Backward computes z again from x, with the same
// bits, instead of reading y. In float64, and on a GPU, they are ops of their own.
constexpr bool can_follow_norm(Activation act) {
    return act == Activation::linear || act == Activation::relu || act == Activation::relu6;
}

// The coefficients of a column, (3, O, C): centre, a, b of y = (x - centre) a + b, or a, b, c of the backward dx = dy a
// + (x - centre) b + c.
template <class T>
struct NormMomentsArgs {
    const T* x;
    double* partial;  // (O, pieces, 2, C): mean, and sum of the squared differences from it
    NormColumns s;
};  // a work unit is (o, piece, tile of columns)

template <class T>
struct NormSumsArgs {
    const T *x, *dy, *centre;  // centre: the coefficients of forward, of which centre is the first
    double* partial;           // (O, pieces, 2, C): sum dz, sum dz (x - centre)
    NormColumns s;
    Activation act;  // dz = dy act'(z); can_follow_norm
};  // work units as above

template <class T>
struct NormFinishArgs {
    const double* partial;                 // or null: then the given mean and variance are used
    const T *given_mean, *given_variance;  // (channels,)
    const T *gamma, *beta;                 // (channels,) or null
    T *mean, *variance;                    // (O, groups) or null
    double* moment;                        // (O, groups, 2): mean, rstd
    T* columns;                            // (3, O, C): centre, a, b
    NormColumns s;
    double epsilon;
};  // a work unit is (o, group)

template <class T>
struct NormApplyArgs {
    const T *x, *columns;
    T* y;
    NormColumns s;
    Activation act;  // y = act(z); can_follow_norm
};  // a work unit is a row of O * R

template <class T>
struct NormFinishBwdArgs {
    const double *partial, *moment;
    const T* gamma;        // or null
    T *dgamma, *dbeta;     // (O, channels) or null
    T *dmean, *dvariance;  // (channels,) or null; only if `given`
    T* columns;            // (3, O, C): a, b, c; null if no dx is wanted
    NormColumns s;
    bool given;
    bool add_dgamma, add_dbeta, add_dmean, add_dvariance;  // += instead of =
};  // a work unit is (o, group)

template <class T>
struct NormApplyBwdArgs {
    const T *x, *dy, *centre, *columns;  // centre: as in NormSumsArgs; columns: of backward
    T* dx;
    NormColumns s;
    bool accumulate;  // dx += instead of dx =
    Activation act;   // as in NormSumsArgs
};  // a work unit is a row of O * R

// ---- rows: x (R, C) ------------------------------------------------------------------------------------------------
template <class T>
struct NormRowsArgs {
    const T *x, *gamma, *beta;  // gamma, beta (C,) or null
    T* y;
    T* rows;  // (R, 3): centre, rstd, shift with x^ = (x - centre) rstd + shift; null if no gradient is wanted
    int64_t C;
    double epsilon;
    bool centred;  // false: RMS
};  // a work unit is a row

template <class T>
struct NormRowsBwdArgs {
    const T *x, *dy, *gamma, *rows;  // gamma may be null
    T* dx;                           // or null
    T *dgamma, *dbeta;               // (blocks, C): sums over each block of rows; or null
    int64_t R, C, block;
    bool centred;
    bool accumulate;  // dx += instead of dx =
};  // a work unit is a block of rows

// moving = moving momentum + value (1 - momentum)
template <class T>
struct MovingAverageArgs {
    const T* value;
    T* moving;
    double momentum;
};

}  // namespace netlet
