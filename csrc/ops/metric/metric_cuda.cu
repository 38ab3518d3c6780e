// Metrics in float64. A chunk of the record is a block, whose threads sum by a fixed tree; a record with one chunk takes
// one block that adds to the state. For accuracy a team of threads (cuda/rows.h) finds the maximum of a row.
#include "ops/metric/metric_args.h"

#include "cuda/rows.h"
#include "cuda/vec.h"
#include "ops/metric/read_number.h"

namespace netlet::cuda {

constexpr int one_block = 512;  // threads of the block of a record with one chunk

__device__ inline void add_to_state(const MetricSum& s, double total, double count) {
    s.state[0] += total * s.factor;
    if (s.has_count) s.state[1] += count * s.factor;
}
// The elements or rows of this block's chunk.
__device__ inline Range chunk_of(const MetricSum& s) {
    if (!s.partial) return {0, s.n};
    const int64_t begin = blockIdx.x * s.grain;
    return {begin, s.n - begin < s.grain ? s.n : begin + s.grain};
}
// Stores the sums of a chunk; a single chunk adds directly to the state. One thread calls it.
__device__ inline void add_chunk(const MetricSum& s, double total, double count) {
    if (!s.partial) return add_to_state(s, total, count);
    s.partial[blockIdx.x] = total;
    s.partial[s.chunks + blockIdx.x] = count;
}
template <class All, class T> __device__ inline double weight_sum(const T* w, int64_t w_inner, Range r) {
    if (!w) return (double)(r.end - r.begin);
    return All::sum(r.end - r.begin,
                    [&](int64_t j) { return w[w_inner == 1 ? r.begin + j : (r.begin + j) / w_inner]; });
}

template <class T, int Threads> __device__ void accumulate_mean(AccumulateMeanArgs<T> a) {
    using All = Team<Threads, Threads>;
    const Range r = chunk_of(a.sum);
    const int64_t w_inner = a.sum.w_inner;
    const double total = All::sum(r.end - r.begin, [&](int64_t j) {
        const int64_t i = r.begin + j;
        return a.w ? (double)a.v[i] * (double)a.w[w_inner == 1 ? i : i / w_inner] : (double)a.v[i];
    });
    const double count = weight_sum<All>(a.w, w_inner, r);
    if (threadIdx.x == 0) add_chunk(a.sum, total, count);
}

// ---- accuracy -------------------------------------------------------------------------------------------------------
// Whether k is the position of the first maximum of x (cols,). Teams whose k is no position pass 0 and drop the result.
template <class Team, class T> __device__ inline bool is_argmax(const T* x, int64_t cols, int64_t k) {
    const T top = x[k];
    int beaten = 0;
    Team::each(cols, [&](int64_t j) {
        const T v = x[j];
        if (!(v < top || (v == top && j >= k))) beaten = 1;
    });
    return Team::reduce(beaten, Larger{}) == 0;
}
// The position of the first maximum of t (cols,); cols where t holds NaN.
template <class Team, class T> __device__ inline int64_t argmax(const T* t, int64_t cols) {
    const T top = Team::template max<T>(cols, [&](int64_t j) { return t[j]; });
    int first = (int)cols;
    Team::each(cols, [&](int64_t j) {
        if (t[j] == top && j < first) first = (int)j;
    });
    return Team::reduce(first, Smaller{});
}

template <class Team, class T> __device__ inline bool matches(const AccuracyArgs<T>& a, int64_t row) {
    const T* x = a.x + row * a.cols;
    switch (a.kind) {
        case Accuracy::sparse: {
            const double label = gpu::number_at(a.labels, a.label_type, row);
            const bool valid = label >= 0 && label < (double)a.cols;
            const int64_t k = valid ? (int64_t)label : 0;
            return is_argmax<Team>(x, a.cols, k) && valid && (double)k == label;
        }
        case Accuracy::categorical: {
            const int64_t k = argmax<Team>(a.t + row * a.cols, a.cols);
            return is_argmax<Team>(x, a.cols, k < a.cols ? k : 0) && k < a.cols;
        }
        case Accuracy::binary: return a.t[row] == (a.x[row] > (T)a.threshold ? T(1) : T(0));
        default: return a.t[row] == a.x[row];
    }
}

template <class T, class Team> __device__ void accuracy_rows(AccuracyArgs<T> a, int64_t rows) {
    Team::each_row(rows, [&](int64_t row, bool mine) {
        const bool match = matches<Team>(a, row);
        if (mine && Team::lane() == 0) a.y[row] = match ? T(1) : T(0);
    });
}
template <class T, class Team, int Threads> __device__ void accuracy_sum(AccuracyArgs<T> a) {
    using All = netlet::cuda::Team<Threads, Threads>;
    const Range r = chunk_of(a.sum);
    double total = 0;
    Team::each_row_between(r.begin, r.end, [&](int64_t row, bool mine) {
        const bool match = matches<Team>(a, row);
        if (match && mine && Team::lane() == 0)
            total += a.w ? (double)a.w[a.sum.w_inner == 1 ? row : row / a.sum.w_inner] : 1.0;
    });
    total = All::reduce(total, Plus{});
    const double count = weight_sum<All>(a.w, a.sum.w_inner, r);
    if (threadIdx.x == 0) add_chunk(a.sum, total, count);
}

// Rows of one element need one thread each.
template <int Threads, class F> inline void with_accuracy_team(Accuracy kind, int64_t cols, F f) {
    if (kind == Accuracy::binary || kind == Accuracy::equal) return f(Team<1, Threads>{});
    with_team<Threads>(cols, f);
}
template <class T> inline void accuracy_launch(const AccuracyArgs<T>& a, int64_t units, Stream& s) {
    if (a.y)
        with_accuracy_team<256>(a.kind, a.cols, [&]<class Team>(Team) {
            launch<accuracy_rows<T, Team>>(s, blocks_for_rows(s, units, Team::rows), reduce_bytes<256>, a, units);
        });
    else if (a.sum.partial)
        with_accuracy_team<256>(a.kind, a.cols, [&]<class Team>(Team) {
            launch<accuracy_sum<T, Team, 256>>(s, (unsigned)a.sum.chunks, reduce_bytes<256>, a);
        });
    else
        with_accuracy_team<one_block>(a.kind, a.cols, [&]<class Team>(Team) {
            launch<accuracy_sum<T, Team, one_block>, one_block>(s, 1, reduce_bytes<one_block>, a);
        });
}

__device__ void metric_finish(MetricFinishArgs a) {
    using All = Team<256, 256>;
    const double total = All::sum(a.sum.chunks, [&](int64_t i) { return a.sum.partial[i]; });
    const double count = All::sum(a.sum.chunks, [&](int64_t i) { return a.sum.partial[a.sum.chunks + i]; });
    if (threadIdx.x == 0) add_to_state(a.sum, total, count);
}
NETLET_CUDA_KERNEL(metric_finish, MetricFinishArgs) { launch<metric_finish>(s, 1, reduce_bytes<256>, a); }

#define NETLET_METRIC(T, suffix)                                                                                       \
    NETLET_CUDA_KERNEL(accumulate_mean_##suffix, AccumulateMeanArgs<T>) {                                              \
        if (a.sum.partial)                                                                                             \
            launch<accumulate_mean<T, 256>>(s, (unsigned)a.sum.chunks, reduce_bytes<256>, a);                          \
        else                                                                                                           \
            launch<accumulate_mean<T, one_block>, one_block>(s, 1, reduce_bytes<one_block>, a);                        \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(accuracy_##suffix, AccuracyArgs<T>) { accuracy_launch(a, units, s); }
NETLET_METRIC(float, f32)
NETLET_METRIC(double, f64)
#undef NETLET_METRIC

}  // namespace netlet::cuda
