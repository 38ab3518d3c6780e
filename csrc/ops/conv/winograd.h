// Winograd convolution: 3x3 taps, stride 1, with 16 or 9 products where the definition has 36 (winograd_args.h).
#pragma once
#include "ops/conv/conv_geometry.h"

namespace netlet::ops {

// Whether g and its gradients use Winograd: for many tiles and many channels. Depends on shapes alone.
bool winograd_pays(const ConvGeometry& g);

// Whether convolutions of whole numbers are exact in float32 as long as the sums have a few bits to spare: F(4x4, 3x3)
// is then left out. A setting of the process; a record keeps the one that was set when it was emitted.
void keep_convolutions_exact(bool on);
bool convolutions_are_exact();

// y = or += act(convolution + bias). `mixed`: in bfloat16 (mixed_winograd_args.h). packed: the taps, from conv_pack; h, w: from forward_axis or phase_axis.
void emit_winograd(Tape& tape, int64_t batch, const ConvAxis& h, const ConvAxis& w, int64_t C, int64_t O,
                   const Tensor& x, const Tensor& packed, const Tensor& bias, const Grad& y, Activation act,
                   double alpha, bool mixed);

// dw = or += the gradient with regard to the kernel.
void emit_winograd_kernel_gradient(Tape& tape, const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                                   const Grad& dw);

}  // namespace netlet::ops
