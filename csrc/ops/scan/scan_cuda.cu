// Running sums and products on a GPU. Sums of rows (inner == 1): a block has a row and scans 256 adjacent numbers at a
// time, by shuffles in each warp and then over the warps, in float64 (integers wrap around). Everything else: a thread has
// a line and walks it as the CPU does; a warp reads adjacent numbers where inner > 1. Products stay in that order: a
// product of later numbers can overflow where one of the first is 0.
#include "cuda/index_math.h"
#include "cuda/shared.h"
#include "ops/scan/scan_args.h"

namespace netlet::cuda {

namespace {

constexpr int threads = 256, warps = threads / warp;

template <class T, class S> __device__ void give(const ScanArgs<T>& a, int64_t at, S total) {
    a.y[at] = a.accumulate ? (T)((S)a.y[at] + (S)(T)total) : (T)total;
}

template <class T> __device__ void sums_of_row(ScanArgs<T> a) {
    using S = typename Total<T>::type;
    const Shared<S> totals = shared_array<S>(0, warps);
    const int64_t first = blockIdx.x * a.n;
    const int lane = (int)threadIdx.x % warp, mine = (int)threadIdx.x / warp;
    S carry = 0;
    for (int64_t begin = 0; begin < a.n; begin += threads) {
        const int64_t i = begin + threadIdx.x, at = first + (a.from_end ? a.n - 1 - i : i);
        S sum = i < a.n ? (S)a.x[at] : S(0);
        for (int step = 1; step < warp; step *= 2) {
            const S before = __shfl_up_sync(all_lanes, sum, step);
            if (lane >= step) sum += before;
        }
        if (lane == warp - 1) totals[mine] = sum;
        __syncthreads();
        S before = carry;
        for (int w = 0; w < warps; ++w) {
            if (w < mine) before += (S)totals[w];
            carry += (S)totals[w];
        }
        if (i < a.n) give(a, at, before + sum);
        __syncthreads();
    }
}

template <class T, bool product> __device__ void scan_lines(ScanArgs<T> a, int64_t lines) {
    using S = typename Total<T>::type;
    for (int64_t line = first_index(); line < lines; line += all_threads()) {
        const Quotient of = divide(line, a.inner);
        const int64_t first = of.quotient * a.n * a.inner + of.rest;
        S total = product ? S(1) : S(0);
        for (int64_t i = 0; i < a.n; ++i) {
            const int64_t at = first + (a.from_end ? a.n - 1 - i : i) * a.inner;
            total = product ? total * (S)a.x[at] : total + (S)a.x[at];
            give(a, at, total);
        }
    }
}

// The work units are tiles of columns.
int64_t lines_of(int64_t units, int64_t inner) { return units / ((inner + scan_tile - 1) / scan_tile) * inner; }

template <class T> void launch_scan(const ScanArgs<T>& a, int64_t units, const Stream& s) {
    const int64_t lines = lines_of(units, a.inner);
    if (a.op == ScanOp::product)
        launch<scan_lines<T, true>, threads>(s, blocks_for(s, lines), 0, a, lines);
    else if (a.inner > 1)
        launch<scan_lines<T, false>, threads>(s, blocks_for(s, lines), 0, a, lines);
    else
        launch<sums_of_row<T>, threads>(s, (unsigned)lines, warps * sizeof(double), a);
}

template <class T> __device__ void cumprod_bwd(CumprodBackwardArgs<T> a, int64_t lines) {
    for (int64_t line = first_index(); line < lines; line += all_threads()) {
        const Quotient of = divide(line, a.inner);
        const int64_t first = of.quotient * a.n * a.inner + of.rest;
        T state = 1;
        for (int64_t i = 0; i < a.n; ++i) {
            const int64_t at = first + i * a.inner;
            a.before[at] = state;
            state *= a.x[at];
        }
        state = 0;  // x_{i+1} s_{i+1}
        for (int64_t i = a.n; i-- > 0;) {
            const int64_t at = first + i * a.inner;
            const T sum = a.dy[at] + state, d = a.before[at] * sum;
            a.dx[at] = a.accumulate ? a.dx[at] + d : d;
            state = a.x[at] * sum;
        }
    }
}

template <class T> void launch_cumprod_bwd(const CumprodBackwardArgs<T>& a, int64_t units, const Stream& s) {
    const int64_t lines = lines_of(units, a.inner);
    launch<cumprod_bwd<T>, threads>(s, blocks_for(s, lines), 0, a, lines);
}

}  // namespace

NETLET_CUDA_KERNEL(scan_f32, ScanArgs<float>) { launch_scan(a, units, s); }
NETLET_CUDA_KERNEL(scan_f64, ScanArgs<double>) { launch_scan(a, units, s); }
NETLET_CUDA_KERNEL(scan_i32, ScanArgs<int32_t>) { launch_scan(a, units, s); }
NETLET_CUDA_KERNEL(scan_i64, ScanArgs<int64_t>) { launch_scan(a, units, s); }

NETLET_CUDA_KERNEL(cumprod_bwd_f32, CumprodBackwardArgs<float>) { launch_cumprod_bwd(a, units, s); }
NETLET_CUDA_KERNEL(cumprod_bwd_f64, CumprodBackwardArgs<double>) { launch_cumprod_bwd(a, units, s); }

}  // namespace netlet::cuda
