// Recurrent layers, backward: one launch per time step, from the last to the first. It multiplies dz of the step after
// it by R^T, which makes dh of its cells complete, and computes dz of the same cells. `panels` is R^T, (G*U, U), so
// that neighbouring lanes read neighbouring weights. gru_reset_before needs two: the second multiplies the gradient of
// n's argument, which gives that of r h'. A last launch writes the gradients of the first state, if they are wanted.
// Scratch has four arrays (B, U), of which each thread touches its own cells only.
#include "ops/rnn/rnn_product_cuda.h"

namespace netlet::cuda {

namespace {

template <class T> struct BackStep {
    const RnnBwdArgs<T>& a;
    int64_t s, t;

    __device__ BackStep(const RnnBwdArgs<T>& args, int64_t step) : a(args), s(step), t(position(step)) {}
    __device__ int64_t position(int64_t step) const { return a.n.reverse ? a.n.T_ - 1 - step : step; }
    __device__ bool last() const { return s == a.n.T_ - 1; }
    __device__ bool masked(int64_t row, int64_t at) const { return a.mask && !a.mask[row * a.n.T_ + at]; }
    // Offsets of a row at this step, and the arrays of scratch.
    __device__ int64_t gates(int64_t row) const { return (row * a.n.T_ + t) * a.n.G * a.n.U; }
    __device__ int64_t at(int64_t row) const { return (row * a.n.T_ + t) * a.n.U; }
    __device__ T* scratch(int which) const { return a.scratch + which * a.n.B * a.n.U; }
    __device__ T* dh() const { return scratch(0); }
    __device__ T* dc() const { return scratch(1); }
    __device__ T* dfed() const { return scratch(2); }
};

// dz of one cell, from the gradient of h after it.
template <RnnKind kind, class T>
__device__ void cell_back(const BackStep<T>& w, const RnnGates& g, int64_t row, int64_t u, T dh) {
    using V = Vec<T>;
    const RnnBwdArgs<T>& a = w.a;
    const int64_t U = a.n.U, at = w.at(row) + u, cell = row * U + u;
    const T* x = a.gates + w.gates(row) + u;
    T* dz = a.dz + w.gates(row) + u;
    const V d = {dh}, one = V::set1(1);
    if constexpr (kind == RnnKind::simple_rnn) {
        dz[0] = g.activation_slope(V{x[0]}, d).r;
    } else if constexpr (kind == RnnKind::lstm) {
        const V in = {x[0]}, forget = {x[U]}, candidate = {x[2 * U]}, out = {x[3 * U]};
        const V activated = g.activation(V{a.saved[at]});
        const V c_before = {w.s > 0 ? a.saved[at + (a.n.reverse ? U : -U)] : a.c0 ? a.c0[cell] : T(0)};
        const V dc_after = {w.last() ? a.dc ? a.dc[cell] : T(0) : w.dc()[cell]};
        const V dc = dc_after + g.activation_slope(activated, d * out);
        dz[3 * U] = g.gate_slope(out, d * activated).r;
        w.dc()[cell] = (dc * forget).r;
        dz[0] = g.gate_slope(in, dc * candidate).r;
        dz[U] = g.gate_slope(forget, dc * c_before).r;
        dz[2 * U] = g.activation_slope(candidate, dc * in).r;
    } else {
        const V update = {x[0]}, candidate = {x[2 * U]};
        const V d_candidate = g.activation_slope(candidate, d * (one - update)),
                d_update = g.gate_slope(update, d * (V{a.fed[at]} - candidate));
        w.dfed()[cell] = (d * update).r;
        if constexpr (kind == RnnKind::gru) {
            const V reset = {x[U]}, d_reset = g.gate_slope(reset, d_candidate * V{a.saved[w.gates(row) + 2 * U + u]});
            T* dr = a.dr + w.gates(row) + u;
            dz[U] = d_reset.r;
            dr[0] = d_update.r, dr[U] = d_reset.r, dr[2 * U] = (d_candidate * reset).r;
        }
        dz[0] = d_update.r;  // gru_reset_before: the second launch writes d_reset
        dz[2 * U] = d_candidate.r;
    }
}

template <class T> __device__ void no_gradient(const BackStep<T>& w, int64_t row, int64_t u) {
    for (int64_t c = 0; c < w.a.n.G; ++c) {
        w.a.dz[w.gates(row) + c * w.a.n.U + u] = 0;
        if (w.a.dr) w.a.dr[w.gates(row) + c * w.a.n.U + u] = 0;
    }
}

// Calls f(i, row, c, u) for the cells of a tile: row i of the tile, column c * 32 + lane.
template <class Tile, class F> __device__ void each_cell(int64_t B, int64_t U, F f) {
    const int64_t row0 = (int64_t)blockIdx.x * Tile::rows;
#pragma unroll 1
    for (int i = (int)threadIdx.x / warp; i < Tile::rows && row0 + i < B; i += rnn_warps)
#pragma unroll 1
        for (int c = 0; c < Tile::blocks; ++c) {
            const int64_t u = ((int64_t)blockIdx.y * Tile::blocks + c) * warp + threadIdx.x % warp;
            if (u < U) f(i, row0 + i, c, u);
        }
}

// x (B, K) . w (K, U). A lane whose last columns do not exist multiplies its column U - 1 again; each_cell skips those.
template <class Tile, class T>
__device__ void multiply(const StepProduct<T, Tile::blocks, Tile>& product, const T* x, int64_t x_pitch, int64_t B,
                         int64_t K, const T* w, int64_t U) {
    const int64_t row0 = (int64_t)blockIdx.x * Tile::rows;
    int32_t column[Tile::blocks];
#pragma unroll
    for (int c = 0; c < Tile::blocks; ++c) {
        const int64_t u = ((int64_t)blockIdx.y * Tile::blocks + c) * warp + threadIdx.x % warp;
        column[c] = (int32_t)(u < U ? u : U - 1);
    }
    product.run(x + row0 * x_pitch, x_pitch, B - row0, K, w, U, column);
}

template <class T, RnnKind kind, class Tile> __device__ void step_back(RnnBwdArgs<T> a, RnnGates g, int64_t s) {
    const BackStep<T> w(a, s);
    const StepProduct<T, Tile::blocks, Tile> product;
    const int64_t U = a.n.U, GU = a.n.G * U, after = w.position(s + 1);
    const T* dz = kind == RnnKind::gru ? a.dr : a.dz;
    if (!w.last())
        multiply<Tile>(product, dz + after * GU, a.n.T_ * GU, a.n.B, kind == RnnKind::gru_reset_before ? 2 * U : GU,
                       a.panels, U);
    each_cell<Tile>(a.n.B, U, [&](int i, int64_t row, int c, int64_t u) {
        const int64_t cell = row * U + u;
        T dh;
        if (w.last()) {
            dh = a.dh ? a.dh[cell] : T(0);
        } else if (w.masked(row, after)) {
            dh = w.dh()[cell];
        } else {
            dh = product.at(i, c, (int)threadIdx.x % warp);
            if (kind == RnnKind::gru || kind == RnnKind::gru_reset_before) dh += w.dfed()[cell];
            if (a.scale) dh *= a.scale[cell];
        }
        if (s < 0) {
            if (a.dh0) a.dh0[cell] = a.add_dh0 ? a.dh0[cell] + dh : dh;
            if (kind != RnnKind::lstm || !a.dc0) return;
            const T dc = !w.last() ? w.dc()[cell] : a.dc ? a.dc[cell] : T(0);
            a.dc0[cell] = a.add_dc0 ? a.dc0[cell] + dc : dc;
            return;
        }
        if (a.dy) dh += a.dy[w.at(row) + u];
        if (!w.masked(row, w.t)) return cell_back<kind>(w, g, row, u, dh);
        no_gradient(w, row, u);
        w.dh()[cell] = dh;
        if (kind == RnnKind::lstm && w.last()) w.dc()[cell] = a.dc ? a.dc[cell] : T(0);
    });
}

// The second launch of gru_reset_before: d_reset, from the gradient of r h'.
template <class T, class Tile> __device__ void reset_back(RnnBwdArgs<T> a, RnnGates g, int64_t s) {
    using V = Vec<T>;
    const BackStep<T> w(a, s);
    const StepProduct<T, Tile::blocks, Tile> product;
    const int64_t U = a.n.U, GU = a.n.G * U;
    multiply<Tile>(product, a.dz + w.t * GU + 2 * U, a.n.T_ * GU, a.n.B, U, a.panels_n, U);
    each_cell<Tile>(a.n.B, U, [&](int i, int64_t row, int c, int64_t u) {
        if (w.masked(row, w.t)) return;
        const V d = {product.at(i, c, (int)threadIdx.x % warp)}, reset = {a.gates[w.gates(row) + U + u]};
        T& dfed = w.dfed()[row * U + u];
        dfed = fma(d, reset, V{dfed}).r;
        a.dz[w.gates(row) + U + u] = g.gate_slope(reset, d * V{a.fed[w.at(row) + u]}).r;
    });
}

template <RnnKind kind, class T> void back(const RnnBwdArgs<T>& a, Stream& s) {
    if (a.n.U == 0) return;
    const RnnGates g{a.n.act, a.n.rec, gpu::is_standard(kind, a.n.act, a.n.rec)};
    with_tile(a.n.B, a.n.U, true, [&]<class Tile>(Tile, dim3 grid) {
        constexpr size_t bytes = StepProduct<T, Tile::blocks, Tile>::bytes;
        for (int64_t step = a.n.T_ - 1; step >= (a.dh0 || a.dc0 ? -1 : 0); --step) {
            launch<step_back<T, kind, Tile>, rnn_threads, rnn_blocks_together<T>>(s, grid, bytes, a, g, step);
            if constexpr (kind == RnnKind::gru_reset_before)
                if (step >= 0)
                    launch<reset_back<T, Tile>, rnn_threads, rnn_blocks_together<T>>(s, grid, bytes, a, g, step);
        }
    });
}

}  // namespace

#define NETLET_RNN_BACK(name)                                                                                          \
    NETLET_CUDA_KERNEL(name##_bwd_f32, RnnBwdArgs<float>) { back<RnnKind::name>(a, s); }                               \
    NETLET_CUDA_KERNEL(name##_bwd_f64, RnnBwdArgs<double>) { back<RnnKind::name>(a, s); }
NETLET_RNN_BACK(simple_rnn)
NETLET_RNN_BACK(lstm)
NETLET_RNN_BACK(gru)
NETLET_RNN_BACK(gru_reset_before)

}  // namespace netlet::cuda
