// Activations: loops over elements with the CPU's formulas (activation_and_slope.h, fusable_activations.h). The switch
// stands outside of the loops, so a loop holds the instructions of one activation; its threads all take the same case.
#include "cuda/elements.h"
#include "cuda/vec.h"
#include "ops/activation/activation_and_slope.h"

namespace netlet::cuda {

template <class T> __device__ void activation_fwd(ActivationArgs<T> a, int64_t n) {
    using V = Vec<T>;
    const gpu::ActivationVectors<V> p = {{a.alpha}, {a.beta}, {a.gamma}};
    switch (a.act) {
#define NETLET_CASE(name)                                                                                              \
    case Activation::name:                                                                                             \
        each_element(                                                                                                  \
            n, a.y, [&](T x) { return gpu::activation_and_slope(Activation::name, V{x}, p).y.r; }, (const T*)a.x);     \
        break;
        NETLET_ACTIVATIONS(NETLET_CASE)
#undef NETLET_CASE
    }
}

// y and f'(x), for the activations that save it.
template <Activation act, class T> __device__ inline void value_and_slope(const ActivationArgs<T>& a, int64_t n) {
    using V = Vec<T>;
    for (int64_t i = first_index(); i < n; i += all_threads()) {
        const gpu::ValueAndSlope<V> v =
            gpu::activation_and_slope(act, V{a.x[i]}, gpu::ActivationVectors<V>{{a.alpha}, {a.beta}, {a.gamma}});
        a.y[i] = v.y.r;
        a.slope[i] = v.slope.r;
    }
}
template <class T> __device__ void activation_with_slope(ActivationArgs<T> a, int64_t n) {
    if (a.act == Activation::gelu)
        value_and_slope<Activation::gelu>(a, n);
    else
        value_and_slope<Activation::gelu_tanh>(a, n);
}

template <class T> __device__ void activation_bwd(ActivationGradArgs<T> a, int64_t n) {
    using V = Vec<T>;
    const gpu::ActivationVectors<V> p = {{a.alpha}, {a.beta}, {a.gamma}};
    switch (a.act) {
#define NETLET_CASE(name)                                                                                              \
    case Activation::name:                                                                                             \
        each_element(                                                                                                  \
            n, a.dx, a.accumulate,                                                                                     \
            [&](T saved, T dy) { return (V{dy} * gpu::activation_and_slope(Activation::name, V{saved}, p).slope).r; }, \
            a.saved, a.dy);                                                                                            \
        break;
        NETLET_ACTIVATIONS(NETLET_CASE)
#undef NETLET_CASE
    }
}

// From y, or from f'(x).
template <class T> __device__ void activation_bwd_from_output(ActivationGradArgs<T> a, int64_t n) {
    using V = Vec<T>;
    const auto run = [&](auto f) { each_element(n, a.dx, a.accumulate, f, a.saved, a.dy); };
    if (a.from_slope) return run([](T slope, T dy) { return dy * slope; });
    switch (a.act) {
#define NETLET_CASE(name)                                                                                              \
    case Activation::name:                                                                                             \
        return run([&](T y, T dy) {                                                                                    \
            return gpu::activation_gradient_from_output(Activation::name, V{y}, V{dy}, a.alpha).r;                     \
        });
        NETLET_CASE(linear)
        NETLET_FUSABLE_ACTIVATIONS(NETLET_CASE)
#undef NETLET_CASE
        default: return;  // not fusable: the op never sets from_output for it
    }
}

#define NETLET_ACTIVATION(T, suffix)                                                                                   \
    NETLET_CUDA_KERNEL(activation_fwd_##suffix, ActivationArgs<T>) {                                                   \
        if (a.slope)                                                                                                   \
            launch<activation_with_slope<T>>(s, blocks_for(s, units), 0, a, units);                                    \
        else                                                                                                           \
            launch<activation_fwd<T>>(s, blocks_for_pieces<T>(s, units), 0, a, units);                                 \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(activation_bwd_##suffix, ActivationGradArgs<T>) {                                               \
        if (a.from_output || a.from_slope)                                                                             \
            launch<activation_bwd_from_output<T>>(s, blocks_for_pieces<T>(s, units), 0, a, units);                     \
        else                                                                                                           \
            launch<activation_bwd<T>>(s, blocks_for_pieces<T>(s, units), 0, a, units);                                 \
    }
NETLET_ACTIVATION(float, f32)
NETLET_ACTIVATION(double, f64)
#undef NETLET_ACTIVATION

}  // namespace netlet::cuda
