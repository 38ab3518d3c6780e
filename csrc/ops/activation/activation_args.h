// Activations y = f(x), element by element: their names, formulas and kernel arguments.
//
//   name           f(x)                                          parameters (Keras's defaults)
//   linear         x
//   relu           max(x, 0)
//   leaky_relu     x if x > 0 else alpha x                       alpha = 0.2
//   sigmoid        1 / (1 + e^-x)
//   tanh           tanh x
//   elu            x if x > 0 else alpha (e^x - 1)               alpha = 1
//   exponential    e^x
//   relu6          min(max(x, 0), 6)
//   relu_general   max if x >= max, x if x > theta (x >= 0 where theta = 0), else slope (x - theta)
//                                                                alpha = slope = 0, beta = max = inf, gamma = theta = 0
//   selu           scale * elu(x, a), the fixed point of Klambauer et al., 2017
//   celu           x if x > 0 else alpha (e^(x / alpha) - 1)     alpha = 1
//   gelu           x Phi(x), Phi the cumulative distribution function of the standard normal distribution
//   gelu_tanh      x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)), which is the tanh approximation
//   silu           x sigmoid(x)
//   softplus       log(1 + e^x)
//   softsign       x / (1 + |x|)
//   mish           x tanh(softplus(x))
//   hard_sigmoid   clip(x / 6 + 1/2, 0, 1)
//   hard_silu      x hard_sigmoid(x)
//   log_sigmoid    -softplus(-x)
//   hard_tanh      clip(x, -1, 1)
//   hard_shrink    x if |x| > alpha else 0                       alpha = 0.5
//   soft_shrink    x - alpha, 0 or x + alpha                     alpha = 0.5
//   tanh_shrink    x - tanh x
//   threshold      x if x > alpha else beta
//   sparse_plus    0 up to -1, (x + 1)^2 / 4, x from 1
//   sparse_sigmoid clip((x + 1) / 2, 0, 1)
//   squareplus     (x + sqrt(x^2 + alpha)) / 2                   alpha = 4
//
// Backward: dx = dy f'. At a kink f' is the slope of the flatter side, as Keras has it for relu. The slopes of the
// first eight depend on y alone (if alpha >= 0), so dense and conv fuse them and do not save x. The others save x for
// backward, except those whose f' shares most of its work with f (saves_slope): forward writes f' beside y, and
// backward multiplies.
#pragma once
#include "base/types.h"

namespace netlet {

// clang-format off
#define NETLET_FUSABLE_ACTIVATIONS(_) _(relu) _(leaky_relu) _(sigmoid) _(tanh) _(elu) _(exponential) _(relu6)
#define NETLET_ACTIVATIONS(_)                                                                                          \
    _(linear) NETLET_FUSABLE_ACTIVATIONS(_)                                                                            \
    _(relu_general) _(selu) _(celu) _(gelu) _(gelu_tanh) _(silu) _(softplus) _(softsign) _(mish)                       \
    _(hard_sigmoid) _(hard_silu) _(log_sigmoid) _(hard_tanh) _(hard_shrink) _(soft_shrink) _(tanh_shrink) _(threshold) \
    _(sparse_plus) _(sparse_sigmoid) _(squareplus)
// clang-format on

enum class Activation : int32_t {
#define NETLET_ACTIVATION_NAME(name) name,
    NETLET_ACTIVATIONS(NETLET_ACTIVATION_NAME)
#undef NETLET_ACTIVATION_NAME
};

constexpr bool is_fusable(Activation act, double alpha) { return act <= Activation::relu6 && alpha >= 0; }

constexpr bool saves_slope(Activation act) { return act == Activation::gelu || act == Activation::gelu_tanh; }

template <class T>
struct ActivationArgs {
    const T* x;  // (N,)
    T* y;        // (N,)
    T* slope;    // (N,) f'(x) if saves_slope(act) and a gradient is wanted, else null
    Activation act;
    T alpha, beta, gamma;
};

template <class T>
struct ActivationGradArgs {
    const T* saved;  // (N,) y if from_output, f'(x) if from_slope, else x
    const T* dy;     // (N,)
    T* dx;           // (N,)
    Activation act;
    T alpha, beta, gamma;
    bool from_output, from_slope;
    bool accumulate;  // dx += instead of dx =
};

}  // namespace netlet
