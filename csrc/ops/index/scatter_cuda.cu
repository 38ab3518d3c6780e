// Writing by position on a GPU, in the order of the positions, without atomics: the bits do not depend on the schedule.
// A block has a tile of rows of the result. It reads all positions, 256 at a time, lists those that fall into its tile in
// their order, and follows the list: a thread has a column, or in narrow tables a column of every `slots`th row, and
// nobody else writes there. It loads eight updates at once, so that a row that many positions name (padding) does not
// wait for the memory once for each. Positions cost 4 bytes for each tile of 256 rows: 13 MB for 100,000 rows and 8192
// positions, from the L2 cache.
//
// scatter_along with inner > 1: a thread has a line, and a warp adjacent lines.
#include "cuda/reduce.h"
#include "ops/index/index_args.h"
#include "ops/index/read_index_cuda.h"

namespace netlet::cuda {

namespace {

constexpr int threads = 256, warps = threads / warp, at_once = 8;

template <ScatterOp op, class T> __device__ T joined(T y, T x) {
    using U = typename Wrapping<T>::type;
    if constexpr (op == ScatterOp::add) return (T)((U)y + (U)x);
    if constexpr (op == ScatterOp::multiply) return (T)((U)y * (U)x);
    if constexpr (op == ScatterOp::max) return x > y || x != x ? x : y;
    if constexpr (op == ScatterOp::min) return x < y || x != x ? x : y;
    return x;
}

// y (outer, n, inner), x (outer, k, inner); index (k,) if index_stride is 0, else (outer, k).
template <class T> struct Update {
    const T* x;
    const void* index;
    T* y;
    int64_t outer, n, k, inner, index_stride;
    DType index_dtype;
    bool clear;
    int width;             // columns of a tile, a power of two
    int tile;              // rows of a tile
    int64_t down, across;  // tiles of a sample
};

struct Match {
    int32_t row;  // of the tile
    int32_t at;   // position in these 256
};

template <ScatterOp op, class T> __device__ void update_tile(Update<T> a) {
    const Shared<int32_t> counts = shared_array<int32_t>(0, warps), rows = shared_array<int32_t>(64, threads),
                          places = shared_array<int32_t>(64 + threads * 4, threads);
    const int slots = threads / a.width, slot = (int)threadIdx.x / a.width, lane = (int)threadIdx.x % warp;
    const Quotient unit = divide(blockIdx.x, a.across), sample = divide(unit.quotient, a.down);
    const int64_t o = sample.quotient, first = sample.rest * a.tile,
                  c = unit.rest * a.width + (int)threadIdx.x % a.width;
    const int height = a.n - first < a.tile ? (int)(a.n - first) : a.tile;
    T* y = a.y + (o * a.n + first) * a.inner + c;
    const T* x = a.x + o * a.k * a.inner + c;
    const bool exists = c < a.inner;
    if (a.clear && exists)
        for (int row = slot; row < height; row += slots) y[row * a.inner] = T(0);

    for (int64_t begin = 0; begin < a.k; begin += threads) {
        const int64_t k = begin + threadIdx.x;
        int64_t row = k < a.k ? wrap_index(index_at(a.index, a.index_dtype, o * a.index_stride + k), a.n) - first : -1;
        const bool mine = row >= 0 && row < height;
        const unsigned found = __ballot_sync(all_lanes, mine);
        if (lane == 0) counts[threadIdx.x / warp] = __popc(found);
        __syncthreads();
        int before = 0, count = 0;
        for (int w = 0; w < warps; ++w) {
            if (w == (int)threadIdx.x / warp) before = count;
            count += counts[w];
        }
        if (mine) {
            const int at = before + __popc(found & ((1u << lane) - 1));
            rows[at] = (int32_t)row;
            places[at] = (int32_t)threadIdx.x;
        }
        __syncthreads();
        for (int i = 0; exists && i < count; i += at_once) {
            int row_of[at_once];
            T v[at_once];
#pragma unroll
            for (int j = 0; j < at_once; ++j) {
                row_of[j] = i + j < count ? (int)rows[i + j] : -1;
                if (row_of[j] % slots != slot) row_of[j] = -1;
                v[j] = row_of[j] >= 0 ? x[(begin + places[i + j]) * a.inner] : T(0);
            }
#pragma unroll
            for (int j = 0; j < at_once; ++j)
                if (row_of[j] >= 0) y[row_of[j] * a.inner] = joined<op>(y[row_of[j] * a.inner], v[j]);
        }
        __syncthreads();  // before the next list
    }
}

template <ScatterOp op, class T> void launch_update(Update<T> a, const Stream& s) {
    a.width = 1;
    while (a.width < threads && a.width < a.inner) a.width *= 2;
    a.across = (a.inner + a.width - 1) / a.width;
    // Small tables get small tiles: some 256 blocks, but not more than one for each 16 rows.
    a.tile = 256;
    while (a.tile > 16 && a.outer * a.across * ((a.n + a.tile - 1) / a.tile) < 256) a.tile /= 2;
    a.down = (a.n + a.tile - 1) / a.tile;
    const unsigned blocks = (unsigned)(a.outer * a.across * a.down);
    if (blocks > 0) launch<update_tile<op, T>, threads>(s, blocks, 64 + 2 * threads * 4, a);
}

template <class T> void launch_scatter_add(const ScatterAddArgs<T>& a, const Stream& s) {
    const AxisLayout& l = a.layout;
    launch_update<ScatterOp::add, T>(
        {a.dy, a.index, a.dx, l.outer, l.n, l.k, l.inner, 0, a.index_dtype, !a.accumulate, 0, 0, 0, 0}, s);
}

template <class T> void launch_scatter(const ScatterArgs<T>& a, int64_t n, const Stream& s) {
    const Update<T> u{a.x, a.row, a.y, 1, n, a.k, a.inner, 0, DType::i64, false, 0, 0, 0, 0};
    switch (a.op) {
        case ScatterOp::set: return launch_update<ScatterOp::set>(u, s);
        case ScatterOp::add: return launch_update<ScatterOp::add>(u, s);
        case ScatterOp::multiply: return launch_update<ScatterOp::multiply>(u, s);
        case ScatterOp::max: return launch_update<ScatterOp::max>(u, s);
        case ScatterOp::min: return launch_update<ScatterOp::min>(u, s);
    }
}

template <class T> __device__ void scatter_lines(ScatterAlongArgs<T> a, int64_t lines) {
    const AxisLayout& s = a.layout;
    for (int64_t line = first_index(); line < lines; line += all_threads()) {
        const Quotient at = divide(line, s.inner);
        T* dx = a.dx + at.quotient * s.n * s.inner + at.rest;
        if (!a.accumulate)
            for (int64_t j = 0; j < s.n; ++j) dx[j * s.inner] = T(0);
        for (int64_t j = 0; j < s.k; ++j) {
            const int64_t from = (at.quotient * s.k + j) * s.inner + at.rest;
            const int64_t to = wrap_index(index_at(a.index, a.index_dtype, from), s.n);
            if (to >= 0) dx[to * s.inner] += a.dy[from];
        }
    }
}

template <class T> void launch_scatter_along(const ScatterAlongArgs<T>& a, int64_t lines, const Stream& s) {
    const AxisLayout& l = a.layout;
    if (l.inner > 1) return launch<scatter_lines<T>, threads>(s, blocks_for(s, lines), 0, a, lines);
    launch_update<ScatterOp::add, T>(
        {a.dy, a.index, a.dx, l.outer, l.n, l.k, 1, l.k, a.index_dtype, !a.accumulate, 0, 0, 0, 0}, s);
}

}  // namespace

NETLET_CUDA_KERNEL(scatter_add_f32, ScatterAddArgs<float>) { launch_scatter_add(a, s); }
NETLET_CUDA_KERNEL(scatter_add_f64, ScatterAddArgs<double>) { launch_scatter_add(a, s); }
NETLET_CUDA_KERNEL(scatter_along_f32, ScatterAlongArgs<float>) { launch_scatter_along(a, units, s); }
NETLET_CUDA_KERNEL(scatter_along_f64, ScatterAlongArgs<double>) { launch_scatter_along(a, units, s); }
NETLET_CUDA_KERNEL(scatter_f32, ScatterArgs<float>) { launch_scatter(a, units, s); }
NETLET_CUDA_KERNEL(scatter_f64, ScatterArgs<double>) { launch_scatter(a, units, s); }
NETLET_CUDA_KERNEL(scatter_i32, ScatterArgs<int32_t>) { launch_scatter(a, units, s); }
NETLET_CUDA_KERNEL(scatter_i64, ScatterArgs<int64_t>) { launch_scatter(a, units, s); }

}  // namespace netlet::cuda
