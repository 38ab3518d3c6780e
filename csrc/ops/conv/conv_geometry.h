// The shapes of a convolution, and the arguments of its kernels for each axis.
#pragma once
#include <vector>

#include "ops/conv/conv.h"
#include "ops/conv/conv_args.h"

namespace netlet::ops {

struct ConvGeometry {
    int64_t batch = 1, groups = 1, C = 1, O = 1;  // channels of one group
    int64_t in[conv_axes] = {1, 1, 1}, out[conv_axes] = {1, 1, 1}, kernel[conv_axes] = {1, 1, 1};
    int64_t stride[conv_axes] = {1, 1, 1}, dilation[conv_axes] = {1, 1, 1};
    int64_t before[conv_axes] = {}, after[conv_axes] = {};
    bool mixed = false;  // products in bfloat16

    int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
    int64_t out_pixels() const { return batch * out[0] * out[1] * out[2]; }
    int64_t in_pixels() const { return batch * in[0] * in[1] * in[2]; }
    double flops() const { return 2.0 * (double)(out_pixels() * taps()) * (double)(groups * C * O); }
    bool padded() const;
    bool pointwise() const;  // one tap, stride 1: a dense product
    Shape y_shape(int spatial) const;
    Shape x_shape(int spatial) const;
};

// The number of spatial axes of x. ValueError if x, kernel and steps do not match.
int check_steps(const char* op, const Tensor& x, const Tensor& kernel, const ConvSteps& steps);
int check_steps(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps);  // of any dtype
void check_bias(const char* op, const Tensor& x, const Tensor& bias, int64_t channels);
// The spatial sizes of a convolution; the caller sets the channels. ValueError if the kernel is larger than the padded
// input.
ConvGeometry conv_geometry(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps);
// With channels. ValueError if those of x, of the kernel and of the groups do not match; `out` are the sizes of the
// transposed convolution's output: the input of the convolution that the geometry describes.
ConvGeometry grouped_geometry(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps);
ConvGeometry transposed_geometry(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps,
                                 const std::vector<int64_t>& out);
ConvGeometry depthwise_geometry(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps);

// The kernels' arguments along `axis`: for the convolution itself,
ConvAxis forward_axis(const ConvGeometry& g, int axis);
// and for phase `phase` (0 <= phase < stride) of its gradient with regard to x. `reversed`: taps count from the end, as
// in a kernel that conv_pack has packed for the gradient.
ConvAxis phase_axis(const ConvGeometry& g, int axis, int64_t phase, bool reversed);
// The same for all axes: sets `axis` for the convolution, or for each phase of its gradient in turn and calls f().
inline void set_forward_axes(const ConvGeometry& g, ConvAxis (&axis)[conv_axes]) {
    for (int i = 0; i < conv_axes; ++i) axis[i] = forward_axis(g, i);
}
template <class F>
void for_each_phase(const ConvGeometry& g, bool reversed, ConvAxis (&axis)[conv_axes], F f) {
    for (int64_t d = 0; d < g.stride[0]; ++d)
        for (int64_t h = 0; h < g.stride[1]; ++h)
            for (int64_t w = 0; w < g.stride[2]; ++w) {
                const int64_t phase[conv_axes] = {d, h, w};
                for (int i = 0; i < conv_axes; ++i) axis[i] = phase_axis(g, i, phase[i], reversed);
                f();
            }
}

}  // namespace netlet::ops
