// Categorical crossentropy: a team of threads (cuda/rows.h) computes a row, whose second and third reading come from
// the L1 or L2 cache. A small batch that is reduced to a scalar takes one block, so that no second kernel is needed;
// sums are float64.
#include "ops/loss/loss_cuda.h"
#include "ops/loss/read_label.h"

namespace netlet::cuda {

// ---- distributions as targets ---------------------------------------------------------------------------------------
template <class T> struct Targets {
    T keep, add;
    __device__ explicit Targets(const CrossentropyArgs<T>& a)
        : keep((T)(1 - a.smoothing)), add((T)(a.smoothing / (double)a.cols)) {}
    __device__ T operator()(T t) const { return t * keep + add; }
};

template <class T, class Team, int Threads> __device__ void crossentropy_fwd(CrossentropyArgs<T> a, int64_t rows) {
    const Targets<T> target(a);
    const T low = (T)a.epsilon, high = (T)(1 - a.epsilon);
    LossSink<T, Threads> sink{a.out};
    Team::each_row(rows, [&](int64_t row, bool mine) {
        const T *t = a.t + row * a.cols, *x = a.x + row * a.cols;
        double dot;
        if (a.logits) {
            const SoftmaxOf<T> s = softmax_of<Team>(x, a.cols);
            const T log_sum = log_of(s.sum);
            // A class with target 0 adds 0, even if its logit is infinite. A NaN anywhere makes log_sum NaN.
            dot = Team::sum(a.cols, [&](int64_t j) {
                const T p = target(t[j]);
                return p == T(0) ? T(0) * log_sum : p * (x[j] - s.max - log_sum);
            });
        } else {
            const T s = (T)Team::sum(a.cols, [&](int64_t j) { return x[j]; });
            dot = Team::sum(a.cols, [&](int64_t j) { return target(t[j]) * log_of(clipped(x[j] / s, low, high)); });
        }
        if (mine && Team::lane() == 0) sink.put(row, (T)-dot);
    });
    sink.finish();
}

// dx = (softmax sum(t') - t') g
template <class T, class Team> __device__ void crossentropy_bwd_logits(CrossentropyArgs<T> a, int64_t rows) {
    const Targets<T> target(a);
    Team::each_row(rows, [&](int64_t row, bool mine) {
        const T *t = a.t + row * a.cols, *x = a.x + row * a.cols;
        T* dx = a.dx + row * a.cols;
        const T g = row_gradient(a.grad, row);
        const SoftmaxOf<T> s = softmax_of<Team>(x, a.cols);
        const double all = Team::sum(a.cols, [&](int64_t j) { return target(t[j]); });
        const T share = (T)(all / (double)s.sum);
        if (mine)
            Team::each(a.cols, [&](int64_t j) {
                add_or_store(dx[j], (exp_of(x[j] - s.max) * share - target(t[j])) * g, a.accumulate);
            });
    });
}

// With q = x / sum(x), c = clip(q) and a = -t'/c clip'(q): dx = (a - sum(a q)) / sum(x) g.
template <class T, class Team> __device__ void crossentropy_bwd(CrossentropyArgs<T> a, int64_t rows) {
    const Targets<T> target(a);
    const T low = (T)a.epsilon, high = (T)(1 - a.epsilon);
    Team::each_row(rows, [&](int64_t row, bool mine) {
        const T *t = a.t + row * a.cols, *x = a.x + row * a.cols;
        T* dx = a.dx + row * a.cols;
        const T total = (T)Team::sum(a.cols, [&](int64_t j) { return x[j]; });
        const auto slope = [&](int64_t j, T q) {
            return -target(t[j]) / clipped(q, low, high) * clip_slope_of(q, low, high);
        };
        const T dot = (T)Team::sum(a.cols, [&](int64_t j) {
            const T q = x[j] / total;
            return slope(j, q) * q;
        });
        const T scaled = row_gradient(a.grad, row) / total;
        if (mine)
            Team::each(a.cols,
                       [&](int64_t j) { add_or_store(dx[j], (slope(j, x[j] / total) - dot) * scaled, a.accumulate); });
    });
}

// ---- labels as targets ----------------------------------------------------------------------------------------------
template <class T> __device__ inline bool ignored(const SparseCrossentropyArgs<T>& a, int64_t k) {
    return a.ignores && k == a.ignore;
}

template <class T, class Team, int Threads>
__device__ void sparse_fwd(SparseCrossentropyArgs<T> a, int64_t rows) {
    const T low = (T)a.epsilon, high = (T)(1 - a.epsilon);
    LossSink<T, Threads> sink{a.out};
    Team::each_row(rows, [&](int64_t row, bool mine) {
        const T* x = a.x + row * a.cols;
        const int64_t k = gpu::label(a.labels, a.label_type, row);
        const bool valid = k >= 0 && k < a.cols, counts = !ignored(a, k);
        T loss;  // at the label, which may be invalid: then it is not read
        if (a.logits) {
            const SoftmaxOf<T> s = softmax_of<Team>(x, a.cols);
            loss = (s.max - (valid ? x[k] : T(0))) + log_of(s.sum);
        } else {
            const T sum = (T)Team::sum(a.cols, [&](int64_t j) { return x[j]; });
            loss = -log_of(clipped((valid ? x[k] : T(1)) / sum, low, high));
        }
        if (!mine || Team::lane() != 0) return;
        sink.put(row, !counts ? T(0) : valid ? loss : (T)NAN, counts);
    });
    sink.finish();
}

// As crossentropy_bwd with t' = 1{label}. logits: (softmax - 1{label}) g; else (a 1{label} - a q) / sum(x) g.
template <class T, class Team> __device__ void sparse_bwd(SparseCrossentropyArgs<T> a, int64_t rows) {
    const T low = (T)a.epsilon, high = (T)(1 - a.epsilon);
    Team::each_row(rows, [&](int64_t row, bool mine) {
        const T* x = a.x + row * a.cols;
        T* dx = a.dx + row * a.cols;
        const int64_t k = gpu::label(a.labels, a.label_type, row);
        const T g = row_gradient(a.grad, row);
        const bool valid = k >= 0 && k < a.cols;
        if (a.logits) {
            const SoftmaxOf<T> s = softmax_of<Team>(x, a.cols);
            if (mine && valid && !ignored(a, k)) {
                const T share = T(1) / s.sum;
                Team::each(a.cols, [&](int64_t j) {
                    const T p = exp_of(x[j] - s.max) * share;
                    add_or_store(dx[j], (j == k ? p - T(1) : p) * g, a.accumulate);
                });
                return;
            }
        }
        T all = T(0), at_label = T(0);
        if (!a.logits) {
            const T sum = (T)Team::sum(a.cols, [&](int64_t j) { return x[j]; });
            const T q = (valid ? x[k] : T(0)) / sum;
            const T slope = -clip_slope_of(q, low, high) / clipped(q, low, high);
            all = -slope * q * (g / sum);
            at_label = slope * (g / sum);
        }
        if (ignored(a, k))
            all = at_label = T(0);
        else if (!valid)
            all = (T)NAN;
        if (mine)
            Team::each(a.cols, [&](int64_t j) { add_or_store(dx[j], j == k ? at_label + all : all, a.accumulate); });
    });
}

__device__ void not_label(NotLabelArgs a, int64_t n) {
    for (int64_t i = first_index(); i < n; i += all_threads()) a.y[i] = gpu::label(a.labels, a.type, i) != a.ignore;
}

NETLET_CUDA_KERNEL(loss_not_label, NotLabelArgs) { launch<not_label>(s, blocks_for(s, units), 0, a, units); }

#define NETLET_CROSSENTROPY(T, suffix)                                                                                 \
    NETLET_CUDA_KERNEL(loss_crossentropy_fwd_##suffix, CrossentropyArgs<T>) {                                          \
        NETLET_LAUNCH_ROWS_FWD(crossentropy_fwd, T);                                                                   \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(loss_crossentropy_bwd_##suffix, CrossentropyArgs<T>) {                                          \
        if (a.logits)                                                                                                  \
            NETLET_LAUNCH_ROWS_BWD(crossentropy_bwd_logits, T);                                                        \
        else                                                                                                           \
            NETLET_LAUNCH_ROWS_BWD(crossentropy_bwd, T);                                                               \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(loss_sparse_fwd_##suffix, SparseCrossentropyArgs<T>) { NETLET_LAUNCH_ROWS_FWD(sparse_fwd, T); } \
    NETLET_CUDA_KERNEL(loss_sparse_bwd_##suffix, SparseCrossentropyArgs<T>) { NETLET_LAUNCH_ROWS_BWD(sparse_bwd, T); }
NETLET_CROSSENTROPY(float, f32)
NETLET_CROSSENTROPY(double, f64)
#undef NETLET_CROSSENTROPY

}  // namespace netlet::cuda
