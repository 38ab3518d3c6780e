// Reductions on a GPU. x (outer, n, inner), of which a piece of `piece` entries gives one result.
//   rows (inner == 1)   short pieces: 1 to 32 lanes of a warp share a piece, so that a warp reads adjacent numbers and
//                       has no idle lanes for sizes like 10; from 2048 entries on: a block, four loads in flight a thread
//   columns             a block has 32 adjacent columns and 8 rows at a time: a warp reads 32 adjacent numbers; where
//                       there are fewer columns, more rows
// A thread adds 32 entries, then joins these sums by 32, then those: the error grows by at most 96 roundings and
// n / 32^3, as in a tree. Lanes and warps are joined in a tree. Everything depends on the shape alone.
#include "cuda/index_math.h"
#include "cuda/reduce.h"
#include "ops/reduce/reduce_args.h"

namespace netlet::cuda {

namespace {

constexpr int threads = 256, columns = 32;
constexpr int64_t block_row = 2048;  // pieces of rows from this length on have a block each

__device__ inline float lowest(float) { return -__builtin_inff(); }
__device__ inline double lowest(double) { return -__builtin_inf(); }
__device__ inline int32_t lowest(int32_t) { return INT32_MIN; }
__device__ inline int64_t lowest(int64_t) { return INT64_MIN; }
__device__ inline uint8_t lowest(uint8_t) { return 0; }
__device__ inline float highest(float) { return __builtin_inff(); }
__device__ inline double highest(double) { return __builtin_inf(); }
__device__ inline int32_t highest(int32_t) { return INT32_MAX; }
__device__ inline int64_t highest(int64_t) { return INT64_MAX; }
__device__ inline uint8_t highest(uint8_t) { return 1; }

// Integers wrap around.
template <class T> struct Sum {
    static __device__ T empty() { return T(0); }
    __device__ T operator()(T a, T b) const {
        using U = typename Wrapping<T>::type;
        return (T)((U)a + (U)b);
    }
};
template <class T> struct Product {
    static __device__ T empty() { return T(1); }
    __device__ T operator()(T a, T b) const {
        using U = typename Wrapping<T>::type;
        return (T)((U)a * (U)b);
    }
};
template <class T> struct Max {
    static __device__ T empty() { return lowest(T()); }
    __device__ T operator()(T a, T b) const { return Larger()(a, b); }
};
template <class T> struct Min {
    static __device__ T empty() { return highest(T()); }
    __device__ T operator()(T a, T b) const { return Smaller()(a, b); }
};

// Joins numbers that come one by one, 32 at a time.
template <class T, class Op> struct Chain {
    T recent = Op::empty(), older = Op::empty(), oldest = Op::empty();
    int32_t count = 0;
    __device__ void add(T v) {
        recent = Op()(recent, v);
        if (++count % 32) return;
        older = Op()(older, recent);
        recent = Op::empty();
        if (count % 1024) return;
        oldest = Op()(oldest, older);
        older = Op::empty();
    }
    __device__ T total() const { return Op()(oldest, Op()(older, recent)); }
};

template <class T> __device__ void give(const ReduceArgs<T>& a, int64_t at, T y) {
    if (a.divisor != T(1)) y = (T)(y / a.divisor);
    a.y[at] = a.accumulate ? Sum<T>()(a.y[at], y) : y;
}

struct Piece {
    int64_t first, n;  // of x
};
template <class T> __device__ Piece piece_of_row(const ReduceArgs<T>& a, int64_t line) {
    const Quotient at = divide(line, a.pieces);
    const int64_t begin = at.rest * a.piece, left = a.n - begin;
    return {at.quotient * a.n + begin, left < a.piece ? left : a.piece};
}

// `group` lanes, a power of two, have one piece.
template <class T, class Op> __device__ void short_rows(ReduceArgs<T> a, int group) {
    const int64_t lines = a.outer * a.pieces, step = all_threads() / group;
    const int lane = (int)threadIdx.x % group;
    // Whole warps go on while one of their pieces is left: all lanes take part in the shuffles.
    const int64_t first_of_warp = first_index() / warp * (warp / group);
    for (int64_t line = first_index() / group, w = first_of_warp; w < lines; line += step, w += step) {
        Chain<T, Op> chain;
        if (line < lines) {
            const Piece p = piece_of_row(a, line);
            for (int64_t i = lane; i < p.n; i += group) chain.add(a.x[p.first + i]);
        }
        T y = chain.total();
        for (int half = group / 2; half > 0; half /= 2) y = Op()(y, __shfl_xor_sync(all_lanes, y, half));
        if (line < lines && lane == 0) give(a, line, y);
    }
}

template <class T, class Op> __device__ void long_rows(ReduceArgs<T> a) {
    const int64_t lines = a.outer * a.pieces;
    for (int64_t line = blockIdx.x; line < lines; line += gridDim.x) {
        const Piece p = piece_of_row(a, line);
        const T* x = a.x + p.first;
        Chain<T, Op> chain[4];
        int64_t i = threadIdx.x;
        for (; i + 3 * threads < p.n; i += 4 * threads)
            for (int j = 0; j < 4; ++j) chain[j].add(x[i + j * threads]);
        for (; i < p.n; i += threads) chain[0].add(x[i]);
        const T mine = Op()(Op()(chain[0].total(), chain[1].total()), Op()(chain[2].total(), chain[3].total()));
        const T y = reduce_block<threads>(mine, shared_array<T>(0, threads / warp), Op());
        if (threadIdx.x == 0) give(a, line, y);
    }
}

// A block has `width` columns, a power of two.
template <class T, class Op> __device__ void reduce_columns(ReduceArgs<T> a, int width) {
    const Shared<T> sums = shared_array<T>(0, threads);
    const int64_t tiles = (a.inner + width - 1) / width, units = a.outer * a.pieces * tiles;
    const int column = (int)threadIdx.x % width, row = (int)threadIdx.x / width, rows = threads / width;
    for (int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
        const Quotient at = divide(unit, tiles);
        const Quotient line = divide(at.quotient, a.pieces);
        const int64_t j = at.rest * width + column, begin = line.rest * a.piece;
        const int64_t n = a.n - begin < a.piece ? a.n - begin : a.piece;
        const T* x = a.x + (line.quotient * a.n + begin) * a.inner + j;
        Chain<T, Op> chain[2];
        if (j < a.inner) {
            int64_t i = row;
            for (; i + rows < n; i += 2 * rows) {
                const T first = x[i * a.inner], second = x[(i + rows) * a.inner];
                chain[0].add(first);
                chain[1].add(second);
            }
            if (i < n) chain[0].add(x[i * a.inner]);
        }
        sums[threadIdx.x] = Op()(chain[0].total(), chain[1].total());
        __syncthreads();
        for (int half = rows / 2; half > 0; half /= 2) {
            if (row < half) sums[threadIdx.x] = Op()((T)sums[threadIdx.x], (T)sums[threadIdx.x + half * width]);
            __syncthreads();
        }
        if (row == 0 && j < a.inner) give(a, at.quotient * a.inner + j, (T)sums[column]);
        __syncthreads();
    }
}

template <class T, class Op> void launch_reduce(const ReduceArgs<T>& a, const Stream& s) {
    const int64_t lines = a.outer * a.pieces, most = 8 * s.multiprocessors;
    auto at_most = [&](int64_t blocks) { return (unsigned)(blocks < most ? blocks : most); };
    if (a.inner > 1) {
        int width = 2;
        while (width < columns && width < a.inner) width *= 2;
        const int64_t units = lines * ((a.inner + width - 1) / width);
        return launch<reduce_columns<T, Op>, threads>(s, at_most(units), threads * sizeof(T), a, width);
    }
    if (a.piece >= block_row)
        return launch<long_rows<T, Op>, threads>(s, at_most(lines), threads / warp * sizeof(T), a);
    int group = 1;
    while (group < warp && 2 * group < a.piece) group *= 2;
    launch<short_rows<T, Op>, threads>(s, blocks_for(s, lines * group, threads), 0, a, group);
}

template <class T> void launch_reduce(const ReduceArgs<T>& a, const Stream& s) {
    switch (a.op) {
        case ReduceOp::sum: return launch_reduce<T, Sum<T>>(a, s);
        case ReduceOp::prod: return launch_reduce<T, Product<T>>(a, s);
        case ReduceOp::max: return launch_reduce<T, Max<T>>(a, s);
        case ReduceOp::min: return launch_reduce<T, Min<T>>(a, s);
    }
}

}  // namespace

NETLET_CUDA_KERNEL(reduce_f32, ReduceArgs<float>) { launch_reduce(a, s); }
NETLET_CUDA_KERNEL(reduce_f64, ReduceArgs<double>) { launch_reduce(a, s); }
NETLET_CUDA_KERNEL(reduce_i32, ReduceArgs<int32_t>) { launch_reduce(a, s); }
NETLET_CUDA_KERNEL(reduce_i64, ReduceArgs<int64_t>) { launch_reduce(a, s); }
NETLET_CUDA_KERNEL(reduce_bool, ReduceArgs<uint8_t>) { launch_reduce(a, s); }

}  // namespace netlet::cuda
