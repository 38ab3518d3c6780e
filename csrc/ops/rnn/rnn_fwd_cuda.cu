// Recurrent layers, forward: one launch per time step, which multiplies the state by the recurrent weights (panels is
// R as it is, (U, G*U)) and computes the gates of the same cells. gru_reset_before needs two: the second multiplies
// r h'. h and c are updated in place in the arrays of the results; h', which other blocks of a launch still read, goes
// to another array than the one it comes from: its place in `fed`, or else two arrays of scratch in turn.
#include "ops/rnn/rnn_product_cuda.h"

namespace netlet::cuda {

namespace {

// Blocks of columns that the last launch of a step multiplies.
template <RnnKind kind>
constexpr int multiplied_gates = kind == RnnKind::gru_reset_before ? 1 : (int)rnn_gates(kind);

// Where the cells of a step are, in one thread.
template <class T> struct ForwardStep {
    const RnnArgs<T>& a;
    int64_t s, t;

    __device__ ForwardStep(const RnnArgs<T>& args, int64_t step)
        : a(args), s(step), t(args.n.reverse ? args.n.T_ - 1 - step : step) {}

    // h' of this step and of the next, and r h': row 0, and the distance between rows.
    __device__ int64_t pitch() const { return a.train ? a.n.T_ * a.n.U : a.n.U; }
    __device__ T* fed(int64_t step) const {
        return a.train ? a.fed + (a.n.reverse ? a.n.T_ - 1 - step : step) * a.n.U
                       : a.scratch + step % 2 * a.n.B * a.n.U;
    }
    __device__ T* reset_h() const { return a.train ? a.saved + t * a.n.U : a.scratch + 2 * a.n.B * a.n.U; }
    __device__ bool masked(int64_t row) const { return a.mask && !a.mask[row * a.n.T_ + t]; }
    __device__ T* gates(int64_t row) const { return a.gates + (row * a.n.T_ + t) * a.n.G * a.n.U; }
    __device__ int64_t at(int64_t row) const { return (row * a.n.T_ + t) * a.n.U; }
    // Writes what the next step multiplies.
    __device__ void feed(int64_t step, int64_t row, int64_t u, T h) const {
        if (step < a.n.T_) fed(step)[row * pitch() + u] = a.scale ? h * a.scale[row * a.n.U + u] : h;
    }
};

template <class T> __device__ void begin_steps(RnnArgs<T> a, bool has_c) {
    const ForwardStep<T> w(a, 0);
    for (int64_t i = first_index(); i < a.n.B * a.n.U; i += all_threads()) {
        a.h[i] = a.h0 ? a.h0[i] : T(0);
        if (has_c) a.c[i] = a.c0 ? a.c0[i] : T(0);
        w.feed(0, i / a.n.U, i % a.n.U, a.h[i]);
    }
}

// The cell `u` of a row, from z[c] = h' R of block c. Returns the new h.
template <RnnKind kind, class T>
__device__ T cell(const RnnArgs<T>& a, const RnnGates& g, int64_t row, int64_t u, int64_t t, const T* product, T fed) {
    using V = Vec<T>;
    const int64_t U = a.n.U;
    T* x = a.gates + (row * a.n.T_ + t) * a.n.G * U + u;
    const V one = V::set1(1);
    auto z = [&](int c) { return V{product[c] + x[c * U]}; };
    if constexpr (kind == RnnKind::simple_rnn) {
        const V h = g.activation(z(0));
        if (a.train) x[0] = h.r;
        return h.r;
    } else if constexpr (kind == RnnKind::lstm) {
        T& c = a.c[row * U + u];
        const V in = g.gate(z(0)), forget = g.gate(z(1)), candidate = g.activation(z(2)), out = g.gate(z(3));
        const V next = fma(forget, V{c}, in * candidate);
        c = next.r;
        if (a.train) x[0] = in.r, x[U] = forget.r, x[2 * U] = candidate.r, x[3 * U] = out.r;
        return (out * g.activation(next)).r;
    } else if constexpr (kind == RnnKind::gru) {
        auto b = [&](int c) { return a.recurrent_bias ? a.recurrent_bias[c * U + u] : T(0); };
        const V update = g.gate(V{x[0] + (product[0] + b(0))}), reset = g.gate(V{x[U] + (product[1] + b(1))});
        const V m = V{product[2] + b(2)}, candidate = g.activation(fma(reset, m, V{x[2 * U]}));
        if (a.train) {
            x[0] = update.r, x[U] = reset.r, x[2 * U] = candidate.r;
            a.saved[(row * a.n.T_ + t) * 3 * U + 2 * U + u] = m.r;
        }
        return fma(update, V{fed}, (one - update) * candidate).r;
    } else {  // the second launch of gru_reset_before; the first has put the update gate into its place
        const V update = V{x[0]}, candidate = g.activation(V{product[0] + x[2 * U]});
        if (a.train) x[2 * U] = candidate.r;
        return fma(update, V{fed}, (one - update) * candidate).r;
    }
}

template <class T, RnnKind kind, class Tile> __device__ void step_forward(RnnArgs<T> a, RnnGates g, int64_t s) {
    constexpr bool second = kind == RnnKind::gru_reset_before;
    constexpr int C = multiplied_gates<kind>;
    const ForwardStep<T> w(a, s);
    const StepProduct<T, C, Tile> product;
    const int64_t U = a.n.U, row0 = (int64_t)blockIdx.x * Tile::rows,
                  u = (int64_t)blockIdx.y * warp + threadIdx.x % warp;
    int32_t column[C];
#pragma unroll
    for (int c = 0; c < C; ++c) column[c] = (int32_t)(c * U + (u < U ? u : U - 1));
    const T* from = second ? w.reset_h() : w.fed(s);
    product.run(from + row0 * w.pitch(), w.pitch(), a.n.B - row0, U, second ? a.panels_n : a.panels, a.n.G * U, column);
    if (u >= U) return;
#pragma unroll 1
    for (int i = (int)threadIdx.x / warp; i < Tile::rows && row0 + i < a.n.B; i += rnn_warps) {
        const int64_t row = row0 + i;
        T z[C], h = a.h[row * U + u];
#pragma unroll
        for (int c = 0; c < C; ++c) z[c] = product.at(i, c, (int)threadIdx.x % warp);
        if (!w.masked(row)) {
            h = cell<kind>(a, g, row, u, w.t, z, w.fed(s)[row * w.pitch() + u]);
            a.h[row * U + u] = h;
        }
        if (a.y) a.y[w.at(row) + u] = h;
        if (kind == RnnKind::lstm && a.train) a.saved[w.at(row) + u] = a.c[row * U + u];
        w.feed(s + 1, row, u, h);
    }
}

// The first launch of gru_reset_before: the update gate and r h'. A masked row gets zeros, which backward multiplies.
template <class T, class Tile> __device__ void reset_forward(RnnArgs<T> a, RnnGates g, int64_t s) {
    using V = Vec<T>;
    const ForwardStep<T> w(a, s);
    const StepProduct<T, 2, Tile> product;
    const int64_t U = a.n.U, row0 = (int64_t)blockIdx.x * Tile::rows,
                  u = (int64_t)blockIdx.y * warp + threadIdx.x % warp;
    const int32_t first = (int32_t)(u < U ? u : U - 1), column[2] = {first, first + (int32_t)U};
    product.run(w.fed(s) + row0 * w.pitch(), w.pitch(), a.n.B - row0, U, a.panels, a.n.G * U, column);
    if (u >= U) return;
#pragma unroll 1
    for (int i = (int)threadIdx.x / warp; i < Tile::rows && row0 + i < a.n.B; i += rnn_warps) {
        const int64_t row = row0 + i, at_row = row * w.pitch() + u;
        if (w.masked(row)) {
            w.reset_h()[at_row] = 0;
            continue;
        }
        T* x = w.gates(row) + u;
        x[0] = g.gate(V{product.at(i, 0, (int)threadIdx.x % warp) + x[0]}).r;
        const V reset = g.gate(V{product.at(i, 1, (int)threadIdx.x % warp) + x[U]});
        x[U] = reset.r;
        w.reset_h()[at_row] = (reset * V{w.fed(s)[at_row]}).r;
    }
}

template <RnnKind kind, class T> void forward(const RnnArgs<T>& a, Stream& s) {
    if (a.n.U == 0) return;
    const RnnGates g{a.n.act, a.n.rec, gpu::is_standard(kind, a.n.act, a.n.rec)};
    launch<begin_steps<T>>(s, blocks_for(s, a.n.B * a.n.U), 0, a, kind == RnnKind::lstm);
    with_tile(a.n.B, a.n.U, false, [&]<class Tile>(Tile, dim3 grid) {
        constexpr int C = multiplied_gates<kind>;
        for (int64_t step = 0; step < a.n.T_; ++step) {
            if constexpr (kind == RnnKind::gru_reset_before)
                launch<reset_forward<T, Tile>, rnn_threads, rnn_blocks_together<T>>(
                    s, grid, StepProduct<T, 2, Tile>::bytes, a, g, step);
            launch<step_forward<T, kind, Tile>, rnn_threads, rnn_blocks_together<T>>(
                s, grid, StepProduct<T, C, Tile>::bytes, a, g, step);
        }
    });
}

}  // namespace

#define NETLET_RNN_FORWARD(name)                                                                                       \
    NETLET_CUDA_KERNEL(name##_fwd_f32, RnnArgs<float>) { forward<RnnKind::name>(a, s); }                               \
    NETLET_CUDA_KERNEL(name##_fwd_f64, RnnArgs<double>) { forward<RnnKind::name>(a, s); }
NETLET_RNN_FORWARD(simple_rnn)
NETLET_RNN_FORWARD(lstm)
NETLET_RNN_FORWARD(gru)
NETLET_RNN_FORWARD(gru_reset_before)

}  // namespace netlet::cuda
