#include "ops/conv/conv_geometry.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "ops/gemm/gemm.h"

namespace netlet::ops {

bool ConvGeometry::padded() const {
    for (int i = 0; i < conv_axes; ++i)
        if (before[i] || after[i]) return true;
    return false;
}

bool ConvGeometry::pointwise() const {
    return groups == 1 && taps() == 1 && !padded() && stride[0] * stride[1] * stride[2] == 1;
}

Shape ConvGeometry::y_shape(int spatial) const {
    Shape y{batch};
    for (int i = conv_axes - spatial; i < conv_axes; ++i) y.push_back(out[i]);
    y.push_back(groups * O);
    return y;
}

Shape ConvGeometry::x_shape(int spatial) const {
    Shape x{batch};
    for (int i = conv_axes - spatial; i < conv_axes; ++i) x.push_back(in[i]);
    x.push_back(groups * C);
    return x;
}

int check_steps(const char* op, const Tensor& x, const Tensor& kernel, const ConvSteps& steps) {
    check_product_dtypes(op, x, kernel, nullptr);
    return check_steps(op, x->shape, kernel->shape, steps);
}

int check_steps(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps) {
    const int spatial = x.rank() - 2;
    if (spatial < 1 || spatial > conv_axes)
        throw ValueError(std::string(op) +
                         ": expected x with a batch axis, 1 to 3 spatial axes and channels last, received shape " +
                         x.str());
    if (kernel.rank() != spatial + 2)
        throw ValueError(std::string(op) + ": expected a kernel with " + std::to_string(spatial + 2) +
                         " axes for x of shape " + x.str() + ", received shape " + kernel.str());
    auto of_axes = [&](const char* name, size_t given) {
        if (given != (size_t)spatial)
            throw ValueError(std::string(op) + ": expected " + std::to_string(spatial) + " " + name +
                             " for x of shape " + x.str() + ", received " + std::to_string(given));
    };
    of_axes("strides", steps.strides.size());
    of_axes("dilation rates", steps.dilation.size());
    of_axes("pairs of padding", steps.pads.size());
    // Larger values would overflow, and no image is that large.
    constexpr int64_t most = 1 << 30;
    for (int i = 0; i < spatial; ++i) {
        const auto [before, after] = steps.pads[(size_t)i];
        const int64_t stride = steps.strides[(size_t)i], dilation = steps.dilation[(size_t)i];
        if (stride < 1 || stride > most || dilation < 1 || dilation > most)
            throw ValueError(std::string(op) + ": expected positive strides and dilation rates, received " +
                             std::to_string(stride) + " and " + std::to_string(dilation));
        if (before < 0 || after < 0 || before > most || after > most)
            throw ValueError(std::string(op) + ": expected padding of at least 0, received (" + std::to_string(before) +
                             ", " + std::to_string(after) + ")");
        if (kernel[i] < 1)
            throw ValueError(std::string(op) + ": expected a kernel with at least one tap, received shape " +
                             kernel.str());
    }
    return spatial;
}

void check_bias(const char* op, const Tensor& x, const Tensor& bias, int64_t channels) {
    if (!bias) return;
    check_product_dtypes(op, x, x, bias);
    if (bias->shape != Shape{channels})
        throw ValueError(std::string(op) + ": expected a bias of shape " + Shape{channels}.str() + ", received " +
                         bias->shape.str());
}

ConvGeometry conv_geometry(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps) {
    ConvGeometry g;
    g.batch = x[0];
    const int spatial = x.rank() - 2;
    for (int i = 0; i < spatial; ++i) {
        const int at = conv_axes - spatial + i;
        g.in[at] = x[i + 1];
        g.kernel[at] = kernel[i];
        g.stride[at] = steps.strides[(size_t)i];
        g.dilation[at] = steps.dilation[(size_t)i];
        std::tie(g.before[at], g.after[at]) = steps.pads[(size_t)i];
        const int64_t padded = g.in[at] + g.before[at] + g.after[at];
        int64_t reach = 0;
        if (multiply_overflows(g.kernel[at] - 1, g.dilation[at], &reach) || ++reach > padded)
            throw ValueError(std::string(op) + ": expected at least " + std::to_string(reach) + " pixels along axis " +
                             std::to_string(i + 1) + " for a kernel of shape " + kernel.str() +
                             " (dilation included), received shape " + x.str() + ", " + std::to_string(padded) +
                             " pixels with padding");
        g.out[at] = (padded - reach) / g.stride[at] + 1;
    }
    return g;
}

ConvGeometry grouped_geometry(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps) {
    const int64_t channels = x.back(), C = kernel[kernel.rank() - 2], filters = kernel.back();
    if (C < 1 || channels % C != 0)
        throw ValueError(std::string(op) + ": expected x with a multiple of " + std::to_string(C) +
                         " channels (its last axis) for a kernel of shape " + kernel.str() + ", received shape " +
                         x.str());
    ConvGeometry g = conv_geometry(op, x, kernel, steps);
    g.groups = channels / C;
    if (channels == 0 || filters % g.groups != 0)
        throw ValueError(std::string(op) + ": expected a number of filters that the " + std::to_string(g.groups) +
                         " groups divide (x of shape " + x.str() + ", kernel of shape " + kernel.str() +
                         "), received " + std::to_string(filters));
    g.C = C;
    g.O = filters / g.groups;
    return g;
}

ConvGeometry transposed_geometry(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps,
                                 const std::vector<int64_t>& out) {
    const int spatial = x.rank() - 2;
    const int64_t C = kernel.back(), filters = kernel[spatial];
    if (x.back() != C)
        throw ValueError(std::string(op) + ": expected x with " + std::to_string(C) +
                         " channels (its last axis) for a kernel of shape " + kernel.str() + ", received shape " +
                         x.str());
    if ((int)out.size() != spatial)
        throw ValueError(std::string(op) + ": expected " + std::to_string(spatial) + " output sizes, received " +
                         std::to_string(out.size()));
    Shape shape{x[0]};
    for (int64_t size : out) shape.push_back(size);
    shape.push_back(filters);
    ConvGeometry g = conv_geometry(op, shape, kernel, steps);
    g.C = filters;
    g.O = C;
    if (g.y_shape(spatial) != x)
        throw ValueError(std::string(op) + ": expected x of shape " + g.y_shape(spatial).str() +
                         " for an output of shape " + shape.str() +
                         " with these strides and this padding, received shape " + x.str());
    return g;
}

ConvGeometry depthwise_geometry(const char* op, const Shape& x, const Shape& kernel, const ConvSteps& steps) {
    const int64_t channels = x.back();
    if (kernel[kernel.rank() - 2] != channels)
        throw ValueError(std::string(op) + ": expected x with " + std::to_string(kernel[kernel.rank() - 2]) +
                         " channels (its last axis) for a kernel of shape " + kernel.str() + ", received shape " +
                         x.str());
    ConvGeometry g = conv_geometry(op, x, kernel, steps);
    g.C = channels;
    return g;
}

ConvAxis forward_axis(const ConvGeometry& g, int i) {
    return {g.in[i], g.out[i], g.stride[i], -g.before[i], g.dilation[i], g.kernel[i], 0, 1, g.kernel[i], g.out[i],
            0,       1};
}

ConvAxis phase_axis(const ConvGeometry& g, int i, int64_t phase, bool reversed) {
    const int64_t s = g.stride[i], d = g.dilation[i], step = s / std::gcd(s, d);
    ConvAxis a{};
    a.in = g.out[i];
    a.grid = g.in[i] > phase ? ceil_div(g.in[i] - phase, s) : 0;
    a.step = 1;
    a.tap_step = d / std::gcd(s, d);
    a.kernel = g.kernel[i];
    a.out = g.in[i];
    a.out_first = phase;
    a.out_step = s;
    // Tap t connects pixel h of x with pixel (h + before - t*d) / s of dy if s divides the numerator: every `step`-th
    // tap.
    int64_t first = 0;
    while (first < std::min(step, g.kernel[i]) && (phase + g.before[i] - first * d) % s != 0) ++first;
    if (first < std::min(step, g.kernel[i])) a.taps = ceil_div(g.kernel[i] - first, step);
    // The taps run from the last one down, so that positions in dy rise.
    const int64_t last = first + std::max<int64_t>(a.taps - 1, 0) * step;
    a.first = a.taps ? (phase + g.before[i] - last * d) / s : 0;
    a.tap = reversed ? g.kernel[i] - 1 - last : last;
    a.tap_stride = reversed ? step : -step;
    if (!a.taps) a.tap = 0;
    return a;
}

}  // namespace netlet::ops
