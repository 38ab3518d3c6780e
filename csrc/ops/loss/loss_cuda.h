// Shared by the losses' CUDA kernels: the output of row losses, the gradient of a row (loss_sums.h has the CPU's).
#pragma once
#include "cuda/rows.h"
#include "cuda/vec.h"
#include "ops/loss/loss_args.h"

namespace netlet::cuda {

constexpr int one_block = 512;  // threads of the block that reduces a small batch to a scalar

// Sums the losses of rows over a block. All threads call finish(), which needs reduce_bytes<Threads>.
template <class T, int Threads> struct LossSink {
    const LossOut<T>& o;
    double sum = 0, divisor = 0;

    // Called by one thread for each row.
    __device__ void put(int64_t row, T loss, bool counts = true) {
        if (!o.reduced) {
            o.y[row] = loss;
            return;
        }
        if (!counts) return;
        const T w = o.w ? o.w[row] : T(1);
        sum += (double)(loss * w);
        divisor += o.reduction == Reduction::mean_with_weight ? (double)w : 1.0;
    }
    __device__ void finish() {
        if (!o.reduced) return;
        sum = reduce_block<Threads>(sum, shared_array<double>(0, Threads / warp), Plus{});
        divisor = reduce_block<Threads>(divisor, shared_array<double>(0, Threads / warp), Plus{});
        if (threadIdx.x != 0) return;
        const double scale = o.reduction == Reduction::sum ? 1 : divisor != 0 ? 1 / divisor : 0;
        o.y[0] = (T)(o.reduction == Reduction::sum ? sum : divisor != 0 ? sum / divisor : 0);
        if (o.scale) *o.scale = scale;
    }
};

template <class T> __device__ inline double loss_scale(const LossGrad<T>& g) {
    return g.per_row ? 1.0 : (double)*g.dy * (g.scale ? *g.scale : g.factor);
}
template <class T> __device__ inline T row_gradient(const LossGrad<T>& g, int64_t row) {
    if (g.per_row) return g.dy[row];
    return g.w ? (T)(loss_scale(g) * (double)g.w[row]) : (T)loss_scale(g);
}

template <class T> __device__ inline T exp_of(T x) { return gpu::exp(Vec<T>{x}).r; }
template <class T> __device__ inline T log_of(T x) { return gpu::log(Vec<T>{x}).r; }
// min(max(x, low), high), its slope. NaN stays NaN.
template <class T> __device__ inline T clipped(T x, T low, T high) { return x < low ? low : x > high ? high : x; }
template <class T> __device__ inline T clip_slope_of(T x, T low, T high) {
    return x > low && x < high ? T(1) : x == low || x == high ? T(0.5) : T(0);
}
template <class T> __device__ inline void add_or_store(T& to, T d, bool accumulate) { to = accumulate ? to + d : d; }

// max and sum e^(x - max) of a row.
template <class T> struct SoftmaxOf {
    T max, sum;
};
template <class Team, class T> __device__ inline SoftmaxOf<T> softmax_of(const T* x, int64_t cols) {
    const T m = Team::template max<T>(cols, [&](int64_t j) { return x[j]; });
    return {m, (T)Team::sum(cols, [&](int64_t j) { return exp_of(x[j] - m); })};
}

// Launches a forward kernel over rows: one block if it reduces them, else as many as there is work for.
#define NETLET_LAUNCH_ROWS_FWD(kernel, T)                                                                              \
    if (a.out.reduced)                                                                                                 \
        with_team<one_block>(a.cols, [&]<class Team>(Team) {                                                           \
            launch<kernel<T, Team, one_block>, one_block>(s, 1, reduce_bytes<one_block>, a, a.rows);                   \
        });                                                                                                            \
    else                                                                                                               \
        with_team<256>(a.cols, [&]<class Team>(Team) {                                                                 \
            launch<kernel<T, Team, 256>>(s, blocks_for_rows(s, units, Team::rows), reduce_bytes<256>, a, units);       \
        })
#define NETLET_LAUNCH_ROWS_BWD(kernel, T)                                                                              \
    with_team<256>(a.cols, [&]<class Team>(Team) {                                                                     \
        launch<kernel<T, Team>>(s, blocks_for_rows(s, units, Team::rows), reduce_bytes<256>, a, units);                \
    })

}  // namespace netlet::cuda
