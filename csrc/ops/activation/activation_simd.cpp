#include "dispatch/kernel.h"
#include "ops/activation/activation_and_slope.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

// The loops see whole vectors only. The last n % width elements go through the same loop in a buffer, so that every
// activation is compiled once and an element's bits do not depend on its position.
template <Activation act, class T>
static void forward_vectors(const T* x, T* y, int64_t vectors, const ActivationVectors<Vec<T>>& p) {
    using V = Vec<T>;
    for (int64_t i = 0; i < vectors * V::width; i += V::width)
        activation_and_slope(act, V::load(x + i), p).y.store(y + i);
}

template <Activation act, class T>
static void forward(const ActivationArgs<T>& a, Range r) {
    using V = Vec<T>;
    const ActivationVectors<V> p = {V::set1(a.alpha), V::set1(a.beta), V::set1(a.gamma)};
    const int64_t n = r.end - r.begin, full = n / V::width, rest = n % V::width;
    if (full) forward_vectors<act>(a.x + r.begin, a.y + r.begin, full, p);
    if (rest) {
        T x[V::width], y[V::width];
        V::load_n(a.x + r.end - rest, rest).store(x);
        forward_vectors<act>(x, y, 1, p);
        V::load(y).store_n(a.y + r.end - rest, rest);
    }
}

template <Activation act, class T>
static void forward_and_slope(const ActivationArgs<T>& a, Range r) {
    using V = Vec<T>;
    const ActivationVectors<V> p = {V::set1(a.alpha), V::set1(a.beta), V::set1(a.gamma)};
    each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const ValueAndSlope<V> c = activation_and_slope(act, lanes.load(a.x + i), p);
        lanes.store(c.y, a.y + i);
        lanes.store(c.slope, a.slope + i);
    });
}

template <class T>
static void backward_from_slope(const ActivationGradArgs<T>& a, Range r) {
    each_vector<Vec<T>>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        auto g = lanes.load(a.dy + i) * lanes.load(a.saved + i);
        if (a.accumulate) g += lanes.load(a.dx + i);
        lanes.store(g, a.dx + i);
    });
}

template <Activation act, bool from_output, class T>
static void backward_vectors(const T* saved, const T* dy, T* dx, int64_t vectors, const ActivationVectors<Vec<T>>& p,
                             T alpha, bool accumulate) {
    using V = Vec<T>;
    for (int64_t i = 0; i < vectors * V::width; i += V::width) {
        V s = V::load(saved + i), g = V::load(dy + i);
        if constexpr (from_output)
            g = activation_gradient_from_output(act, s, g, alpha);
        else
            g = g * activation_and_slope(act, s, p).slope;
        if (accumulate) g += V::load(dx + i);
        g.store(dx + i);
    }
}

template <Activation act, bool from_output, class T>
static void backward(const ActivationGradArgs<T>& a, Range r) {
    using V = Vec<T>;
    const ActivationVectors<V> p = {V::set1(a.alpha), V::set1(a.beta), V::set1(a.gamma)};
    const int64_t n = r.end - r.begin, full = n / V::width, rest = n % V::width, tail = r.end - rest;
    if (full)
        backward_vectors<act, from_output>(a.saved + r.begin, a.dy + r.begin, a.dx + r.begin, full, p, a.alpha,
                                           a.accumulate);
    if (rest) {
        T saved[V::width], dy[V::width], dx[V::width];
        V::load_n(a.saved + tail, rest).store(saved);
        V::load_n(a.dy + tail, rest).store(dy);
        if (a.accumulate) V::load_n(a.dx + tail, rest).store(dx);
        backward_vectors<act, from_output>(saved, dy, dx, 1, p, a.alpha, a.accumulate);
        V::load(dx).store_n(a.dx + tail, rest);
    }
}

template <class T>
NETLET_INLINE void activation_fwd(const ActivationArgs<T>& a, Range r) {
    if (a.slope)
        return a.act == Activation::gelu ? forward_and_slope<Activation::gelu>(a, r)
                                         : forward_and_slope<Activation::gelu_tanh>(a, r);
#define NETLET_CASE(name)                                                                                              \
    case Activation::name: return forward<Activation::name>(a, r);
    switch (a.act) { NETLET_ACTIVATIONS(NETLET_CASE) }
#undef NETLET_CASE
}

template <class T>
NETLET_INLINE void activation_bwd(const ActivationGradArgs<T>& a, Range r) {
    if (a.from_slope) return backward_from_slope(a, r);
    if (a.from_output) {
#define NETLET_CASE(name)                                                                                              \
    case Activation::name: return backward<Activation::name, true>(a, r);
        switch (a.act) {
            NETLET_CASE(linear)
            NETLET_FUSABLE_ACTIVATIONS(NETLET_CASE)
            default: return;  // not fusable: the op never sets from_output for it
        }
#undef NETLET_CASE
    }
#define NETLET_CASE(name)                                                                                              \
    case Activation::name: return backward<Activation::name, false>(a, r);
    switch (a.act) { NETLET_ACTIVATIONS(NETLET_CASE) }
#undef NETLET_CASE
}

NETLET_DEFINE_KERNEL(activation_fwd_f32, ActivationArgs<float>) { activation_fwd(a, r); }
NETLET_DEFINE_KERNEL(activation_fwd_f64, ActivationArgs<double>) { activation_fwd(a, r); }
NETLET_DEFINE_KERNEL(activation_bwd_f32, ActivationGradArgs<float>) { activation_bwd(a, r); }
NETLET_DEFINE_KERNEL(activation_bwd_f64, ActivationGradArgs<double>) { activation_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
