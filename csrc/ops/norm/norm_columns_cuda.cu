// Statistics of columns on a GPU, and the kernels that apply them. A block of 256 threads has 32 adjacent columns and 8
// rows at a time, so a warp reads 32 adjacent numbers.
//
// Moments: a thread loads 16 of its rows at once, 16 loads that do not wait for each other. The mean of its first 16
// numbers is its pivot; sums of the differences from it and of their squares are computed in T over 16 numbers, then in
// double. A thread has few rows (gpu_piece in norm_columns.cpp), which bounds the distance between the pivot and the
// mean: of n rows, 16 at distance D make a variance of 16/n D^2 at least. Threads are joined in double (Chan et al.).
//
// Apply: a thread has one column, or 16 bytes of columns where C allows them, for several rows, so that it loads the
// coefficients once.
#include "cuda/index_math.h"
#include "cuda/shared.h"
#include "ops/norm/norm_args.h"

namespace netlet::cuda {

namespace {

constexpr int threads = 256, columns = 32, lanes = threads / columns, at_once = 16, sums_at_once = 8;
constexpr size_t sum_bytes = 3 * threads * sizeof(double);

__device__ inline float fused(float a, float b, float c) { return fmaf(a, b, c); }
__device__ inline double fused(double a, double b, double c) { return fma(a, b, c); }

// The part of a piece that a thread has: rows first, first + 8, ... below `rows` of column `column` of sample o.
struct Piece {
    int64_t o, row, rows, column, at;  // at: offset of its two sums
    bool exists;
    __device__ explicit Piece(const NormColumns& s) {
        const int64_t tiles = (s.C + columns - 1) / columns;
        const Quotient unit = divide(blockIdx.x, tiles), line = divide(unit.quotient, s.pieces);
        column = unit.rest * columns + threadIdx.x % columns;
        o = line.quotient;
        row = line.rest * s.piece;
        rows = s.R - row < s.piece ? s.R - row : s.piece;
        at = unit.quotient * 2 * s.C + column;
        exists = column < s.C;
    }
};

int64_t pieces_of(const NormColumns& s) { return s.O * s.pieces * ((s.C + columns - 1) / columns); }

struct Moments {
    double n = 0, mean = 0, m2 = 0;
};
__device__ Moments join(Moments a, Moments b) {
    if (b.n == 0) return a;
    if (a.n == 0) return b;
    const double n = a.n + b.n, delta = b.mean - a.mean, share = b.n / n;
    return {n, a.mean + delta * share, a.m2 + b.m2 + delta * delta * a.n * share};
}

template <class T> __device__ Moments moments_of_thread(const T* x, int64_t stride, int64_t n) {
    double sum = 0, square = 0;
    T pivot = 0;
    for (int64_t begin = 0; begin < n; begin += at_once) {
        const int count = n - begin < at_once ? (int)(n - begin) : at_once;
        T v[at_once];
        for (int j = 0; j < at_once; ++j) v[j] = j < count ? x[(begin + j) * stride] : T(0);
        if (begin == 0) {
            for (int j = 0; j < at_once; ++j) pivot += v[j];
            pivot *= (T)(1.0 / count);
        }
        T s = 0, q = 0;
        for (int j = 0; j < at_once; ++j) {
            const T d = j < count ? v[j] - pivot : T(0);
            s += d;
            q = fused(d, d, q);
        }
        sum += (double)s;
        square += (double)q;
    }
    if (n == 0) return {};
    const double d = sum / (double)n, m2 = square - sum * d;
    return {(double)n, (double)pivot + d, m2 > 0 ? m2 : m2 * 0};  // NaN stays
}

template <class T> __device__ void moments(NormMomentsArgs<T> a) {
    const Piece p(a.s);
    const int64_t C = a.s.C, lane = threadIdx.x / columns;
    Moments mine;
    if (p.exists && lane < p.rows)
        mine = moments_of_thread(a.x + (p.o * a.s.R + p.row + lane) * C + p.column, lanes * C,
                                 (p.rows - lane + lanes - 1) / lanes);
    constexpr int bytes = threads * sizeof(double);
    const Shared<double> n = shared_array<double>(0, threads), mean = shared_array<double>(bytes, threads),
                         m2 = shared_array<double>(2 * bytes, threads);
    for (int half = lanes / 2;; half /= 2) {
        n[threadIdx.x] = mine.n;
        mean[threadIdx.x] = mine.mean;
        m2[threadIdx.x] = mine.m2;
        __syncthreads();
        if (half == 0) break;
        const int other = (int)threadIdx.x + half * columns;
        if (lane < half) mine = join(mine, {n[other], mean[other], m2[other]});
        __syncthreads();
    }
    if (lane > 0 || !p.exists) return;
    a.partial[p.at] = mine.mean;
    a.partial[p.at + C] = mine.m2;
}

template <class T> __device__ void sums(NormSumsArgs<T> a) {
    const Piece p(a.s);
    const int64_t C = a.s.C, lane = threadIdx.x / columns;
    double sum = 0, product = 0;
    if (p.exists) {
        const T centre = a.centre[p.o * C + p.column];
        const int64_t first = (p.o * a.s.R + p.row) * C + p.column;
        for (int64_t begin = lane; begin < p.rows; begin += sums_at_once * lanes) {
            T s = 0, q = 0;
            for (int j = 0; j < sums_at_once; ++j) {
                const int64_t i = begin + j * lanes;
                const T dy = i < p.rows ? a.dy[first + i * C] : T(0);
                const T x = i < p.rows ? a.x[first + i * C] : centre;
                s += dy;
                q = fused(dy, x - centre, q);
            }
            sum += (double)s;
            product += (double)q;
        }
    }
    const Shared<double> left = shared_array<double>(0, threads),
                         right = shared_array<double>(threads * sizeof(double), threads);
    left[threadIdx.x] = sum;
    right[threadIdx.x] = product;
    __syncthreads();
    if (lane > 0 || !p.exists) return;
    for (int other = (int)threadIdx.x + columns; other < threads; other += columns) {
        sum += left[other];
        product += right[other];
    }
    a.partial[p.at] = sum;
    a.partial[p.at + C] = product;
}

// ---- apply ---------------------------------------------------------------------------------------------------------
template <class T, int w> struct alignas(w * sizeof(T)) Pack {
    T v[w];
};
template <int w, class T> __device__ Pack<T, w> load_pack(const T* p) {
    return *reinterpret_cast<const Pack<T, w>*>(p);
}
template <int w, class T> __device__ void store_pack(T* p, Pack<T, w> v) { *reinterpret_cast<Pack<T, w>*>(p) = v; }

constexpr int rows_of_thread = 8;

// A block has `width` threads side by side, a power of two, each with w columns, and the rows below them.
struct Tiling {
    int width;
    int64_t across, down;  // tiles of a sample
    int64_t blocks(const NormColumns& s) const { return s.O * across * down; }
};
Tiling tiling(const NormColumns& s, int w) {
    Tiling t{1, 0, 0};
    while (t.width < columns && t.width * w < s.C) t.width *= 2;
    t.across = (s.C + t.width * w - 1) / (t.width * w);
    const int64_t rows = threads / t.width * rows_of_thread;
    t.down = (s.R + rows - 1) / rows;
    return t;
}

// Calls body(at) with the offsets of a thread's elements, and before that load(o, c).
template <int w, class Load, class Body>
__device__ void each_row(const NormColumns& s, const Tiling& t, const Load& load, const Body& body) {
    const Quotient unit = divide(blockIdx.x, t.across), line = divide(unit.quotient, t.down);
    const int64_t c = (unit.rest * t.width + (int)threadIdx.x % t.width) * w;
    if (c >= s.C) return;
    load(line.quotient, c);
    const int rows = threads / t.width;
    int64_t row = line.rest * rows * rows_of_thread + (int)threadIdx.x / t.width;
    for (int k = 0; k < rows_of_thread && row < s.R; ++k, row += rows) body((line.quotient * s.R + row) * s.C + c);
}

template <class T, int w> __device__ void apply(NormApplyArgs<T> a, Tiling t) {
    Pack<T, w> centre, scale, shift;
    each_row<w>(
        a.s, t,
        [&](int64_t o, int64_t c) {
            const T* of_column = a.columns + o * a.s.C + c;
            centre = load_pack<w>(of_column);
            scale = load_pack<w>(of_column + a.s.O * a.s.C);
            shift = load_pack<w>(of_column + 2 * a.s.O * a.s.C);
        },
        [&](int64_t at) {
            Pack<T, w> x = load_pack<w>(a.x + at);
            for (int j = 0; j < w; ++j) x.v[j] = fused(x.v[j] - centre.v[j], scale.v[j], shift.v[j]);
            store_pack<w>(a.y + at, x);
        });
}

template <class T, int w> __device__ void apply_bwd(NormApplyBwdArgs<T> a, Tiling t) {
    Pack<T, w> ka, kb, kc, centre;
    each_row<w>(
        a.s, t,
        [&](int64_t o, int64_t c) {
            const T* of_column = a.columns + o * a.s.C + c;
            ka = load_pack<w>(of_column);
            if (!a.x) return;
            kb = load_pack<w>(of_column + a.s.O * a.s.C);
            kc = load_pack<w>(of_column + 2 * a.s.O * a.s.C);
            centre = load_pack<w>(a.centre + o * a.s.C + c);
        },
        [&](int64_t at) {
            Pack<T, w> d = load_pack<w>(a.dy + at);
            if (a.x) {
                const Pack<T, w> x = load_pack<w>(a.x + at);
                for (int j = 0; j < w; ++j)
                    d.v[j] = fused(d.v[j], ka.v[j], fused(x.v[j] - centre.v[j], kb.v[j], kc.v[j]));
            } else
                for (int j = 0; j < w; ++j) d.v[j] *= ka.v[j];
            if (a.accumulate) {
                const Pack<T, w> old = load_pack<w>(a.dx + at);
                for (int j = 0; j < w; ++j) d.v[j] += old.v[j];
            }
            store_pack<w>(a.dx + at, d);
        });
}

// Whether all are at multiples of 16 bytes; null is.
template <class... P> bool aligned(const P*... p) { return (((uint64_t)p | ...) & 15) == 0; }

template <class T> void launch_apply(const NormApplyArgs<T>& a, const Stream& s) {
    constexpr int wide = 16 / sizeof(T);
    const int w = a.s.C % wide == 0 && aligned(a.x, a.columns, a.y) ? wide : 1;
    const Tiling t = tiling(a.s, w);
    const unsigned blocks = (unsigned)t.blocks(a.s);
    w == 1 ? launch<apply<T, 1>, threads>(s, blocks, 0, a, t) : launch<apply<T, wide>, threads>(s, blocks, 0, a, t);
}
template <class T> void launch_apply_bwd(const NormApplyBwdArgs<T>& a, const Stream& s) {
    constexpr int wide = 16 / sizeof(T);
    const int w = a.s.C % wide == 0 && aligned(a.x, a.dy, a.centre, a.columns, a.dx) ? wide : 1;
    const Tiling t = tiling(a.s, w);
    const unsigned blocks = (unsigned)t.blocks(a.s);
    w == 1 ? launch<apply_bwd<T, 1>, threads>(s, blocks, 0, a, t)
           : launch<apply_bwd<T, wide>, threads>(s, blocks, 0, a, t);
}

template <class T> __device__ void moving_average(MovingAverageArgs<T> a, int64_t n) {
    const double m = a.momentum;
    for (int64_t i = first_index(); i < n; i += all_threads())
        a.moving[i] = (T)((double)a.moving[i] * m + (double)a.value[i] * (1 - m));
}

}  // namespace

#define NETLET_NORM(T, suffix)                                                                                         \
    NETLET_CUDA_KERNEL(norm_moments_##suffix, NormMomentsArgs<T>) {                                                    \
        launch<moments<T>, threads>(s, (unsigned)pieces_of(a.s), sum_bytes, a);                                        \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(norm_sums_##suffix, NormSumsArgs<T>) {                                                          \
        launch<sums<T>, threads>(s, (unsigned)pieces_of(a.s), sum_bytes, a);                                           \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(norm_apply_##suffix, NormApplyArgs<T>) { launch_apply(a, s); }                                  \
    NETLET_CUDA_KERNEL(norm_apply_bwd_##suffix, NormApplyBwdArgs<T>) { launch_apply_bwd(a, s); }                       \
    NETLET_CUDA_KERNEL(moving_average_##suffix, MovingAverageArgs<T>) {                                                \
        launch<moving_average<T>>(s, blocks_for(s, units), 0, a, units);                                               \
    }
NETLET_NORM(float, f32)
NETLET_NORM(double, f64)
#undef NETLET_NORM

}  // namespace netlet::cuda
