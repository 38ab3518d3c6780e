// Layer and RMS normalization on a GPU. Rows of up to 4 KB have a warp each, longer ones a block of 256 threads, so that
// short rows need no barrier. A thread keeps its first numbers in registers: memory sees one read of rows up to 8 KB, and
// these loads do not wait for each other. Sums are computed in T over at most 32 numbers of a
// thread, then in double.
//
// Backward is two launches. dx has the structure of the forward pass. dgamma and dbeta sum columns: a block has 32
// columns of one block of rows, a warp reads 32 adjacent numbers; what the first launch read comes from the L2 cache.
#include "cuda/index_math.h"
#include "cuda/reduce.h"
#include "ops/norm/norm_args.h"

namespace netlet::cuda {

namespace {

constexpr int threads = 256, columns = 32;

__device__ inline float fused(float a, float b, float c) { return fmaf(a, b, c); }
__device__ inline double fused(double a, double b, double c) { return fma(a, b, c); }

template <int lanes> __device__ int lane_of_row() { return (int)threadIdx.x % lanes; }
template <int lanes> __device__ int64_t row_of_thread() { return first_index() / lanes; }

// The sum over the lanes of a row, in each of them.
template <int lanes> __device__ double sum_of_row(double sum) {
    if constexpr (lanes == warp)
        return reduce_warp(sum, Plus());
    else
        return sum_block<lanes>(sum);
}

// Calls f(k, i) for the numbers i = lane, lane + lanes, ... below C, k = 0, 1, ...; for the first `kept`, in registers, in
// an unrolled loop, and next() after 32 of them.
template <int lanes, int kept, class F, class Next>
__device__ void each_kept(int64_t C, const F& f, const Next& next) {
    const int64_t lane = lane_of_row<lanes>();
#pragma unroll
    for (int k = 0; k < kept; ++k)
        if (lane + (int64_t)k * lanes < C) f(k, lane + (int64_t)k * lanes);
    next();
    int count = 0;
    for (int64_t i = lane + (int64_t)kept * lanes; i < C; i += lanes) {
        f(kept, i);
        if (++count % 32 == 0) next();
    }
    next();
}

// The numbers of a row that a thread has.
template <class T, int lanes, int kept> struct RowNumbers {
    const T* x;
    T v[kept];
    __device__ RowNumbers(const T* row, int64_t C) : x(row) {
        const int64_t lane = lane_of_row<lanes>();
#pragma unroll
        for (int k = 0; k < kept; ++k) v[k] = lane + (int64_t)k * lanes < C ? x[lane + (int64_t)k * lanes] : T(0);
    }
    __device__ T at(int k, int64_t i) const { return k < kept ? v[k] : x[i]; }
};

template <class T, int lanes, int kept> __device__ void rows_fwd(NormRowsArgs<T> a, int64_t R) {
    const int64_t row = row_of_thread<lanes>(), C = a.C;
    if (row >= R) return;
    const RowNumbers<T, lanes, kept> x(a.x + row * C, C);
    const double each = 1 / (double)C;
    T centre = 0;
    double rest = 0, variance;  // of x - centre; not centred: the mean square
    {
        T recent = 0;
        double sum = 0;
        each_kept<lanes, kept>(
            C,
            [&](int k, int64_t i) {
                const T v = x.at(k, i);
                recent = a.centred ? recent + v : fused(v, v, recent);
            },
            [&] {
                sum += (double)recent;
                recent = 0;
            });
        sum = sum_of_row<lanes>(sum);
        variance = sum * each;
    }
    if (a.centred) {  // also sums the differences, which gives the error of the rounded mean
        centre = (T)variance;
        T recent = 0, recent_squares = 0;
        double sum = 0, squares = 0;
        each_kept<lanes, kept>(
            C,
            [&](int k, int64_t i) {
                const T d = x.at(k, i) - centre;
                recent += d;
                recent_squares = fused(d, d, recent_squares);
            },
            [&] {
                sum += (double)recent;
                squares += (double)recent_squares;
                recent = recent_squares = 0;
            });
        rest = sum_of_row<lanes>(sum) * each;
        variance = sum_of_row<lanes>(squares) * each - rest * rest;
        variance = variance > 0 ? variance : variance * 0;  // NaN stays
    }
    const double root = 1 / ::sqrt(variance + a.epsilon);
    const T rstd = (T)root, shift = (T)(-rest * root);
    if (a.rows && lane_of_row<lanes>() == 0) {
        a.rows[3 * row] = centre;
        a.rows[3 * row + 1] = rstd;
        a.rows[3 * row + 2] = shift;
    }
    T* y = a.y + row * C;
    each_kept<lanes, kept>(
        C,
        [&](int k, int64_t i) {
            const T v = fused(x.at(k, i) - centre, rstd, shift);
            y[i] = fused(v, a.gamma ? a.gamma[i] : T(1), a.beta ? a.beta[i] : T(0));
        },
        [] {});
}

template <class T, int lanes, int kept> __device__ void rows_bwd(NormRowsBwdArgs<T> a) {
    const int64_t row = row_of_thread<lanes>(), C = a.C;
    if (row >= a.R) return;
    const RowNumbers<T, lanes, kept> x(a.x + row * C, C), dy(a.dy + row * C, C);
    const T centre = a.rows[3 * row], rstd = a.rows[3 * row + 1], shift = a.rows[3 * row + 2];
    auto gradient = [&](int k, int64_t i) { return dy.at(k, i) * (a.gamma ? a.gamma[i] : T(1)); };
    auto normalised = [&](int k, int64_t i) { return fused(x.at(k, i) - centre, rstd, shift); };
    T recent = 0, recent_product = 0;
    double sum = 0, product = 0;
    each_kept<lanes, kept>(
        C,
        [&](int k, int64_t i) {
            const T g = gradient(k, i);
            recent += g;
            recent_product = fused(g, normalised(k, i), recent_product);
        },
        [&] {
            sum += (double)recent;
            product += (double)recent_product;
            recent = recent_product = 0;
        });
    const double each = 1 / (double)C;
    const T m1 = a.centred ? (T)(sum_of_row<lanes>(sum) * each) : T(0), m2 = (T)(sum_of_row<lanes>(product) * each);
    T* dx = a.dx + row * C;
    each_kept<lanes, kept>(
        C,
        [&](int k, int64_t i) {
            const T v = rstd * (fused(-normalised(k, i), m2, gradient(k, i)) - m1);
            dx[i] = a.accumulate ? dx[i] + v : v;
        },
        [] {});
}

// dgamma and dbeta of one block of rows.
template <class T> __device__ void column_sums(NormRowsBwdArgs<T> a) {
    constexpr int lanes = threads / columns;
    const int64_t tiles = (a.C + columns - 1) / columns, C = a.C;
    const Quotient unit = divide(blockIdx.x, tiles);
    const int64_t c = unit.rest * columns + threadIdx.x % columns, first = unit.quotient * a.block;
    const int64_t end = first + a.block < a.R ? first + a.block : a.R;
    T gamma = 0, beta = 0;
    if (c < C)
        for (int64_t row = first + threadIdx.x / columns; row < end; row += lanes) {
            const T d = a.dy[row * C + c];
            gamma =
                fused(d, fused(a.x[row * C + c] - a.rows[3 * row], a.rows[3 * row + 1], a.rows[3 * row + 2]), gamma);
            beta += d;
        }
    const Shared<T> gammas = shared_array<T>(0, threads), betas = shared_array<T>(threads * sizeof(T), threads);
    gammas[threadIdx.x] = gamma;
    betas[threadIdx.x] = beta;
    __syncthreads();
    if (threadIdx.x >= columns || c >= C) return;
    for (int other = (int)threadIdx.x + columns; other < threads; other += columns) {
        gamma += (T)gammas[other];
        beta += (T)betas[other];
    }
    if (a.dgamma) a.dgamma[unit.quotient * C + c] = gamma;
    if (a.dbeta) a.dbeta[unit.quotient * C + c] = beta;
}

unsigned blocks_of(int64_t rows, int lanes) { return (unsigned)((rows * lanes + threads - 1) / threads); }
constexpr size_t sum_bytes = threads / warp * sizeof(double);

// Numbers of a row that a lane has in registers. (With other numbers nvcc spills some of these kernels.)
template <class T> constexpr int few = sizeof(T) == 4 ? 4 : 8;
template <class T> constexpr int many = 128 / (int)sizeof(T);

template <class T> void launch_fwd(const NormRowsArgs<T>& a, int64_t R, const Stream& s) {
    const unsigned warps = blocks_of(R, warp);
    if (a.C <= few<T> * warp) return launch<rows_fwd<T, warp, few<T>>, threads>(s, warps, 0, a, R);
    if (a.C <= many<T> * warp) return launch<rows_fwd<T, warp, many<T>>, threads>(s, warps, 0, a, R);
    launch<rows_fwd<T, threads, 8>, threads>(s, (unsigned)R, sum_bytes, a, R);
}

template <class T> void launch_bwd(const NormRowsBwdArgs<T>& a, int64_t blocks, const Stream& s) {
    const unsigned warps = blocks_of(a.R, warp);
    if (a.dx && a.C <= few<T> * warp)
        launch<rows_bwd<T, warp, few<T>>, threads>(s, warps, 0, a);
    else if (a.dx && a.C <= many<T> * warp)
        launch<rows_bwd<T, warp, many<T>>, threads>(s, warps, 0, a);
    else if (a.dx)
        launch<rows_bwd<T, threads, 32 / (int)sizeof(T)>, threads>(s, (unsigned)a.R, sum_bytes, a);
    if (!a.dgamma && !a.dbeta) return;
    const int64_t tiles = (a.C + columns - 1) / columns;
    launch<column_sums<T>, threads>(s, (unsigned)(blocks * tiles), 2 * threads * sizeof(T), a);
}

}  // namespace

NETLET_CUDA_KERNEL(norm_rows_fwd_f32, NormRowsArgs<float>) { launch_fwd(a, units, s); }
NETLET_CUDA_KERNEL(norm_rows_fwd_f64, NormRowsArgs<double>) { launch_fwd(a, units, s); }
NETLET_CUDA_KERNEL(norm_rows_bwd_f32, NormRowsBwdArgs<float>) { launch_bwd(a, units, s); }
NETLET_CUDA_KERNEL(norm_rows_bwd_f64, NormRowsBwdArgs<double>) { launch_bwd(a, units, s); }

}  // namespace netlet::cuda
