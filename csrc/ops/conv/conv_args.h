// Convolution over up to three spatial axes, as a product of matrices that is never written down.
//
//     y[n, o, :] = bias + sum over taps t of x[n, o*stride + t*dilation - pad, :] . w[t]        (Dumoulin and Visin, 2016)
//
//     x (N, D, H, W, C) images, missing axes 1 long; w (KD, KH, KW, C / groups, O); y (N, OD, OH, OW, O).
//     Pixels outside x count as 0.
//
// One kernel, conv_gather, computes y from x, and dx from dy: the gradient of a convolution with stride s is s
// convolutions along each axis (its phases), each with every s-th tap, of stride 1 and written to every s-th pixel. What
// differs is in ConvAxis. Its rows are pixels, its terms (tap, channel) in this order, each sum one chain of fused
// multiply-adds that begins with the bias.
//
// conv_kernel_grad: dw[t] = sum over pixels of x[n, o*stride + t*dilation - pad, :]^T dy[n, o, :], pixels in their order;
// slices of the images each sum into a dw of their own.
#pragma once
#include "base/types.h"
#include "ops/activation/activation_args.h"

namespace netlet {

constexpr int conv_axes = 3;
constexpr int64_t conv_strip = 14;       // rows of a full strip of AVX-512
constexpr int64_t conv_pixel_step = 42;  // blocks of pixels are whole strips of 14 and of 6 rows
// conv_gather finds zeros here for pixels outside; no run of terms is longer.
constexpr int64_t conv_longest_run = 1024;
constexpr int64_t conv_most_runs = 64;   // that a strip holds at a time
constexpr int64_t conv_few_columns = 8;  // conv_unpacked_rows takes no more

// Along one axis: the grid of pixels that are written, and for tap j (0 <= j < taps) of grid position q the input
// position q*step + first + j*tap_step (outside [0, in): a zero) and the row of taps tap + j*tap_stride of w.
struct ConvAxis {
    int64_t in, grid, step, first, tap_step;
    int64_t taps, tap, tap_stride, kernel;  // of `kernel` taps along this axis in all
    int64_t out, out_first, out_step;       // grid position q is written to pixel out_first + q*out_step of `out`
};

struct ConvArgs {
    const void *x, *w, *bias;  // w: what conv_pack wrote; bias (O,) or null
    void* y;
    ConvAxis axis[conv_axes];
    int64_t batch, groups, C, O;  // C channels of x, O of y, of one group each
    int64_t mb, nb;               // one unit is mb pixels by nb columns of one group; nb fastest, groups slowest
    bool accumulate;              // y += instead of y =
    Activation act;
    double alpha;
};

// w in panels, one set for each group: `columns` of them with taps*terms rows.
//     plain       row (tap, c), column o = w[tap, c, o]
//     transposed  row (taps-1-tap, o), column c = w[tap, c, o]: reversed, so that the taps that one pixel of dy reaches
//                 are in the order in which the pixels of dy lie
struct ConvPackArgs {
    const void* w;
    void* packed;
    int64_t taps, groups, C, O;  // of one group each
    bool transposed;
};
constexpr int64_t conv_panel_group = 32;  // packed columns come in groups of this many; every panel width divides it

// Rows of dw are cut into strips: taps one by one, or, where no pixel outside x is touched, all (tap, c) rows in one go
// (one_matrix). A unit is a block of strips of one group, summed over one slice: `slice` rows of output pixels.
struct ConvKernelGradArgs {
    const void *x, *dy;
    void* dw;  // (slices, taps, C, groups*O)
    ConvAxis axis[conv_axes];
    int64_t batch, groups, C, O;
    int64_t slice, blocks;  // units count blocks fastest, then groups, then slices
    bool one_matrix;
    bool accumulate;
};

// Depthwise: y[.., c] = bias[c] + sum over taps of x[.., c] * w[tap, c]. x, y as above with C = O channels. One unit is a
// row of grid pixels.
struct DepthwiseArgs {
    const void *x, *w, *bias;
    void* y;
    ConvAxis axis[conv_axes];
    int64_t batch, C;
    bool accumulate;
    Activation act;
    double alpha;
};

// dw (slices, taps, C); one unit is a slice.
struct DepthwiseKernelGradArgs {
    const void *x, *dy;
    void* dw;
    ConvAxis axis[conv_axes];
    int64_t batch, C, slice;
    bool accumulate;
};

}  // namespace netlet
