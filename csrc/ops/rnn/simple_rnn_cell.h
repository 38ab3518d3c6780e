// h = a(z).
#pragma once
#include "ops/rnn/rnn_steps.h"

namespace netlet::NETLET_ISA {

template <class T, bool standard, class Product>
struct SimpleForward {
    static constexpr bool has_c = false;
    Gates<standard> g;
    Product times_r;

    NETLET_MEMBER_INLINE void product(const Forward<T>& w) const { times_r(w, w.fed(0), 0, w.U, w.input_part()); }
    NETLET_MEMBER_INLINE void row(const Forward<T>& w, int64_t i) const {
        each_vector<Vec<T>>({0, w.U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            const auto h = g.activation(lanes.load(w.z(i) + j));
            lanes.store(h, w.h(i) + j);
            if (w.a.train) lanes.store(h, w.gates(i) + j);
        });
    }
};

template <class T, bool standard, class Product>
struct SimpleBack {
    static constexpr bool has_c = false;
    Gates<standard> g;
    Product times_r;

    NETLET_MEMBER_INLINE void row(const Back<T>& w, int64_t i) const {
        T *z = w.z(i), *dz = w.a.dz + w.at(i, w.U);
        each_vector<Vec<T>>({0, w.U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            const auto d = g.activation_slope(lanes.load(w.gates(i) + j), lanes.load(w.dh(i) + j));
            lanes.store(d, z + j);
            lanes.store(d, dz + j);
        });
    }
    NETLET_MEMBER_INLINE void product(const Back<T>& w) const { times_r(w, 0, w.U, w.dfed(0), false); }
};

}  // namespace netlet::NETLET_ISA
