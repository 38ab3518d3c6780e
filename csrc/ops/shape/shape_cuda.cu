// Moves of elements. A loop over the elements of the nest, whose axes are sorted by the strides of y: neighbouring
// threads write neighbouring elements, and 16 bytes at a time where x is contiguous too. A transposition goes through
// tiles of 32 x 32 elements in shared memory, so that both reading and writing touch whole sectors; rows of 33 elements
// keep the columns of a tile in different banks.
#include "ops/shape/shape_args.h"

#include "cuda/nest.h"
#include "cuda/shared.h"

namespace netlet::cuda {

inline int64_t magnitude(int64_t v) { return v < 0 ? -v : v; }

// The same nest with the strides of y falling from the outermost to the innermost axis.
inline Strided<2> sorted_by_y(Strided<2> s) {
    for (int i = 1; i < s.rank; ++i)
        for (int d = i; d > 0 && magnitude(s.stride[1][d - 1]) < magnitude(s.stride[1][d]); --d) {
            const Strided<2> old = s;
            for (int side = 0; side < 2; ++side) {
                s.extent[d - side] = old.extent[d - 1 + side];
                for (int k = 0; k < 2; ++k) s.stride[k][d - side] = old.stride[k][d - 1 + side];
            }
        }
    return s;
}
inline int64_t elements_of(const Strided<2>& s) {
    int64_t n = 1;
    for (int d = 0; d < s.rank; ++d) n *= s.extent[d];
    return n;
}

// Calls f(x offset, y offset) for each element, or for the first of each `count` elements of a row.
template <class F> __device__ inline void each_offset(const Nest<2>& nest, int64_t n, int count, F f) {
    for (int64_t i = first_index() * count; i < n; i += all_threads() * count) {
        int64_t at[2];
        offsets_of(nest, i, at);
        f(at[0], at[1]);
    }
}

template <class Bits> __device__ void move_elements(const Bits* x, Bits* y, Nest<2> nest, int64_t n) {
    constexpr int count = piece_of<Bits>;
    const bool contiguous = nest.step[0] == 1 && nest.step[1] == 1 && n % count == 0;
    if (contiguous && nest.pieces && starts_a_piece<count>(x) && starts_a_piece<count>(y))
        each_offset(nest, n, count,
                    [&](int64_t from, int64_t to) { store_piece(y + to, load_piece<count>(x + from)); });
    else
        each_offset(nest, n, 1, [&](int64_t from, int64_t to) { y[to] = x[from]; });
}

// A transposition: x is contiguous along the axis `rows`, y along the last one. `outer` are the other axes.
struct Transposition {
    Nest<2> outer;
    int64_t rows, columns, x_column, y_row, tiles_down, tiles_across, tiles;
};
constexpr int tile_pitch = move_tile + 1;

template <class Bits> __device__ void move_tiles(const Bits* x, Bits* y, Transposition t) {
    const Shared<Bits> tile = shared_array<Bits>(0, (int)move_tile * tile_pitch);
    const int lane = (int)threadIdx.x % warp, mine = (int)threadIdx.x / warp;
    for (int64_t index = blockIdx.x; index < t.tiles; index += gridDim.x) {
        const int64_t column0 = index % t.tiles_across * move_tile, rest = index / t.tiles_across;
        const int64_t row0 = rest % t.tiles_down * move_tile;
        int64_t at[2];
        offsets_of(t.outer, rest / t.tiles_down, at);
        for (int j = mine; j < move_tile; j += 256 / warp)
            if (row0 + lane < t.rows && column0 + j < t.columns)
                tile[j * tile_pitch + lane] = x[at[0] + row0 + lane + (column0 + j) * t.x_column];
        __syncthreads();
        for (int j = mine; j < move_tile; j += 256 / warp)
            if (row0 + j < t.rows && column0 + lane < t.columns)
                y[at[1] + (row0 + j) * t.y_row + column0 + lane] = tile[lane * tile_pitch + j];
        __syncthreads();
    }
}

template <class Bits> inline void move_as(const MoveArgs& a, Stream& s) {
    const Bits* x = static_cast<const Bits*>(a.x) + a.x_first;
    Bits* y = static_cast<Bits*>(a.y) + a.y_first;
    const int64_t n = elements_of(a.nest);
    if (n == 0) return;
    if (a.tile_axis < 0) {
        const Nest<2> nest = nest_of(sorted_by_y(a.nest), piece_of<Bits>);
        return launch<move_elements<Bits>>(s, blocks_for_pieces<Bits>(s, n), 0, x, y, nest, n);
    }
    const int last = a.nest.rank - 1;
    Strided<2> outer{};
    for (int d = 0; d < last; ++d)
        if (d != a.tile_axis) push_axis(outer, a.nest.extent[d], {a.nest.stride[0][d], a.nest.stride[1][d]});
    finish_axes(outer);
    Transposition t{};
    t.outer = nest_of(outer);
    t.rows = a.nest.extent[a.tile_axis];
    t.columns = a.nest.extent[last];
    t.x_column = a.nest.stride[0][last];
    t.y_row = a.nest.stride[1][a.tile_axis];
    t.tiles_down = (t.rows + move_tile - 1) / move_tile;
    t.tiles_across = (t.columns + move_tile - 1) / move_tile;
    t.tiles = t.tiles_down * t.tiles_across * elements_of(outer);
    const int64_t most = (int64_t)s.multiprocessors * 8;
    launch<move_tiles<Bits>>(s, (unsigned)(t.tiles < most ? t.tiles : most), sizeof(Bits) * move_tile * tile_pitch, x,
                             y, t);
}
NETLET_CUDA_KERNEL(move, MoveArgs) {
    switch (a.bytes) {
        case 8: return move_as<uint64_t>(a, s);
        case 4: return move_as<uint32_t>(a, s);
        case 2: return move_as<uint16_t>(a, s);
        default: return move_as<uint8_t>(a, s);
    }
}

template <class T> __device__ void move_add(const T* x, T* y, T scale, bool accumulate, Nest<2> nest, int64_t n) {
    each_offset(nest, n, 1, [&](int64_t from, int64_t to) {
        const T v = scale * x[from];
        y[to] = accumulate ? y[to] + v : v;
    });
}
template <class T> inline void move_add_launch(const MoveAddArgs<T>& a, int64_t units, Stream& s) {
    launch<move_add<T>>(s, blocks_for(s, units), 0, a.x + a.x_first, a.y + a.y_first, a.scale, a.accumulate,
                        nest_of(sorted_by_y(a.nest)), units);
}
NETLET_CUDA_KERNEL(move_add_f32, MoveAddArgs<float>) { move_add_launch(a, units, s); }
NETLET_CUDA_KERNEL(move_add_f64, MoveAddArgs<double>) { move_add_launch(a, units, s); }

}  // namespace netlet::cuda
