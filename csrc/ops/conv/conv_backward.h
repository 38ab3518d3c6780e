// The gradients of convolutions, for ops that compute y in another way: from codes (quantized_conv.cpp).
#pragma once
#include "ops/conv/conv_geometry.h"

namespace netlet::ops {

// Registers the gradients of y = act(convolution of x + bias), or of the transposed convolution, with regard to x,
// kernel and bias (or null). `act` is fusable. g describes the convolution whose gradient a transposed one is.
void on_backward_of_conv(Tape& tape, bool transposed, const ConvGeometry& g, const ConvSteps& steps, const Tensor& x,
                         const Tensor& kernel, const Tensor& bias, const Tensor& y, Activation act, double alpha);

// The same for a depthwise convolution with one kernel for each channel.
void on_backward_of_depthwise(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& kernel,
                              const Tensor& bias, const Tensor& y, Activation act, double alpha);

}  // namespace netlet::ops
