// Convolution of images with few channels (conv_planar_args.h), on the CPU.
#pragma once
#include "ops/conv/conv_geometry.h"

namespace netlet::ops {

// Whether vectors of pixels are filled better than vectors of output channels. Depends on shapes and dtype alone.
bool planar_pays(const ConvGeometry& g, DType dtype);

// y = act(bias + the convolution of x). w: the kernel as it is.
void emit_planar(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& bias,
                 const Tensor& y, Activation act, double alpha);

// The same for the gradient with regard to x: whether it pays, and dx = act(bias + it).
bool planar_gradient_pays(const ConvGeometry& g, DType dtype);
void emit_planar_gradient(Tape& tape, const ConvGeometry& g, const Tensor& dy, const Tensor& kernel, const Tensor& bias,
                          const Tensor& dx, Activation act, double alpha);

}  // namespace netlet::ops
