// Pointwise losses with the CPU's formulas (loss_pointwise.h), the reduction of values to a loss, hinge labels, and
// checks for finite values. Chunks of the records are blocks: a block sums its chunk in float64 by a fixed tree. What a
// record computes with one work unit takes one block, which is enough for its 16384 elements.
#include "ops/loss/loss_cuda.h"

#include "cuda/elements.h"
#include "cuda/nest.h"
#include "ops/loss/loss_pointwise.h"

namespace netlet::cuda {

// Calls f with PointwiseLoss<Vec<T>, kind>.
template <class T, class F> __device__ inline auto with_loss(const PointwiseArgs<T>& a, F f) {
    switch (a.kind) {
#define NETLET_CASE(name)                                                                                              \
    case Pointwise::name: return f(gpu::PointwiseLoss<Vec<T>, Pointwise::name>(a));
        NETLET_CASE(squared_error)
        NETLET_CASE(absolute_error)
        NETLET_CASE(huber)
        NETLET_CASE(log_cosh)
        NETLET_CASE(absolute_percentage_error)
        NETLET_CASE(squared_logarithmic_error)
        NETLET_CASE(poisson)
        NETLET_CASE(kl_divergence)
        NETLET_CASE(binary_crossentropy)
        NETLET_CASE(binary_crossentropy_logits)
        NETLET_CASE(hinge)
        default: return f(gpu::PointwiseLoss<Vec<T>, Pointwise::squared_hinge>(a));
#undef NETLET_CASE
    }
}

// Rows of one element, each with a loss of its own.
template <class T> __device__ void pointwise_elements(PointwiseArgs<T> a, int64_t n) {
    with_loss(a, [&](auto loss) {
        const T scale = (T)a.row_scale;
        each_element(n, a.out.y, [&](T t, T x) { return loss.value({t}, {x}).r * scale; }, a.t, a.x);
    });
}
// One sum over all elements.
template <class T> __device__ void pointwise_sum(PointwiseArgs<T> a) {
    using All = Team<one_block, one_block>;
    LossSink<T, one_block> sink{a.out};
    const double sum = with_loss(a, [&](auto loss) {
        return All::sum(a.rows * a.cols, [&](int64_t i) { return loss.value({a.t[i]}, {a.x[i]}).r; });
    });
    if (threadIdx.x == 0) {
        sink.sum = sum * a.row_scale;
        sink.divisor = (double)a.rows;
    }
    sink.finish();
}
template <class T, class Team, int Threads> __device__ void pointwise_rows(PointwiseArgs<T> a, int64_t rows) {
    LossSink<T, Threads> sink{a.out};
    Team::each_row(rows, [&](int64_t row, bool mine) {
        const T *t = a.t + row * a.cols, *x = a.x + row * a.cols;
        const double sum = Team::sum(
            a.cols, [&](int64_t j) { return with_loss(a, [&](auto loss) { return loss.value({t[j]}, {x[j]}).r; }); });
        if (mine && Team::lane() == 0) sink.put(row, (T)(sum * a.row_scale));
    });
    sink.finish();
}
template <class T> inline void pointwise_fwd(const PointwiseArgs<T>& a, int64_t units, Stream& s) {
    if (a.out.reduced && !a.out.w)
        launch<pointwise_sum<T>, one_block>(s, 1, reduce_bytes<one_block>, a);
    else if (!a.out.reduced && a.cols == 1)
        launch<pointwise_elements<T>>(s, blocks_for_pieces<T>(s, units), 0, a, units);
    else if (a.out.reduced && a.cols > 32)  // warps serve rows of any length here: there are few elements
        launch<pointwise_rows<T, Team<warp, one_block>, one_block>, one_block>(s, 1, reduce_bytes<one_block>, a,
                                                                               a.rows);
    else if (a.out.reduced)
        launch<pointwise_rows<T, Team<4, one_block>, one_block>, one_block>(s, 1, reduce_bytes<one_block>, a, a.rows);
    else
        with_team<256>(a.cols, [&]<class Team>(Team) {
            launch<pointwise_rows<T, Team, 256>>(s, blocks_for_rows(s, units, Team::rows), reduce_bytes<256>, a, units);
        });
}

template <class T> __device__ void pointwise_bwd(PointwiseArgs<T> a, Divisor cols, bool small, int64_t n) {
    const T sign = (T)(a.negate ? -a.row_scale : a.row_scale);
    with_loss(a, [&](auto loss) {
        if (!a.grad.per_row && !a.grad.w) {
            const T g = row_gradient(a.grad, 0) * sign;
            each_element(n, a.dx, a.accumulate, [&](T t, T x) { return loss.slope({t}, {x}).r * g; }, a.t, a.x);
            return;
        }
        for (int64_t i = first_index(); i < n; i += all_threads()) {
            const T g = row_gradient(a.grad, divide(i, cols, small)) * sign;
            add_or_store(a.dx[i], loss.slope({a.t[i]}, {a.x[i]}).r * g, a.accumulate);
        }
    });
}
template <class T> inline void pointwise_bwd_launch(const PointwiseArgs<T>& a, int64_t units, Stream& s) {
    const int64_t n = units * a.cols;
    if (n > 0) launch<pointwise_bwd<T>>(s, blocks_for(s, n), 0, a, divisor(a.cols), n < ((int64_t)1 << 31), n);
}

// ---- reduction ------------------------------------------------------------------------------------------------------
template <class T> __device__ inline void reduce_finish(const LossReduceArgs<T>& a, double sum, double divisor) {
    if (a.reduction == Reduction::sum) divisor = 1;
    a.y[0] = (T)(divisor != 0 ? sum / divisor : 0);
    if (a.scale) *a.scale = divisor != 0 ? 1 / divisor : 0;
}
template <class T, int Threads> __device__ void reduce_chunks(LossReduceArgs<T> a) {
    using All = Team<Threads, Threads>;
    const int64_t grain = a.partial ? a.grain : a.n, begin = blockIdx.x * grain;
    const int64_t count = a.n - begin < grain ? a.n - begin : grain;
    const bool weighs = a.reduction == Reduction::mean_with_weight;
    const auto weight = [&](int64_t i) { return !a.w ? T(1) : a.w[a.w_inner == 1 ? i : i / a.w_inner]; };
    const auto counts = [&](int64_t i) { return !a.mask || a.mask[i]; };
    const double sum =
        All::sum(count, [&](int64_t j) { return counts(begin + j) ? a.v[begin + j] * weight(begin + j) : T(0); });
    double divisor = (double)count;
    if (a.mask || (a.w && weighs))
        divisor = All::sum(count, [&](int64_t j) {
            return !counts(begin + j) ? T(0) : weighs ? weight(begin + j) : T(1);
        });
    // A weight shared by w_inner values counts once; under a mask, every value counts its weight.
    if (weighs && a.w && !a.mask) divisor /= (double)a.w_inner;
    if (threadIdx.x != 0) return;
    if (!a.partial) return reduce_finish(a, sum, divisor);
    a.partial[blockIdx.x] = sum;
    a.partial[a.chunks + blockIdx.x] = divisor;
}
template <class T> __device__ void reduce_partials(LossReduceArgs<T> a) {
    using All = Team<256, 256>;
    const double sum = All::sum(a.chunks, [&](int64_t i) { return a.partial[i]; });
    const double divisor = All::sum(a.chunks, [&](int64_t i) { return a.partial[a.chunks + i]; });
    if (threadIdx.x == 0) reduce_finish(a, sum, divisor);
}
template <class T> inline void reduce_fwd(const LossReduceArgs<T>& a, Stream& s) {
    if (a.partial)
        launch<reduce_chunks<T, 256>>(s, (unsigned)a.chunks, reduce_bytes<256>, a);
    else
        launch<reduce_chunks<T, one_block>, one_block>(s, 1, reduce_bytes<one_block>, a);
}

// dv = dy * w * mask / divisor. Without reduction dy has one value per element, and forward uses the same.
template <class T> __device__ void weigh(LossReduceArgs<T> a, int64_t n) {
    const bool none = a.reduction == Reduction::none;
    const T all = none ? T(1) : (T)((double)*a.dy * (a.read_scale ? *a.read_scale : a.factor));
    for (int64_t i = first_index(); i < n; i += all_threads()) {
        T d = none ? a.dy[i] : all;
        if (a.w) d *= a.w[a.w_inner == 1 ? i : i / a.w_inner];
        if (a.mask && !a.mask[i]) d = 0;
        add_or_store(a.dv[i], d, a.accumulate);
    }
}

// ---- labels and checks ----------------------------------------------------------------------------------------------
template <class T> __device__ void hinge_labels(HingeLabelsArgs<T> a) {
    using All = Team<one_block, one_block>;
    const double others = All::sum(a.n, [&](int64_t i) { return a.t[i] == 0 || a.t[i] == 1 ? 0.0 : 1.0; });
    All::each(a.n, [&](int64_t i) { a.y[i] = others == 0 ? 2 * a.t[i] - 1 : a.t[i]; });
}

// The sum of x - x over the block: 0, or NaN if any x is infinite or NaN.
template <class T, int Threads> __device__ inline T sum_of_differences(const T* x, int64_t n) {
    constexpr int count = piece_of<T>;
    T sum = 0;
    const int64_t whole = starts_a_piece<count>(x) ? n / count * count : 0;
    for (int64_t i = (int64_t)threadIdx.x * count; i < whole; i += Threads * count) {
        const Piece<T, count> v = load_piece<count>(x + i);
#pragma unroll
        for (int j = 0; j < count; ++j) sum += v.at[j] - v.at[j];
    }
    for (int64_t i = whole + (int)threadIdx.x; i < n; i += Threads) sum += x[i] - x[i];
    return sum;
}
template <class T> __device__ void check_finite(CheckFiniteArgs<T> a) {
    using All = Team<one_block, one_block>;
    const T sum = All::reduce(sum_of_differences<T, one_block>(a.x, a.n), Plus{});
    if (threadIdx.x != 0) return;
    const bool loss = !a.loss || *a.loss - *a.loss == 0;
    *a.flag = !loss ? 1 : sum == 0 ? 0 : 2;
}
template <class T> __device__ void finite_partials(FinitePartialsArgs<T> a, int64_t units) {
    using All = Team<256, 256>;
    const int64_t begin = blockIdx.x * a.grain, end = units - begin < a.grain ? units : begin + a.grain;
    T sum = 0;
    if (!a.written) sum = sum_of_differences<T, 256>(a.x + begin, end - begin);
    for (int64_t row = begin; a.written && row < end; ++row)
        if (a.written[row]) sum += sum_of_differences<T, 256>(a.x + row * a.inner, a.inner);
    sum = All::reduce(sum, Plus{});
    if (threadIdx.x == 0) a.partial[blockIdx.x] = sum;
}

#define NETLET_LOSS(T, suffix)                                                                                         \
    NETLET_CUDA_KERNEL(loss_pointwise_fwd_##suffix, PointwiseArgs<T>) { pointwise_fwd(a, units, s); }                  \
    NETLET_CUDA_KERNEL(loss_pointwise_bwd_##suffix, PointwiseArgs<T>) { pointwise_bwd_launch(a, units, s); }           \
    NETLET_CUDA_KERNEL(loss_reduce_fwd_##suffix, LossReduceArgs<T>) { reduce_fwd(a, s); }                              \
    NETLET_CUDA_KERNEL(loss_reduce_partials_##suffix, LossReduceArgs<T>) {                                             \
        launch<reduce_partials<T>>(s, 1, reduce_bytes<256>, a);                                                        \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(loss_reduce_bwd_##suffix, LossReduceArgs<T>) {                                                  \
        launch<weigh<T>>(s, blocks_for(s, units), 0, a, units);                                                        \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(hinge_labels_##suffix, HingeLabelsArgs<T>) {                                                    \
        launch<hinge_labels<T>, one_block>(s, 1, reduce_bytes<one_block>, a);                                          \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(check_finite_##suffix, CheckFiniteArgs<T>) {                                                    \
        launch<check_finite<T>, one_block>(s, 1, reduce_bytes<one_block>, a);                                          \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(finite_partials_##suffix, FinitePartialsArgs<T>) {                                              \
        launch<finite_partials<T>>(s, (unsigned)((units + a.grain - 1) / a.grain), reduce_bytes<256>, a, units);       \
    }
NETLET_LOSS(float, f32)
NETLET_LOSS(double, f64)
#undef NETLET_LOSS

}  // namespace netlet::cuda
