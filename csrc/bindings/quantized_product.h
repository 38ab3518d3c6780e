// The arguments that all products of codes share.
#pragma once
#include "bindings/array_view.h"
#include "ops/activation/activation.h"
#include "ops/quantized/quantized.h"

namespace netlet::bindings {

inline ops::QuantizedProduct quantized_product(const Arg& x, const Arg& x_scale, const std::optional<Arg>& x_zero,
                                               const Arg& kernel, const Arg& kernel_scale,
                                               const std::optional<Arg>& kernel_zero, const std::optional<Arg>& bias,
                                               const std::string& activation, double alpha,
                                               const std::optional<Arg>& out_scale, const std::optional<Arg>& out_zero,
                                               const std::optional<Arg>& x_hat, const std::optional<Arg>& kernel_hat) {
    return {.x = {x, x_scale, or_null(x_zero)},
            .kernel = {kernel, kernel_scale, or_null(kernel_zero)},
            .bias = or_null(bias),
            .act = ops::activation_by_name(activation),
            .alpha = alpha,
            .out_scale = or_null(out_scale),
            .out_zero = or_null(out_zero),
            .x_hat = or_null(x_hat),
            .kernel_hat = or_null(kernel_hat)};
}

}  // namespace netlet::bindings
