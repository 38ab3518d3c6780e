#include "ops/norm/norm_definitions.h"

#include <algorithm>

#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/reduce.h"

namespace netlet::ops {

namespace {

// x / sqrt(variance + epsilon)
Tensor scaled(Tape& tape, const Tensor& x, const Tensor& variance, double epsilon) {
    return multiply(tape, x, unary(tape, UnaryOp::rsqrt, affine(tape, variance, 1, epsilon)));
}

Tensor scale_and_shift(Tape& tape, Tensor y, const Tensor& gamma, const Tensor& beta) {
    if (gamma) y = multiply(tape, y, gamma);
    return beta ? add(tape, y, beta) : y;
}

// (x - mean) / sqrt(variance + epsilon), both over `axes`; without `centred`, x / sqrt(mean of squares + epsilon).
Tensor standardised(Tape& tape, const Tensor& x, const std::vector<int>& axes, double epsilon, bool centred) {
    const Tensor y = centred ? subtract(tape, x, mean(tape, x, axes, true)) : x;
    return scaled(tape, y, mean(tape, unary(tape, UnaryOp::square, y), axes, true), epsilon);
}

}  // namespace

Tensor row_norm_definition(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
                           bool centred) {
    return scale_and_shift(tape, standardised(tape, x, {-1}, epsilon, centred), gamma, beta);
}

Tensor group_norm_definition(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, int64_t samples,
                             int64_t groups, double epsilon) {
    const int64_t C = x->shape.back(), rows = x->size() / std::max<int64_t>(1, samples * C);
    const Tensor seen = reshape(tape, x, {samples, rows, groups, C / groups});
    const Tensor y = reshape(tape, standardised(tape, seen, {1, 3}, epsilon, true), x->shape);
    return scale_and_shift(tape, y, gamma, beta);
}

Tensor given_norm_definition(Tape& tape, const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mean,
                             const Tensor& variance, double epsilon) {
    return scale_and_shift(tape, scaled(tape, subtract(tape, x, mean), variance, epsilon), gamma, beta);
}

}  // namespace netlet::ops
