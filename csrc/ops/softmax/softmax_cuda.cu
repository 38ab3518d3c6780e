// Softmax, log_softmax, logsumexp, sparsemax (softmax_args.h). Along the last axis a team of threads (cuda/rows.h)
// computes a row; along another axis a thread computes a column, so that neighbouring threads read neighbouring
// columns. A row is read two or three times, but only once from memory: it stays in the L1 or L2 cache. Sums are
// float64, where a row of any length has the accuracy of the CPU's sums by blocks.
#include "cuda/rows.h"
#include "cuda/vec.h"
#include "ops/softmax/softmax_args.h"

namespace netlet::cuda {

template <class T> __device__ inline T exp_of(T x) { return gpu::exp(Vec<T>{x}).r; }
template <class T> __device__ inline T log_of(T x) { return gpu::log(Vec<T>{x}).r; }

// Michelot's loop (sparsemax.h). Teams of a warp run it together until all are done.
template <class Team, class T, class Z> __device__ inline T sparsemax_threshold(int64_t n, Z z) {
    T t = -1;
    for (double before = -1;;) {
        const double count = Team::sum(n, [&](int64_t j) { return z(j) > t ? 1.0 : 0.0; });
        const bool stable = count == before;
        if (Team::lanes == 1 ? stable : !__any_sync(all_lanes, !stable)) return t;
        const double sum = Team::sum(n, [&](int64_t j) { return z(j) > t ? z(j) : T(0); });
        if (!stable) t = (T)((sum - 1) / count);
        before = count;
    }
}

template <class T, class Team> __device__ void softmax_fwd(SoftmaxArgs<T> a, int64_t rows) {
    const int64_t N = a.N, I = a.I;
    Team::each_row(rows, [&](int64_t row, bool mine) {
        const int64_t at = I == 1 ? row * N : row / I * (N * I) + row % I;
        const T* x = a.x + at;
        T* y = a.y + at;
        T m = Team::template max<T>(N, [&](int64_t j) { return x[j * I]; });
        if (a.kind == SoftmaxKind::sparsemax) {
            const T t = sparsemax_threshold<Team, T>(N, [&](int64_t j) { return x[j * I] - m; });
            if (mine)
                Team::each(N, [&](int64_t j) {
                    const T v = x[j * I] - m - t;
                    y[j * I] = v < T(0) ? T(0) : v;
                });
            return;
        }
        if (a.kind == SoftmaxKind::logsumexp && !(m - m == 0)) m = 0;  // +-inf, NaN: the sum then gives the result
        const T sum = (T)Team::sum(N, [&](int64_t j) { return exp_of(x[j * I] - m); });
        if (!mine) return;
        if (a.kind == SoftmaxKind::logsumexp) {
            if (Team::lane() == 0) a.y[row] = m + log_of(sum);
        } else if (a.kind == SoftmaxKind::softmax) {
            const T scale = T(1) / sum;
            Team::each(N, [&](int64_t j) { y[j * I] = exp_of(x[j * I] - m) * scale; });
        } else {
            const T log_sum = log_of(sum);
            Team::each(N, [&](int64_t j) { y[j * I] = (x[j * I] - m) - log_sum; });
        }
    });
}

template <class T, class Team> __device__ void softmax_bwd(SoftmaxGradArgs<T> a, int64_t rows) {
    const int64_t N = a.N, I = a.I;
    Team::each_row(rows, [&](int64_t row, bool mine) {
        const int64_t at = I == 1 ? row * N : row / I * (N * I) + row % I;
        const T *y = a.y + at, *dy = a.dy + at;
        const auto write = [&](auto f) {
            if (mine)
                Team::each(N, [&](int64_t j) {
                    T& dx = a.dx[at + j * I];
                    const T g = f(j * I);
                    dx = a.accumulate ? dx + g : g;
                });
        };
        switch (a.kind) {
            case SoftmaxKind::softmax: {
                const T t = (T)Team::sum(N, [&](int64_t j) { return dy[j * I] * y[j * I]; });
                return write([&](int64_t k) { return y[k] * (dy[k] - t); });
            }
            case SoftmaxKind::log_softmax: {
                const T t = (T)Team::sum(N, [&](int64_t j) { return dy[j * I]; });
                return write([&](int64_t k) { return dy[k] - exp_of(y[k]) * t; });
            }
            case SoftmaxKind::logsumexp: {
                const T total = a.y[row], g = a.dy[row];
                return write([&](int64_t k) { return g * exp_of(a.x[at + k] - total); });
            }
            case SoftmaxKind::sparsemax: {
                const double count = Team::sum(N, [&](int64_t j) { return y[j * I] > T(0) ? 1.0 : 0.0; });
                const double sum = Team::sum(N, [&](int64_t j) { return y[j * I] > T(0) ? dy[j * I] : T(0); });
                const T mean = (T)(sum / count);
                return write([&](int64_t k) { return y[k] > T(0) ? dy[k] - mean : T(0); });
            }
        }
    });
}

// The rows of a record's units (softmax_args.h), and the team for them.
template <class F> inline void for_shape(int64_t units, int64_t N, int64_t I, F f) {
    if (I == 1) return with_team<256>(N, [&](auto team) { f(team, units); });
    f(Team<1, 256>{}, units / ((I + softmax_columns - 1) / softmax_columns) * I);
}

#define NETLET_SOFTMAX(T, suffix)                                                                                      \
    NETLET_CUDA_KERNEL(softmax_fwd_##suffix, SoftmaxArgs<T>) {                                                         \
        for_shape(units, a.N, a.I, [&]<class Team>(Team, int64_t rows) {                                               \
            launch<softmax_fwd<T, Team>>(s, blocks_for_rows(s, rows, Team::rows), reduce_bytes<256>, a, rows);         \
        });                                                                                                            \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(softmax_bwd_##suffix, SoftmaxGradArgs<T>) {                                                     \
        for_shape(units, a.N, a.I, [&]<class Team>(Team, int64_t rows) {                                               \
            launch<softmax_bwd<T, Team>>(s, blocks_for_rows(s, rows, Team::rows), reduce_bytes<256>, a, rows);         \
        });                                                                                                            \
    }
NETLET_SOFTMAX(float, f32)
NETLET_SOFTMAX(double, f64)
#undef NETLET_SOFTMAX

}  // namespace netlet::cuda
