// Convolution over up to three spatial axes, as a matrix product whose left operand is never stored.
//
//     y[n, o, :] = bias + sum over taps t of x[n, o*stride + t*dilation - pad, :] . w[t]     (Dumoulin and Visin, 2016)
//
//     x (N, D, H, W, C) images, missing axes have size 1; w (KD, KH, KW, C / groups, O); y (N, OD, OH, OW, O).
//     Pixels outside x count as 0.
//
// One kernel, conv_gather, computes y from x, and dx from dy. The gradient of a convolution with stride s is s
// convolutions along each axis (its phases). Each phase uses every s-th tap (with dilation d, every s/gcd(s, d)-th),
// has stride 1, and writes every s-th pixel. ConvAxis holds what differs between them. The rows of the product are
// pixels; its terms are (tap, channel), channels fastest. Each sum is one chain of fused multiply-adds that starts at
// the bias.
//
// conv_kernel_grad: dw[t] = sum over pixels of x[n, o*stride + t*dilation - pad, :]^T dy[n, o, :], in pixel order. Each
// slice of the output rows sums into a dw of its own.
#pragma once
#include "base/types.h"
#include "ops/activation/activation_args.h"

namespace netlet {

constexpr int conv_axes = 3;
constexpr int64_t conv_strip = 14;       // rows of a full strip on AVX-512
constexpr int64_t conv_pixel_step = 42;  // blocks of pixels are whole strips of 14 and of 6 rows
// The length of the row of zeros that conv_gather reads for pixels outside x. No run of terms is longer.
constexpr int64_t conv_longest_run = 1024;
constexpr int64_t conv_most_runs = 64;   // most runs in one pass over a strip
constexpr int64_t conv_few_columns = 8;  // most output channels of conv_unpacked_rows

// One axis: the grid of written pixels. For grid position q, tap j (0 <= j < taps) reads input position q*step + first
// + j*tap_step (0 if that is outside [0, in)) and uses tap number tap + j*tap_stride of w.
struct ConvAxis {
    int64_t in, grid, step, first, tap_step;
    int64_t taps, tap, tap_stride, kernel;  // kernel: the number of taps of w along this axis
    int64_t out, out_first, out_step;       // grid position q writes pixel out_first + q*out_step of `out`
};

struct ConvArgs {
    // w: the output of conv_pack (on a GPU, and for conv_unpacked_rows: the kernel itself); bias (O,) or null
    const void *x, *w, *bias;
    void* y;
    ConvAxis axis[conv_axes];
    int64_t batch, groups, C, O;  // channels of x and of y in one group
    int64_t mb, nb;               // a work unit is mb pixels by nb columns of one group; nb fastest, groups slowest
    int64_t slices;               // GPU: the terms are summed in that many slices, each in a y of its own, one after
                                  // the other; 1 otherwise
    bool accumulate;              // y += instead of y =
    bool y_is_bf16;               // mixed_conv: y is bfloat16 and not accumulated, nb <= conv_rounded_columns
    Activation act;
    double alpha;
};
constexpr int64_t conv_rounded_columns = 256;

// Packs w into panels, one set per group: `columns` columns of taps*terms rows.
//     plain       row (tap, c), column o = w[tap, c, o]
//     transposed  row (taps-1-tap, o), column c = w[tap, c, o]: reversed, so that the taps that read a row
//                 of pixels of dy appear in the order of these pixels in memory
struct ConvPackArgs {
    const void* w;
    void* packed;
    int64_t taps, groups, C, O;  // C, O: of one group
    bool transposed;
};
constexpr int64_t conv_panel_group = 32;  // packed columns are padded to whole groups; every panel width divides it

// The rows of dw are cut into strips. A strip holds rows of one tap; if no tap reads outside x, it holds any (tap, c)
// rows (one_matrix). A work unit is a block of strips of one group, summed over one slice of `slice` rows of output
// pixels.
struct ConvKernelGradArgs {
    const void *x, *dy;
    void* dw;  // (slices, taps, C, groups*O)
    ConvAxis axis[conv_axes];
    int64_t batch, groups, C, O;
    int64_t slice, blocks;  // units count blocks fastest, then groups, then slices
    bool one_matrix;
    bool accumulate;
};

// Depthwise: y[.., c] = bias[c] + sum over taps of x[.., c] * w[tap, c]. x and y as above with C = O channels. A work
// unit is a row of grid pixels.
struct DepthwiseArgs {
    const void *x, *w, *bias;
    void* y;
    ConvAxis axis[conv_axes];
    int64_t batch, C;
    bool accumulate;
    Activation act;
    double alpha;
};

// dw (slices, taps, C). A work unit is a slice: `slice` rows of output pixels.
struct DepthwiseKernelGradArgs {
    const void *x, *dy;
    void* dw;
    ConvAxis axis[conv_axes];
    int64_t batch, C, slice;
    bool accumulate;
};

}  // namespace netlet
