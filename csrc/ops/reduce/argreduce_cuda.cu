// argmax, argmin and the gradient of prod on a GPU. Rows: 1 to 32 lanes of a warp share a row, or a block has a long
// one; each lane keeps the best of its entries, and of equal ones the first, so the order of joining does not matter.
// Columns, and the lines of prod's gradient: a thread has a line, and a warp reads adjacent numbers where inner > 1.
#include "cuda/index_math.h"
#include "cuda/reduce.h"
#include "ops/reduce/prod_line.h"

namespace netlet::cuda {

namespace {

constexpr int threads = 256;
constexpr int64_t block_row = 2048;  // rows from this length on have a block each

template <class T> struct Best {
    T value;
    int32_t at;
};

// Whether v displaces `best`: it is more extreme, or a NaN beside a number.
template <bool is_max, class T> __device__ bool displaces(T v, T best) {
    return (is_max ? v > best : v < best) || (v != v && best == best);
}

template <bool is_max, class T> __device__ Best<T> join(Best<T> a, Best<T> b) {
    if (displaces<is_max>(b.value, a.value)) return b;
    if (displaces<is_max>(a.value, b.value)) return a;
    return a.at < b.at ? a : b;
}

template <bool is_max, class T> __device__ Best<T> best_of_lane(const T* x, int64_t n, int lane, int lanes) {
    Best<T> best{x[0], 0};
    for (int64_t i = lane; i < n; i += lanes) {
        const T v = x[i];
        if (displaces<is_max>(v, best.value)) best = {v, (int32_t)i};
    }
    return best;
}

template <bool is_max, class T> __device__ Best<T> best_of_lanes(Best<T> best, int lanes) {
    for (int half = lanes / 2; half > 0; half /= 2)
        best = join<is_max>(best,
                            {__shfl_xor_sync(all_lanes, best.value, half), __shfl_xor_sync(all_lanes, best.at, half)});
    return best;
}

template <bool is_max, class T> __device__ void arg_of_rows(ArgReduceArgs<T> a, int group) {
    const int64_t step = all_threads() / group;
    const int lane = (int)threadIdx.x % group;
    // Whole warps go on while one of their rows is left: all lanes take part in the shuffles.
    int64_t first_of_warp = first_index() / warp * (warp / group);
    for (int64_t row = first_index() / group; first_of_warp < a.outer; row += step, first_of_warp += step) {
        const T* x = a.x + (row < a.outer ? row : first_of_warp) * a.n;
        const Best<T> best = best_of_lanes<is_max>(best_of_lane<is_max>(x, a.n, lane, group), group);
        if (row < a.outer && lane == 0) a.y[row] = best.at;
    }
}

template <bool is_max, class T> __device__ void arg_of_long_rows(ArgReduceArgs<T> a) {
    constexpr int warps = threads / warp;
    const Shared<T> values = shared_array<T>(0, warps);
    const Shared<int32_t> places = shared_array<int32_t>(warps * 8, warps);
    for (int64_t row = blockIdx.x; row < a.outer; row += gridDim.x) {
        Best<T> best = best_of_lane<is_max>(a.x + row * a.n, a.n, (int)threadIdx.x, threads);
        best = best_of_lanes<is_max>(best, warp);
        if (threadIdx.x % warp == 0) {
            values[threadIdx.x / warp] = best.value;
            places[threadIdx.x / warp] = best.at;
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            for (int w = 1; w < warps; ++w) best = join<is_max>(best, Best<T>{values[w], places[w]});
            a.y[row] = best.at;
        }
        __syncthreads();
    }
}

template <bool is_max, class T> __device__ void arg_of_columns(ArgReduceArgs<T> a) {
    for (int64_t line = first_index(); line < a.outer * a.inner; line += all_threads()) {
        const Quotient at = divide(line, a.inner);
        const T* x = a.x + at.quotient * a.n * a.inner + at.rest;
        Best<T> best{x[0], 0};
        for (int64_t i = 1; i < a.n; ++i) {
            const T v = x[i * a.inner];
            if (displaces<is_max>(v, best.value)) best = {v, (int32_t)i};
        }
        a.y[line] = best.at;
    }
}

template <bool is_max, class T> void launch_argreduce(const ArgReduceArgs<T>& a, const Stream& s) {
    if (a.inner > 1) return launch<arg_of_columns<is_max, T>, threads>(s, blocks_for(s, a.outer * a.inner), 0, a);
    if (a.n >= block_row) {
        const int64_t most = 8 * s.multiprocessors;
        const unsigned blocks = (unsigned)(a.outer < most ? a.outer : most);
        return launch<arg_of_long_rows<is_max, T>, threads>(s, blocks, threads / warp * 12, a);
    }
    int group = 1;
    while (group < warp && 2 * group < a.n) group *= 2;
    launch<arg_of_rows<is_max, T>, threads>(s, blocks_for(s, a.outer * group), 0, a, group);
}

template <class T> void launch_argreduce(const ArgReduceArgs<T>& a, const Stream& s) {
    a.op == ReduceOp::max ? launch_argreduce<true>(a, s) : launch_argreduce<false>(a, s);
}

template <class T> __device__ void prod_bwd(ProdBackwardArgs<T> a) {
    for (int64_t line = first_index(); line < a.outer * a.inner; line += all_threads()) {
        const Quotient at = divide(line, a.inner);
        prod_line_bwd(a, at.quotient * a.n * a.inner + at.rest, line);
    }
}

}  // namespace

NETLET_CUDA_KERNEL(argreduce_f32, ArgReduceArgs<float>) { launch_argreduce(a, s); }
NETLET_CUDA_KERNEL(argreduce_f64, ArgReduceArgs<double>) { launch_argreduce(a, s); }
NETLET_CUDA_KERNEL(argreduce_i32, ArgReduceArgs<int32_t>) { launch_argreduce(a, s); }
NETLET_CUDA_KERNEL(argreduce_i64, ArgReduceArgs<int64_t>) { launch_argreduce(a, s); }

NETLET_CUDA_KERNEL(prod_bwd_f32, ProdBackwardArgs<float>) { launch<prod_bwd<float>>(s, blocks_for(s, units), 0, a); }
NETLET_CUDA_KERNEL(prod_bwd_f64, ProdBackwardArgs<double>) { launch<prod_bwd<double>>(s, blocks_for(s, units), 0, a); }

}  // namespace netlet::cuda
