// The records of a convolution's three products, for the op and its gradients.
#pragma once
#include "ops/conv/conv_geometry.h"

namespace netlet::ops {

// y = or += act(bias + the convolution of x).
void emit_forward(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& kernel, const Tensor& bias,
                  const Grad& y, Activation act, double alpha);

// dx = or += act(bias + the gradient with regard to x).
void emit_input_gradient(Tape& tape, const ConvGeometry& g, const Tensor& dy, const Tensor& kernel, const Tensor& bias,
                         const Grad& dx, Activation act, double alpha);

// dw = or += x^T dy, tap by tap. For a mixed g, x or dy is bfloat16.
void emit_kernel_gradient(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Grad& dw);

// Describes the kernel for a packing record. Padding of the arguments stays zero, so that share_prepacked sees what is
// the same.
void describe_taps(ConvPackArgs& args, const ConvGeometry& g, bool transposed);
// The kernel's taps in panels, for the convolution or (transposed) for its gradient.
Tensor pack_taps(Tape& tape, const ConvGeometry& g, const Tensor& kernel, bool transposed);
bool uses_winograd(Tape& tape, const ConvGeometry& g);
// Into how many chunks to cut the work of so many operations.
int64_t chunks_for(double flops);
ConvArgs product_arguments(int64_t batch, int64_t groups, int64_t C, int64_t O, Activation act, double alpha);
// Sets the block of pixels and columns that is a unit of work; no units if there are no pixels. images_apart: no
// block crosses images, where that can be (Work::rows).
Work split_pixels(ConvArgs& args, int64_t element_bytes, int64_t most_columns, bool images_apart = false);

// ---- in bfloat16: mixed_conv.cpp. The first three call these if g.mixed ----
void emit_mixed_forward(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& kernel, const Tensor& bias,
                        const Grad& y, Activation act, double alpha);
void emit_mixed_input_gradient(Tape& tape, const ConvGeometry& g, const Tensor& dy, const Tensor& kernel,
                               const Tensor& bias, const Grad& dx, Activation act, double alpha);
void emit_mixed_kernel_gradient(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Grad& dw);

}  // namespace netlet::ops
