// Convolution of uint8 codes with int8 kernels: sums in int32, and the last step of requantize_args.h.
//
//     acc[n, o, :] = sum over taps t of x[n, o*stride + t*dilation, :] . w[t]            exact modulo 2^32
//     y[n, o, :]   = requantize(acc)                                                     float32, or uint8 codes
//
//     x (N, D, H, W, C) codes, already padded (quantized_pad): every tap reads inside x; w int8; y (N, OD, OH, OW, O)
//
// A run is a sequence of bytes that are contiguous in x and in the packed kernel: the channels at one tap, or,
// if taps along the last axis read adjacent pixels (`merged`), those at all of them. Terms are multiplied in lanes of 2
// or 4. The last lane of a run is filled with weights of 0, so the kernel may read up to quantized_conv_slack bytes
// past a run: x has them after its last pixel (quantized_pad) if a run does not end with a whole lane.
#pragma once
#include "ops/conv/conv_args.h"
#include "ops/quant/requantize_args.h"

namespace netlet {

constexpr int64_t quantized_conv_slack = 3;

// The taps of ConvAxis in the order in which they read x, as `rows` x `columns` x `runs` runs of `terms` terms.
struct QuantizedRuns {
    int64_t rows, columns, runs, terms;
    constexpr int64_t lanes(int64_t group) const {  // lanes of `group` terms in all runs
        return rows * columns * runs * ((terms + group - 1) / group);
    }
};
constexpr QuantizedRuns quantized_runs(const ConvAxis* axis, int64_t groups, int64_t C) {
    const bool merged = groups == 1 && axis[2].tap_step == 1;
    return {axis[0].taps, axis[1].taps, merged ? 1 : axis[2].taps, merged ? axis[2].taps * C : C};
}

// y = x inside, the zero point of the image around it. A work unit is a row of pixels of y. `slack` bytes follow the
// last one.
struct QuantizedPadArgs {
    const uint8_t *x, *zero;  // zero: one code for each image (zero_step 1) or for all (0); null: 0
    uint8_t* y;
    int64_t in[conv_axes], before[conv_axes], out[conv_axes];
    int64_t batch, channels, zero_step, slack;
};

// Packs the taps that `axis` names into panels of columns, each `lanes` rows of a panel's width, groups slowest; and
// sums the weights of each column. w[tap, c, o] of a group is w[tap*tap_step + c*term_step + o*column_step +
// group*group_step]. A work unit is a group of conv_panel_group columns of one group.
struct QuantizedConvPackArgs {
    const int8_t* w;
    void* packed;
    int32_t* sums;  // (groups, O)
    ConvAxis axis[conv_axes];
    int64_t groups, C, O;
    int64_t tap_step, term_step, column_step, group_step;
};

// A work unit is mb pixels by nb columns of one group; nb fastest, groups slowest. With sums_only y is the int32 acc.
struct QuantizedConvArgs {
    const uint8_t* x;
    const void* w;  // packed
    void* y;
    Requantization last_step;
    ConvAxis axis[conv_axes];
    int64_t batch, groups, C, O, mb, nb;
    bool sums_only;
};
constexpr int64_t quantized_conv_columns = 256;  // most columns of a work unit

// y[.., c] = requantize(sum over taps of (x[.., c] - x_zero) * w[tap, c]), x padded as above. w (taps, C) are the weights
// without their zero point, in float32. A work unit is a row of pixels of y.
struct QuantizedDepthwiseArgs {
    const uint8_t* x;
    const float* w;
    void* y;
    Requantization last_step;  // w_sums and x_sums are not needed
    ConvAxis axis[conv_axes];
    int64_t batch, C;
};
// A float32 sum of that many products is exact: each is below 2^16, and a sum of up to 2^24.
constexpr int64_t quantized_depthwise_taps = 256;

}  // namespace netlet
