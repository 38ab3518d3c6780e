// Convolutions of 8-bit codes: uint8 images, int8 kernels. The sums are exact; ops/quant/requantize_args.h is the
// formula of the last step.
#pragma once
#include "ops/conv/conv.h"
#include "ops/quantized/quantized.h"

namespace netlet::ops {

// As conv, conv_transpose and depthwise_conv. x is uint8, its scale and zero point are one number or one for each image
// (N, 1, ..., 1); pixels outside x are its zero point. The result is float32, or codes if p.out_scale is set: exactly
// those that quantize_with makes of the float32 result.
Tensor quantized_conv(Tape& tape, const QuantizedProduct& p, const ConvSteps& steps);
Tensor quantized_conv_transpose(Tape& tape, const QuantizedProduct& p, const ConvSteps& steps,
                                const std::vector<int64_t>& out);
Tensor quantized_depthwise_conv(Tape& tape, const QuantizedProduct& p, const ConvSteps& steps);

// ---- shared by the three ----
// check_quantized with x of uint8 and a scale for each image.
void check_quantized_image(const char* op, const QuantizedProduct& p, int64_t outputs);
// The same product without activation, in float32: for an activation that is not fusable.
inline QuantizedProduct without_activation(QuantizedProduct p) {
    p.act = Activation::linear;
    p.alpha = 0;
    p.out_scale = p.out_zero = nullptr;
    return p;
}

}  // namespace netlet::ops
