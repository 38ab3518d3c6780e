// Images of codes with padding, so that the kernels of ops/conv/quantized_* never see an edge.
#pragma once
#include <vector>

#include "ops/conv/quantized_conv_args.h"
#include "ops/quantized/quantized.h"

namespace netlet::ops {

// The taps of one product: all of a convolution's, or those of one phase of a transposed convolution.
struct Phase {
    ConvAxis axis[conv_axes];
    int64_t pixels() const { return axis[0].grid * axis[1].grid * axis[2].grid; }  // of one image
    int64_t taps() const { return axis[0].taps * axis[1].taps * axis[2].taps; }
};

// Pads x with its zero points so that all taps of all phases read inside, and moves the phases to the padded image. x
// itself is the image if nothing must be added. `reads_lanes`: the kernel may read quantized_conv_slack bytes past a
// run that does not end with a whole lane, so the image has them.
Tensor padded_image(Tape& tape, const Codes& x, std::vector<Phase>& phases, int64_t groups, int64_t C,
                    bool reads_lanes);

}  // namespace netlet::ops
