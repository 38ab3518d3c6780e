// Shared by the losses' CUDA kernels: the output of row losses, summed over a block, and small functions.
#pragma once
#include "cuda/rows.h"
#include "cuda/vec.h"
#include "ops/loss/loss_out.h"

namespace netlet::cuda {

constexpr int one_block = 512;  // threads of the block that reduces a small batch to a scalar

// Sums the losses of rows over a block. All threads call finish(), which needs reduce_bytes<Threads>; one thread calls
// put() for each row.
template <class T, int Threads> struct LossSink : gpu::LossSink<T> {
    __device__ void finish() {
        if (!this->o.reduced) return;
        this->sum = sum_block<Threads>(this->sum);
        this->divisor = sum_block<Threads>(this->divisor);
        if (threadIdx.x == 0) gpu::LossSink<T>::finish();
    }
};

template <class T> __device__ inline T row_gradient(const LossGrad<T>& g, int64_t row) {
    return gpu::row_gradient(g, gpu::loss_scale(g), row);
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
