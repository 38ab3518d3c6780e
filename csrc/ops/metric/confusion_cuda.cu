// Counts of right and wrong decisions (confusion_args.h). A chunk is a block. Without weights its threads add ones by
// atomic operations, exact in any order. With weights one warp takes 32 values at a time and adds those of one cell in
// the order of the values: the bits are the CPU's, and the same in each run.
#include "ops/metric/confusion_args.h"

#include "cuda/rows.h"
#include "cuda/vec.h"
#include "ops/metric/buckets.h"
#include "ops/metric/read_number.h"

namespace netlet::cuda {

// to[cell] += w for the lanes of a warp, in their order; a negative cell is left out. All lanes call it.
__device__ inline void add_in_order(double* to, int64_t cell, double w) {
    const int lane = (int)threadIdx.x % warp;
    double sum = cell < 0 ? 0 : to[cell];
    int first = warp;
    for (int from = 0; from < warp; ++from) {
        const int64_t there = __shfl_sync(all_lanes, (long long)cell, from);
        const double weight = __shfl_sync(all_lanes, w, from);
        if (there != cell) continue;
        sum += weight;
        if (first == warp) first = from;
    }
    if (cell >= 0 && first == lane) to[cell] = sum;
    __syncwarp(all_lanes);
}

// Adds the values [begin, end) by cell_of(i), which is negative for values to leave out, and weight_of(i).
template <bool weighted, int Threads, class Cell, class Weight>
__device__ inline void add_to_cells(double* to, int64_t begin, int64_t end, Cell cell_of, Weight weight_of) {
    if constexpr (weighted) {
        for (int64_t first = begin; first < end; first += warp) {
            const int64_t i = first + (int)threadIdx.x;
            const bool mine = i < end;
            add_in_order(to, mine ? cell_of(i) : -1, mine ? weight_of(i) : 0);
        }
    } else {
        for (int64_t i = begin + (int)threadIdx.x; i < end; i += Threads) {
            const int64_t cell = cell_of(i);
            if (cell >= 0) atomicAdd(to + cell, 1.0);
        }
    }
}

template <class T> __device__ inline int64_t bucket_of(const ConfusionBucketsArgs<T>& a, T x) {
    if (a.spacing == Spacing::any) return gpu::thresholds_below(a.thresholds, a.buckets - 1, x);
    const int64_t bucket = gpu::even_bucket((T)(a.buckets - 2), x);
    return a.spacing == Spacing::even || bucket > 0 ? bucket : 1;
}
template <class T, bool weighted, int Threads>
__device__ void confusion_buckets(ConfusionBucketsArgs<T> a, int64_t rows) {
    const int64_t cells = a.labels * 2 * a.buckets, label_cells = a.labels > 1 ? 2 * a.buckets : 0;
    double* counts = a.counts + blockIdx.x * cells;
    for (int64_t i = threadIdx.x; i < cells; i += Threads) counts[i] = 0;
    __syncthreads();
    const int64_t begin = blockIdx.x * a.grain, end = rows - begin < a.grain ? rows : begin + a.grain;
    add_to_cells<weighted, Threads>(
        counts, begin * a.cols, end * a.cols,
        [&](int64_t i) {
            const int64_t side = a.y[i] != T(0);
            return i % a.cols * label_cells + side * a.buckets + bucket_of(a, a.x[i]);
        },
        [&](int64_t i) {
            T w = !a.w ? T(1) : a.w_rows ? a.w[i / a.cols / a.w_rows] : a.w[i];
            if (a.label_w) w *= a.label_w[i % a.cols];
            return (double)w;
        });
}
template <class T> inline void buckets_launch(const ConfusionBucketsArgs<T>& a, int64_t units, Stream& s) {
    const unsigned chunks = (unsigned)((units + a.grain - 1) / a.grain);
    if (a.w || a.label_w)
        launch<confusion_buckets<T, true, warp>, warp>(s, chunks, 0, a, units);
    else
        launch<confusion_buckets<T, false, 256>>(s, chunks, 0, a, units);
}
NETLET_CUDA_KERNEL(confusion_buckets_f32, ConfusionBucketsArgs<float>) { buckets_launch(a, units, s); }
NETLET_CUDA_KERNEL(confusion_buckets_f64, ConfusionBucketsArgs<double>) { buckets_launch(a, units, s); }

// A block is a label. Each thread sums the buckets of its threshold itself, in the CPU's order: as many additions as a
// running sum needs one after another, but all thresholds at once.
__device__ void confusion_counts(ConfusionCountsArgs a, int64_t labels) {
    const int64_t cells = a.labels * 2 * a.buckets, thresholds = a.buckets - 1;
    for (int64_t label = blockIdx.x; label < labels; label += gridDim.x) {
        double* sums = a.counts + label * 2 * a.buckets;  // of the first chunk, to which the others are added
        for (int64_t i = threadIdx.x; i < 2 * a.buckets; i += blockDim.x) {
            double sum = sums[i];
            for (int64_t chunk = 1; chunk < a.chunks; ++chunk) sum += sums[chunk * cells + i];
            sums[i] = sum;
        }
        __syncthreads();
        const double *negative = sums, *positive = sums + a.buckets;
        for (int64_t i = threadIdx.x; i < thresholds; i += blockDim.x) {
            const int64_t to = a.order[i] * a.labels + label;
            double tp = 0, fp = 0, tn = 0, fn = 0;
            for (int64_t j = thresholds; j > i; --j) {
                tp += positive[j];
                fp += negative[j];
            }
            for (int64_t j = 0; j <= i; ++j) {
                tn += negative[j];
                fn += positive[j];
            }
            if (a.tp) a.tp[to] += tp;
            if (a.fp) a.fp[to] += fp;
            if (a.tn) a.tn[to] += tn;
            if (a.fn) a.fn[to] += fn;
        }
    }
}
NETLET_CUDA_KERNEL(confusion_counts, ConfusionCountsArgs) {
    launch<confusion_counts>(s, (unsigned)(units < 65535 ? units : 65535), 0, a, units);
}

// ---- confusion matrix -----------------------------------------------------------------------------------------------
template <bool weighted, int Threads> __device__ void confusion_matrix(ConfusionMatrixArgs a, int64_t n) {
    const int64_t cells = a.classes * a.classes;
    const int64_t begin = blockIdx.x * a.grain, end = n - begin < a.grain ? n : begin + a.grain;
    double *matrix = a.matrix, *outside = a.outside;
    if (a.partial) {
        matrix = a.partial + blockIdx.x * (cells + 2);
        outside = matrix + cells;
        for (int64_t i = threadIdx.x; i < cells + 2; i += Threads) matrix[i] = 0;
        __syncthreads();
    }
    int64_t beyond = 0, first = end;  // pairs with an unknown class, and the first of them
    add_to_cells<weighted, Threads>(
        matrix, begin, end,
        [&](int64_t i) -> int64_t {
            const double label = gpu::number_at(a.labels, a.label_type, i);
            const double prediction = gpu::number_at(a.predictions, a.prediction_type, i);
            if (a.ignore >= 0 && label == (double)a.ignore) return -1;
            if (gpu::names_a_class(label, a.classes) && gpu::names_a_class(prediction, a.classes))
                return (int64_t)label * a.classes + (int64_t)prediction;
            ++beyond;
            if (i < first) first = i;
            return -1;
        },
        [&](int64_t i) { return a.w ? a.w[i / a.w_inner] : 1.0; });
    using All = Team<Threads, Threads>;
    const double all_beyond = All::reduce((double)beyond, Plus{}), very_first = All::reduce((double)first, Smaller{});
    if (threadIdx.x != 0 || !outside || all_beyond == 0) return;
    if (outside[0] == 0) {
        const int64_t i = (int64_t)very_first;
        const double label = gpu::number_at(a.labels, a.label_type, i);
        outside[1] = gpu::names_a_class(label, a.classes) ? gpu::number_at(a.predictions, a.prediction_type, i) : label;
    }
    outside[0] += all_beyond;
}
NETLET_CUDA_KERNEL(confusion_matrix, ConfusionMatrixArgs) {
    const unsigned chunks = (unsigned)((units + a.grain - 1) / a.grain);
    if (a.w)
        launch<confusion_matrix<true, warp>, warp>(s, chunks, reduce_bytes<256>, a, units);
    else
        launch<confusion_matrix<false, 256>>(s, chunks, reduce_bytes<256>, a, units);
}

__device__ void confusion_matrix_finish(ConfusionMatrixArgs a, int64_t cells) {
    for (int64_t i = first_index(); i < cells; i += all_threads()) {
        double sum = a.matrix[i];
        for (int64_t chunk = 0; chunk < a.chunks; ++chunk) sum += a.partial[chunk * (cells + 2) + i];
        a.matrix[i] = sum;
    }
    if (first_index() != 0 || !a.outside) return;
    for (int64_t chunk = 0; chunk < a.chunks; ++chunk) {
        const double* outside = a.partial + chunk * (cells + 2) + cells;
        if (outside[0] == 0) continue;
        if (a.outside[0] == 0) a.outside[1] = outside[1];
        a.outside[0] += outside[0];
    }
}
NETLET_CUDA_KERNEL(confusion_matrix_finish, ConfusionMatrixArgs) {
    launch<confusion_matrix_finish>(s, blocks_for(s, units), 0, a, units);
}

}  // namespace netlet::cuda
