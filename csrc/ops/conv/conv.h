#pragma once
#include <utility>
#include <vector>

#include "ops/activation/activation_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// How a kernel moves over an image; one entry for each spatial axis (1 to 3 of them).
struct ConvSteps {
    std::vector<int64_t> strides, dilation;
    std::vector<std::pair<int64_t, int64_t>> pads;  // zeros before and after
};

// act(convolution + bias): x (N, spatial..., C), kernel (taps..., C / groups, O), bias (O,) or null -> (N, out..., O)
// with out = floor((in + pads - dilation*(taps - 1) - 1) / stride) + 1. A fusable activation is applied in the register
// tile. Gradient flows to x, kernel and bias.
Tensor conv(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, const ConvSteps& steps,
            Activation act = Activation::linear, double alpha = 0);

// Transposed convolution: the gradient, with regard to its input, of a convolution with these steps whose input has the
// spatial sizes `out`. x (N, spatial..., C), kernel (taps..., O, C), bias (O,) or null -> (N, out..., O). Gradient
// flows to all three.
Tensor conv_transpose(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, const ConvSteps& steps,
                      const std::vector<int64_t>& out, Activation act = Activation::linear, double alpha = 0);

// Each channel convolved with kernels of its own: x (N, spatial..., C), kernel (taps..., C, multiplier), bias
// (C*multiplier,) or null -> (N, out..., C*multiplier), multiplier fastest.
Tensor depthwise_conv(Tape& tape, const Tensor& x, const Tensor& kernel, const Tensor& bias, const ConvSteps& steps,
                      Activation act = Activation::linear, double alpha = 0);

}  // namespace netlet::ops
