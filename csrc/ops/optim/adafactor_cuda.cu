// Adafactor on a GPU. The sums of squares are in float64: a block takes one tile of 64 rows and 256 columns, once by
// columns (a thread has a column, so a warp reads adjacent numbers) and once by rows (a warp has a row; the tile is in
// the L1 cache then). The update kernels stream; a thread has four adjacent elements, because a row's root and quotient
// in float64 cost more than everything else, and the four mostly share a row.
#define NETLET_ISA cuda_simd
#define NETLET_VEC_CUDA_WIDE
#include "cuda/index_math.h"
#include "cuda/reduce.h"
#include "ops/optim/optim_scalars.h"
#include "ops/optim/variable_args.h"

namespace netlet::cuda {

namespace {

using namespace cuda_simd;

constexpr int chunk_threads = 512;

// The share of the new in the second moments: 1 - beta_t = t^decay.
__device__ double share_of(const OptimCells& c, double decay) { return ::pow((double)update_number(c), decay); }

template <class T> __device__ T decayed(const OptimCells& c, T p) {
    return c.weight_decay != 0 ? p - p * (T)c.weight_decay * (T)*c.lr : p;
}

constexpr int tile_threads = (int)adafactor_tile_columns;

template <class T> __device__ void sums(AdafactorSumsArgs<T> a) {
    const int64_t tile = blockIdx.x;
    const int64_t x = tile % a.across, y = tile / a.across % a.down, matrix = tile / a.across / a.down;
    const int64_t top = y * adafactor_tile_rows, left = x * adafactor_tile_columns;
    const int64_t bottom = top + adafactor_tile_rows < a.rows ? top + adafactor_tile_rows : a.rows;
    const int64_t n = a.columns - left < adafactor_tile_columns ? a.columns - left : adafactor_tile_columns;
    const T* g = a.g + matrix * a.rows * a.columns + left;
    const int j = (int)threadIdx.x;
    if (j < n) {
        double sum = 0;
        for (int64_t i = top; i < bottom; ++i) {
            const double v = (double)g[i * a.columns + j];
            sum += v * v;
        }
        a.column_sums[(matrix * a.down + y) * a.columns + left + j] = sum;
    }
    for (int64_t i = top + j / warp; i < bottom; i += tile_threads / warp) {
        double sum = 0;
        for (int64_t k = j % warp; k < n; k += warp) {
            const double v = (double)g[i * a.columns + k];
            sum += v * v;
        }
        sum = reduce_warp(sum, Plus());
        if (j % warp == 0) a.row_sums[(matrix * a.across + x) * a.rows + i] = sum;
    }
}

template <class T> __device__ void factor(AdafactorFactorArgs<T> a, int64_t n) {
    if (idle(a.c)) return;
    const double share = share_of(a.c, a.decay);
    const T kept = (T)(1 - share), fresh = (T)share;
    for (int64_t i = first_index(); i < n; i += all_threads()) {
        const Quotient at = divide(i, a.n);
        double sum = 0;
        for (int64_t k = 0; k < a.count; ++k) sum += a.partial[(at.quotient * a.count + k) * a.n + at.rest];
        a.factor[i] = kept * a.factor[i] + fresh * (T)(sum / a.divisor + a.epsilon);
    }
}

template <class T> __device__ void mean(AdafactorMeanArgs<T> a) {
    const T* r = a.r + (int64_t)blockIdx.x * a.n;
    double sum = 0;
    for (int64_t i = threadIdx.x; i < a.n; i += chunk_threads) sum += (double)r[i];
    sum = sum_block<chunk_threads>(sum);
    if (threadIdx.x == 0) a.mean[blockIdx.x] = sum / (double)a.n;
}

// Calls body(i, of_row, of_column) for up to four elements from i on: the factors of v, where of_row is a root.
template <class Args, class Body>
__device__ void each_of_four(const Args& a, int64_t i, int64_t end, const Body& body) {
    Quotient at = divide(i, a.columns);
    int64_t matrix = at.quotient / a.rows;
    auto of_row = [&] { return ::sqrt((double)a.r[at.quotient] / a.mean[matrix]); };
    double row = of_row();
    for (int j = 0; j < 4 && i + j < end; ++j, ++at.rest) {
        if (at.rest == a.columns) {
            at = {at.quotient + 1, 0};
            matrix = at.quotient / a.rows;
            row = of_row();
        }
        body(i + j, row, a.k[matrix * a.columns + at.rest]);
    }
}

template <class T, bool of_matrix> __device__ void norms(AdafactorNormsArgs<T> a, int64_t n) {
    const int64_t begin = blockIdx.x * a.grain, end = begin + a.grain < n ? begin + a.grain : n;
    double weights = 0, steps = 0;
    if (!idle(a.c)) {
        auto add = [&](int64_t i, T u) {
            const T w = decayed(a.c, a.p[i]);
            weights += (double)w * (double)w;
            steps += (double)u * (double)u;
        };
        if constexpr (of_matrix) {
            for (int64_t i = begin + 4 * (int64_t)threadIdx.x; i < end; i += 4 * chunk_threads)
                each_of_four(a, i, end, [&](int64_t at, double row, T of_column) {
                    const T of_row = (T)row;
                    a.v[at] = of_row * of_row * of_column;
                    add(at, a.g[at] / (of_row * (T)::sqrt(of_column)));
                });
        } else {
            const double share = share_of(a.c, a.decay);
            const T kept = (T)(1 - share), fresh = (T)share, epsilon = (T)a.epsilon_1;
            for (int64_t i = begin + threadIdx.x; i < end; i += chunk_threads) {
                const T g = a.g[i], v = kept * a.v[i] + fresh * (g * g + epsilon);
                a.v[i] = v;
                add(i, g / (T)::sqrt(v));
            }
        }
    }
    weights = sum_block<chunk_threads>(weights);
    steps = sum_block<chunk_threads>(steps);
    if (threadIdx.x > 0) return;
    a.norms[2 * (int64_t)blockIdx.x] = weights;
    a.norms[2 * (int64_t)blockIdx.x + 1] = steps;
}

template <class T> __device__ void apply(AdafactorApplyArgs<T> a, int64_t n) {
    if (idle(a.c)) return;
    const double size = (double)a.size, lr = *a.c.lr, relative = 1 / ::sqrt((double)update_number(a.c));
    const double weights = ::sqrt(a.norms[0] / size), steps = ::sqrt(a.norms[1] / size) / a.clip_threshold;
    const double alpha = (weights < a.epsilon_2 ? a.epsilon_2 : weights) * (relative < lr ? relative : lr);
    const T rate = (T)(alpha / (steps < 1 ? 1 : steps));
    if (a.r)
        for (int64_t i = 4 * first_index(); i < n; i += 4 * all_threads())
            each_of_four(a, i, n, [&](int64_t at, double row, T of_column) {
                const T u = a.g[at] / ((T)row * (T)::sqrt(of_column));
                a.p[at] = decayed(a.c, a.p[at]) - rate * u;
            });
    else
        for (int64_t i = first_index(); i < n; i += all_threads())
            a.p[i] = decayed(a.c, a.p[i]) - rate * (a.g[i] / (T)::sqrt(a.v[i]));
}

}  // namespace

#define NETLET_ADAFACTOR(T, suffix)                                                                                    \
    NETLET_CUDA_KERNEL(adafactor_sums_##suffix, AdafactorSumsArgs<T>) {                                                \
        launch<sums<T>, tile_threads>(s, (unsigned)units, 0, a);                                                       \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(adafactor_factor_##suffix, AdafactorFactorArgs<T>) {                                            \
        launch<factor<T>>(s, blocks_for(s, units), 0, a, units);                                                       \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(adafactor_mean_##suffix, AdafactorMeanArgs<T>) {                                                \
        launch<mean<T>, chunk_threads>(s, (unsigned)units, reduce_bytes<chunk_threads>, a);                            \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(adafactor_norms_##suffix, AdafactorNormsArgs<T>) {                                              \
        const unsigned blocks = (unsigned)((units + a.grain - 1) / a.grain);                                           \
        if (a.r)                                                                                                       \
            launch<norms<T, true>, chunk_threads>(s, blocks, reduce_bytes<chunk_threads>, a, units);                   \
        else                                                                                                           \
            launch<norms<T, false>, chunk_threads>(s, blocks, reduce_bytes<chunk_threads>, a, units);                  \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(adafactor_update_##suffix, AdafactorApplyArgs<T>) {                                             \
        launch<apply<T>>(s, blocks_for(s, a.r ? (units + 3) / 4 : units), 0, a, units);                                \
    }
NETLET_ADAFACTOR(float, f32)
NETLET_ADAFACTOR(double, f64)
#undef NETLET_ADAFACTOR

}  // namespace netlet::cuda
