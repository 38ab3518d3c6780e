// z, r = s(...),  n = a(...),  h = z h' + (1 - z) n. The reset gate r is applied after the product with n's part of R
// (reset_after, as in cuDNN), or before it.
#pragma once
#include "ops/rnn/rnn_steps.h"

namespace netlet::NETLET_ISA {

// ---- after: n = a(x + r m),  m = h' R + b ----
template <class T, bool standard, class Product>
struct GruForward {
    static constexpr bool has_c = false;
    Gates<standard> g;
    Product times_r;

    NETLET_MEMBER_INLINE void product(const Forward<T>& w) const {
        times_r(w, w.fed(0), 0, w.GU, {w.a.recurrent_bias, 0});
    }
    NETLET_MEMBER_INLINE void row(const Forward<T>& w, int64_t i) const {
        const T *z = w.z(i), *fed = w.fed(i);
        T *h = w.h(i), *x = w.gates(i), *saved = w.a.train ? w.a.saved + w.at(i, w.GU) : nullptr;
        const int64_t U = w.U;
        using V = Vec<T>;
        each_vector<V>({0, U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            const V update = g.gate(lanes.load(x + j) + lanes.load(z + j)),
                    reset = g.gate(lanes.load(x + U + j) + lanes.load(z + U + j)), m = lanes.load(z + 2 * U + j),
                    candidate = g.activation(fma(reset, m, lanes.load(x + 2 * U + j)));
            lanes.store(fma(update, lanes.load(fed + j), (V::set1(1) - update) * candidate), h + j);
            if (saved) {
                lanes.store(update, x + j);
                lanes.store(reset, x + U + j);
                lanes.store(candidate, x + 2 * U + j);
                lanes.store(m, saved + 2 * U + j);
            }
        });
    }
};

template <class T, bool standard, class Product>
struct GruBack {
    static constexpr bool has_c = false;
    Gates<standard> g;
    Product times_r;

    NETLET_MEMBER_INLINE void row(const Back<T>& w, int64_t i) const {
        const T *gates = w.gates(i), *m = w.a.saved + w.at(i, w.GU) + 2 * w.U, *fed = w.a.fed + w.at(i, w.U);
        T *dh = w.dh(i), *dfed = w.dfed(i), *z = w.z(i), *dz = w.a.dz + w.at(i, w.GU), *dr = w.a.dr + w.at(i, w.GU);
        const int64_t U = w.U;
        using V = Vec<T>;
        each_vector<V>({0, U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            const V update = lanes.load(gates + j), reset = lanes.load(gates + U + j),
                    candidate = lanes.load(gates + 2 * U + j), d = lanes.load(dh + j);
            const V d_candidate = g.activation_slope(candidate, d * (V::set1(1) - update)),
                    d_update = g.gate_slope(update, d * (lanes.load(fed + j) - candidate)),
                    d_reset = g.gate_slope(reset, d_candidate * lanes.load(m + j)), d_m = d_candidate * reset;
            lanes.store(d * update, dfed + j);
            T* const places[] = {z, dz, dr};
            for (T* to : places) {
                lanes.store(d_update, to + j);
                lanes.store(d_reset, to + U + j);
                lanes.store(to == dz ? d_candidate : d_m, to + 2 * U + j);
            }
        });
    }
    NETLET_MEMBER_INLINE void product(const Back<T>& w) const { times_r(w, 0, w.GU, w.dfed(0), true); }
};

// ---- before: n = a(x + (r h') R_n) ----
template <class T, bool standard, class Product>
struct GruBeforeForward {
    static constexpr bool has_c = false;
    Gates<standard> g;
    Product times_r;

    NETLET_MEMBER_INLINE void product(const Forward<T>& w) const {
        const int64_t U = w.U;
        const Init<T> x = w.input_part();
        times_r(w, w.fed(0), 0, 2 * U, x);
        for (int64_t i = 0; i < w.rows; ++i) {
            T *z = w.z(i), *saved = w.a.train ? w.a.saved + w.at(i, U) : nullptr;
            if (saved && w.masked(i)) {  // backward multiplies it by zeros
                copy_row<T>(saved, nullptr, U);
                saved = nullptr;
            }
            each_vector<Vec<T>>({0, U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
                const auto reset = g.gate(lanes.load(z + U + j)), r_h = reset * lanes.load(w.fed(i) + j);
                lanes.store(g.gate(lanes.load(z + j)), z + j);
                lanes.store(r_h, w.own(i) + j);
                if (saved) {
                    lanes.store(reset, w.gates(i) + U + j);
                    lanes.store(r_h, saved + j);
                }
            });
        }
        times_r(w, w.own(0), 2 * U, U, {x.p + 2 * U, x.ld});
    }
    NETLET_MEMBER_INLINE void row(const Forward<T>& w, int64_t i) const {
        const T* z = w.z(i);
        T* gates = w.gates(i);
        const int64_t U = w.U;
        using V = Vec<T>;
        each_vector<V>({0, U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            const V update = lanes.load(z + j), candidate = g.activation(lanes.load(z + 2 * U + j));
            lanes.store(fma(update, lanes.load(w.fed(i) + j), (V::set1(1) - update) * candidate), w.h(i) + j);
            if (w.a.train) {
                lanes.store(update, gates + j);
                lanes.store(candidate, gates + 2 * U + j);
            }
        });
    }
};

template <class T, bool standard, class Product>
struct GruBeforeBack {
    static constexpr bool has_c = false;
    Gates<standard> g;
    Product times_r;

    NETLET_MEMBER_INLINE void row(const Back<T>& w, int64_t i) const {
        const T *gates = w.gates(i), *fed = w.a.fed + w.at(i, w.U);
        T *dh = w.dh(i), *dfed = w.dfed(i), *z = w.z(i), *dz = w.a.dz + w.at(i, w.GU);
        const int64_t U = w.U;
        using V = Vec<T>;
        each_vector<V>({0, U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
            const V update = lanes.load(gates + j), candidate = lanes.load(gates + 2 * U + j), d = lanes.load(dh + j);
            lanes.store(d * update, dfed + j);
            T* const places[] = {z, dz};
            for (T* to : places) {
                lanes.store(g.gate_slope(update, d * (lanes.load(fed + j) - candidate)), to + j);
                lanes.store(g.activation_slope(candidate, d * (V::set1(1) - update)), to + 2 * U + j);
            }
        });
    }
    NETLET_MEMBER_INLINE void product(const Back<T>& w) const {
        const int64_t U = w.U;
        // Computes the gradient of r h'. Masked rows have none.
        times_r(w, 2 * U, U, w.own(0), false);
        for (int64_t i = 0; i < w.rows; ++i) {
            if (w.masked(i)) continue;
            T *z = w.z(i), *dz = w.a.dz + w.at(i, w.GU), *dfed = w.dfed(i);
            const T *reset = w.gates(i) + U, *fed = w.a.fed + w.at(i, U);
            using V = Vec<T>;
            each_vector<V>({0, U}, [&](auto lanes, int64_t j) NETLET_INLINE_LAMBDA {
                const V r = lanes.load(reset + j), d = lanes.load(w.own(i) + j),
                        d_reset = g.gate_slope(r, d * lanes.load(fed + j));
                lanes.store(fma(d, r, lanes.load(dfed + j)), dfed + j);
                lanes.store(d_reset, z + U + j);
                lanes.store(d_reset, dz + U + j);
            });
        }
        times_r(w, 0, 2 * U, w.dfed(0), true);
    }
};

}  // namespace netlet::NETLET_ISA
