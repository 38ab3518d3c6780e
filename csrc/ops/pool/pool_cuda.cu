// Pooling on a GPU. Bound by memory. Forward, a thread computes a piece of channels (16 bytes, else one) of one window;
// backward, of one pixel: it gathers the windows that cover it, first to last along each axis downwards, as the CPU
// does, so that nothing is added by two threads and bits depend on shapes alone. Positions are 32-bit numbers and their
// divisions multiplications: 64-bit ones would take longer than the memory.
#include "cuda/elements.h"
#include "cuda/nest.h"
#include "cuda/vec.h"
#include "ops/pool/pool_args.h"

namespace netlet::cuda {

namespace {

struct PoolAxis {
    int32_t size, out, window, stride, before;
};
// The shape in 32-bit numbers, and what a unit is divided by: pieces of channels, then the axes of what is written.
struct PoolUnits {
    PoolAxis axis[3];
    int64_t channels, units;
    Divisor pieces, length[3], stride[3];
    bool small;
};

PoolUnits units_of(const PoolShape& s, int64_t images, bool backward, int64_t piece) {
    PoolUnits u{};
    u.channels = s.channels;
    u.pieces = divisor(s.channels / piece);
    u.units = images * (s.channels / piece);
    for (int i = 0; i < 3; ++i) {
        u.axis[i] = {(int32_t)s.size[i], (int32_t)s.out[i], (int32_t)s.window[i], (int32_t)s.stride[i],
                     (int32_t)s.before[i]};
        const int64_t length = backward ? s.size[i] : s.out[i];
        u.length[i] = divisor(length);
        u.stride[i] = divisor(s.stride[i]);
        u.units *= length;
    }
    u.small = u.units < (int64_t)1 << 31;
    return u;
}

// Where a unit is: its first channel, its position along each axis, its image.
struct PoolPlace {
    int64_t c, n;
    int32_t at[3];
};
__device__ inline PoolPlace place_of(const PoolUnits& u, int64_t unit, int piece) {
    PoolPlace p;
    int64_t rest = divide(unit, u.pieces, u.small);
    p.c = (unit - rest * u.pieces.by) * piece;
#pragma unroll
    for (int i = 2; i >= 0; --i) {
        const int64_t next = divide(rest, u.length[i], u.small);
        p.at[i] = (int32_t)(rest - next * u.length[i].by);
        rest = next;
    }
    p.n = rest;
    return p;
}

// The cells of window `o` inside the image: positions [begin, end).
struct Cells {
    int32_t start, begin, end;  // start: of the window
    __device__ int32_t count() const { return end - begin; }
};
__device__ inline Cells cells_of(const PoolAxis& a, int32_t o) {
    const int32_t start = o * a.stride - a.before, room = a.size - start;
    return {start, start < 0 ? 0 : start, start + (room < a.window ? room : a.window)};
}

struct NoIndex {};

// Of a maximum the number of its cell is saved: in `index` of type Index, unless that is NoIndex.
template <class T, int V, class Index>
__device__ void max_pool_fwd(const T* x, T* y, Index* index, PoolUnits u) {
    constexpr bool indexed = !std::is_same_v<Index, NoIndex>;
    const PoolAxis &D = u.axis[0], &H = u.axis[1], &W = u.axis[2];
    for (int64_t unit = first_index(); unit < u.units; unit += all_threads()) {
        const PoolPlace p = place_of(u, unit, V);
        const Cells d = cells_of(D, p.at[0]), h = cells_of(H, p.at[1]), w = cells_of(W, p.at[2]);
        Piece<T, V> best = {};
        int32_t cell[V] = {};
        bool first = true;
        for (int32_t i = d.begin; i < d.end; ++i)
            for (int32_t j = h.begin; j < h.end; ++j) {
                const T* from = x + (((p.n * D.size + i) * H.size + j) * W.size + w.begin) * u.channels + p.c;
                int32_t number = ((i - d.start) * H.window + j - h.start) * W.window + w.begin - w.start;
                for (int32_t k = w.begin; k < w.end; ++k, from += u.channels, ++number) {
                    const Piece<T, V> v = load_piece<V>(from);
#pragma unroll
                    for (int q = 0; q < V; ++q)
                        if (first || v.at[q] > best.at[q] || v.at[q] != v.at[q]) {  // a later NaN beats an earlier one
                            best.at[q] = v.at[q];
                            cell[q] = number;
                        }
                    first = false;
                }
            }
        store_piece(y + unit * V, best);
        if constexpr (indexed) {
            Piece<Index, V> numbers;
#pragma unroll
            for (int q = 0; q < V; ++q) numbers.at[q] = (Index)cell[q];
            store_piece(index + unit * V, numbers);
        }
    }
}

template <class T, int V>
__device__ void average_pool_fwd(const T* x, T* y, PoolUnits u) {
    const PoolAxis &D = u.axis[0], &H = u.axis[1], &W = u.axis[2];
    for (int64_t unit = first_index(); unit < u.units; unit += all_threads()) {
        const PoolPlace p = place_of(u, unit, V);
        const Cells d = cells_of(D, p.at[0]), h = cells_of(H, p.at[1]), w = cells_of(W, p.at[2]);
        Piece<T, V> sum = {};
        for (int32_t i = d.begin; i < d.end; ++i)
            for (int32_t j = h.begin; j < h.end; ++j) {
                const T* from = x + (((p.n * D.size + i) * H.size + j) * W.size + w.begin) * u.channels + p.c;
                for (int32_t k = w.begin; k < w.end; ++k, from += u.channels) {
                    const Piece<T, V> v = load_piece<V>(from);
#pragma unroll
                    for (int q = 0; q < V; ++q) sum.at[q] += v.at[q];
                }
            }
        const T cells = (T)(d.count() * h.count() * w.count());
#pragma unroll
        for (int q = 0; q < V; ++q) sum.at[q] /= cells;
        store_piece(y + unit * V, sum);
    }
}

// The last window that has position `at` of the image, and the number of its cell there. Each window before it has the
// cell that is `stride` further on.
struct Covering {
    int32_t window, cell;
};
__device__ inline Covering covering(const PoolUnits& u, int axis, int32_t at) {
    const PoolAxis& a = u.axis[axis];
    const int32_t from = at + a.before;
    int32_t o = (int32_t)divide(from, u.stride[axis], true);
    if (o >= a.out) o = a.out - 1;
    return {o, from - o * a.stride};
}

// dx of a maximum (Index) or a mean (NoIndex).
template <class T, int V, class Index>
__device__ void pool_bwd(const T* dy, const Index* index, T* dx, PoolUnits u, bool accumulate) {
    constexpr bool indexed = !std::is_same_v<Index, NoIndex>;
    const PoolAxis &D = u.axis[0], &H = u.axis[1], &W = u.axis[2];
    for (int64_t unit = first_index(); unit < u.units; unit += all_threads()) {
        const PoolPlace p = place_of(u, unit, V);
        Piece<T, V> sum = {};
        if (accumulate) sum = load_piece<V>((const T*)dx + unit * V);
        const Covering last_h = covering(u, 1, p.at[1]), last_w = covering(u, 2, p.at[2]);
        for (Covering d = covering(u, 0, p.at[0]); d.window >= 0 && d.cell < D.window; --d.window, d.cell += D.stride)
            for (Covering h = last_h; h.window >= 0 && h.cell < H.window; --h.window, h.cell += H.stride) {
                const int64_t row = (p.n * D.out + d.window) * H.out + h.window;
                const int32_t first = (d.cell * H.window + h.cell) * W.window;
                const int32_t lines = indexed ? 0 : cells_of(D, d.window).count() * cells_of(H, h.window).count();
                for (Covering w = last_w; w.window >= 0 && w.cell < W.window; --w.window, w.cell += W.stride) {
                    const int64_t at = (row * W.out + w.window) * u.channels + p.c;
                    const Piece<T, V> flow = load_piece<V>(dy + at);
                    if constexpr (indexed) {
                        const Piece<Index, V> cell = load_piece<V>(index + at);
#pragma unroll
                        for (int q = 0; q < V; ++q)
                            if ((int32_t)cell.at[q] == first + w.cell) sum.at[q] += flow.at[q];
                    } else {
                        const T share = T(1) / (T)(lines * cells_of(W, w.window).count());
#pragma unroll
                        for (int q = 0; q < V; ++q) sum.at[q] += gpu::multiplied(flow.at[q], share);
                    }
                }
            }
        store_piece(dx + unit * V, sum);
    }
}

// Calls f(piece, units) with pieces of 16 bytes, or of one element where channels are not whole pieces.
template <class T, class F>
void by_pieces(const PoolShape& s, int64_t images, bool backward, F f, const T* x, const T* y, const void* index) {
    constexpr int V = piece_of<T>;
    const bool whole = s.channels % V == 0 && starts_a_piece<V>(x) && starts_a_piece<V>(y) &&
                       reinterpret_cast<uintptr_t>(index) % 16 == 0;
    if (whole)
        f(std::integral_constant<int, V>(), units_of(s, images, backward, V));
    else
        f(std::integral_constant<int, 1>(), units_of(s, images, backward, 1));
}

// The number of images, from the units of the record (pool_args.h).
int64_t images_of(const PoolShape& s, int64_t units, bool backward) {
    const int64_t rows = units / s.blocks;
    return backward ? rows / (s.size[0] * s.size[1]) : rows / (s.out[0] * s.out[1]);
}

template <class T>
void launch_max_pool_fwd(const Stream& s, const PoolArgs<T>& a, int64_t units) {
    const int64_t images = images_of(a.shape, units, false);
    const void* index = a.index ? (const void*)a.index : a.wide_index;
    by_pieces(
        a.shape, images, false,
        [&]<int V>(std::integral_constant<int, V>, const PoolUnits& u) {
            const unsigned blocks = blocks_for(s, u.units);
            if (a.index)
                launch<max_pool_fwd<T, V, uint8_t>>(s, blocks, 0, a.x, a.y, a.index, u);
            else if (a.wide_index)
                launch<max_pool_fwd<T, V, int32_t>>(s, blocks, 0, a.x, a.y, a.wide_index, u);
            else
                launch<max_pool_fwd<T, V, NoIndex>>(s, blocks, 0, a.x, a.y, (NoIndex*)nullptr, u);
        },
        a.x, a.y, index);
}

template <class T>
void launch_average_pool_fwd(const Stream& s, const PoolArgs<T>& a, int64_t units) {
    by_pieces(
        a.shape, images_of(a.shape, units, false), false,
        [&]<int V>(std::integral_constant<int, V>, const PoolUnits& u) {
            launch<average_pool_fwd<T, V>>(s, blocks_for(s, u.units), 0, a.x, a.y, u);
        },
        a.x, a.y, nullptr);
}

template <class T>
void launch_pool_bwd(const Stream& s, const PoolBwdArgs<T>& a, int64_t units) {
    const void* index = a.index ? (const void*)a.index : a.wide_index;
    by_pieces(
        a.shape, images_of(a.shape, units, true), true,
        [&]<int V>(std::integral_constant<int, V>, const PoolUnits& u) {
            const unsigned blocks = blocks_for(s, u.units);
            if (a.index)
                launch<pool_bwd<T, V, uint8_t>>(s, blocks, 0, a.dy, a.index, a.dx, u, a.accumulate);
            else if (a.wide_index)
                launch<pool_bwd<T, V, int32_t>>(s, blocks, 0, a.dy, a.wide_index, a.dx, u, a.accumulate);
            else
                launch<pool_bwd<T, V, NoIndex>>(s, blocks, 0, a.dy, (const NoIndex*)nullptr, a.dx, u, a.accumulate);
        },
        a.dy, (const T*)a.dx, index);
}

}  // namespace

NETLET_CUDA_KERNEL(max_pool_fwd_f32, PoolArgs<float>) { launch_max_pool_fwd(s, a, units); }
NETLET_CUDA_KERNEL(max_pool_fwd_f64, PoolArgs<double>) { launch_max_pool_fwd(s, a, units); }
NETLET_CUDA_KERNEL(average_pool_fwd_f32, PoolArgs<float>) { launch_average_pool_fwd(s, a, units); }
NETLET_CUDA_KERNEL(average_pool_fwd_f64, PoolArgs<double>) { launch_average_pool_fwd(s, a, units); }
NETLET_CUDA_KERNEL(max_pool_bwd_f32, PoolBwdArgs<float>) { launch_pool_bwd(s, a, units); }
NETLET_CUDA_KERNEL(max_pool_bwd_f64, PoolBwdArgs<double>) { launch_pool_bwd(s, a, units); }
NETLET_CUDA_KERNEL(average_pool_bwd_f32, PoolBwdArgs<float>) { launch_pool_bwd(s, a, units); }
NETLET_CUDA_KERNEL(average_pool_bwd_f64, PoolBwdArgs<double>) { launch_pool_bwd(s, a, units); }

}  // namespace netlet::cuda
