// i, f, o = s(z),  g = a(z),  c = f c' + i g,  h = o a(c).
#pragma once
#include "ops/rnn/rnn_steps.h"

namespace netlet::NETLET_ISA {

template <class T, bool standard, class Product>
struct LstmForward {
    static constexpr bool has_c = true;
    Gates<standard> g;
    Product times_r;

    NETLET_MEMBER_INLINE void product(const Forward<T>& w) const { times_r(w, w.fed(0), 0, w.GU, w.input_part()); }
    NETLET_MEMBER_INLINE void row(const Forward<T>& w, int64_t i) const {
        const T* z = w.z(i);
        T *h = w.h(i), *c = w.own(i), *gates = w.gates(i);
        const int64_t U = w.U;
        each_vector<Vec<T>>({0, U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            const auto in = g.gate(lanes.load(z + j)), forget = g.gate(lanes.load(z + U + j)),
                       candidate = g.activation(lanes.load(z + 2 * U + j)), out = g.gate(lanes.load(z + 3 * U + j));
            const auto next = fma(forget, lanes.load(c + j), in * candidate);
            lanes.store(next, c + j);
            lanes.store(out * g.activation(next), h + j);
            if (w.a.train) {
                lanes.store(in, gates + j);
                lanes.store(forget, gates + U + j);
                lanes.store(candidate, gates + 2 * U + j);
                lanes.store(out, gates + 3 * U + j);
            }
        });
    }
};

template <class T, bool standard, class Product>
struct LstmBack {
    static constexpr bool has_c = true;
    Gates<standard> g;
    Product times_r;

    NETLET_MEMBER_INLINE void row(const Back<T>& w, int64_t i) const {
        const int64_t U = w.U, before = w.a.n.reverse ? U : -U;
        const T *gates = w.gates(i), *c = w.a.saved + w.at(i, U);
        const T* c_before = w.step > 0 ? c + before : w.a.c0 ? w.a.c0 + w.of_row(i, U) : nullptr;
        T *dh = w.dh(i), *dc = w.dc(i), *z = w.z(i), *dz = w.a.dz + w.at(i, w.GU);
        using V = Vec<T>;
        each_vector<V>({0, U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            const V in = lanes.load(gates + j), forget = lanes.load(gates + U + j),
                    candidate = lanes.load(gates + 2 * U + j), out = lanes.load(gates + 3 * U + j);
            const V activated = g.activation(lanes.load(c + j)), from_h = lanes.load(dh + j);
            const V d = lanes.load(dc + j) + g.activation_slope(activated, from_h * out);
            const V d_out = g.gate_slope(out, from_h * activated), d_in = g.gate_slope(in, d * candidate),
                    d_candidate = g.activation_slope(candidate, d * in),
                    d_forget = g.gate_slope(forget, d * (c_before ? lanes.load(c_before + j) : V::zero()));
            lanes.store(d * forget, dc + j);
            T* const places[] = {z, dz};
            for (T* to : places) {
                lanes.store(d_in, to + j);
                lanes.store(d_forget, to + U + j);
                lanes.store(d_candidate, to + 2 * U + j);
                lanes.store(d_out, to + 3 * U + j);
            }
        });
    }
    NETLET_MEMBER_INLINE void product(const Back<T>& w) const { times_r(w, 0, w.GU, w.dfed(0), false); }
};

}  // namespace netlet::NETLET_ISA
