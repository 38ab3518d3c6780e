#include <string.h>

#include "dispatch/kernel.h"
#include "ops/shape/shape_args.h"
#include "ops/shape/transpose_block.h"

namespace netlet::NETLET_ISA {

// ---- move: elements are copied as bits, so one instance serves all types of a size
template <class Bits>
NETLET_INLINE void move_tiles(const MoveArgs& a, Range r) {
    const Strided<2>& s = a.nest;
    const int last = s.rank - 1, axis = a.tile_axis;
    const int64_t columns = s.extent[last], x_column = s.stride[0][last], y_row = s.stride[1][axis];
    const int64_t tiles = (s.extent[axis] + move_tile - 1) / move_tile;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t first = unit % tiles * move_tile, left = s.extent[axis] - first;
        int64_t rest = unit / tiles, x_at = a.x_first + first, y_at = a.y_first + first * y_row;
        for (int d = last - 1; d >= 0; --d) {
            if (d == axis) continue;
            x_at += rest % s.extent[d] * s.stride[0][d];
            y_at += rest % s.extent[d] * s.stride[1][d];
            rest /= s.extent[d];
        }
        const Bits* x = static_cast<const Bits*>(a.x) + x_at;
        Bits* y = static_cast<Bits*>(a.y) + y_at;
        const int64_t rows = left < move_tile ? left : move_tile;
        using Block = TransposeBlock<Bits>;
        for (int64_t j = 0; j < columns; j += Block::width)
            for (int64_t i = 0; i < rows; i += Block::width)
                Block::move(x + i + j * x_column, x_column, y + i * y_row + j, y_row,
                            rows - i < Block::width ? rows - i : Block::width,
                            columns - j < Block::width ? columns - j : Block::width);
    }
}

// Collects n elements that are x_step apart. Steps known at compile time become shuffles.
template <int step, class Bits>
NETLET_INLINE void collect(const Bits* NETLET_RESTRICT x, Bits* NETLET_RESTRICT y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) y[i] = x[i * step];
}

template <class Bits>
NETLET_INLINE void move_as(const MoveArgs& a, Range r) {
    if (a.tile_axis >= 0) return move_tiles<Bits>(a, r);
    const int last = a.nest.rank - 1;
    const int64_t x_step = a.nest.stride[0][last], y_step = a.nest.stride[1][last];
    for_rows(a.nest, r, [&](const int64_t (&at)[2], int64_t, int64_t n) {
        const Bits* NETLET_RESTRICT x = static_cast<const Bits*>(a.x) + a.x_first + at[0];
        Bits* NETLET_RESTRICT y = static_cast<Bits*>(a.y) + a.y_first + at[1];
        if (x_step == 1 && y_step == 1) {
            if (n >= 64)
                memcpy(y, x, (size_t)n * sizeof(Bits));
            else
                for (int64_t i = 0; i < n; ++i) y[i] = x[i];
        } else if (x_step == 0 && y_step == 1) {
            const Bits value = *x;
            for (int64_t i = 0; i < n; ++i) y[i] = value;
        } else if (y_step == 1 && x_step == 2) {
            collect<2>(x, y, n);
        } else if (y_step == 1 && x_step == 3) {
            collect<3>(x, y, n);
        } else if (y_step == 1 && x_step == 4) {
            collect<4>(x, y, n);
        } else if (y_step == 1 && x_step == -1) {
            collect<-1>(x, y, n);
        } else {
            for (int64_t i = 0; i < n; ++i) y[i * y_step] = x[i * x_step];
        }
    });
}

NETLET_DEFINE_KERNEL(move, MoveArgs) {
    if (a.bytes == 4)
        move_as<uint32_t>(a, r);
    else if (a.bytes == 2)
        move_as<uint16_t>(a, r);
    else if (a.bytes == 8)
        move_as<uint64_t>(a, r);
    else
        move_as<uint8_t>(a, r);
}

template <class T>
NETLET_INLINE void move_add(const MoveAddArgs<T>& a, Range r) {
    const int last = a.nest.rank - 1;
    const int64_t x_step = a.nest.stride[0][last], y_step = a.nest.stride[1][last];
    const T scale = a.scale;
    for_rows(a.nest, r, [&](const int64_t (&at)[2], int64_t, int64_t n) {
        const T* NETLET_RESTRICT x = a.x + a.x_first + at[0];
        T* NETLET_RESTRICT y = a.y + a.y_first + at[1];
        if (!a.accumulate)
            for (int64_t i = 0; i < n; ++i) y[i * y_step] = scale * x[i * x_step];
        else if (x_step == 1 && y_step == 1)
            for (int64_t i = 0; i < n; ++i) y[i] += scale * x[i];
        else
            for (int64_t i = 0; i < n; ++i) y[i * y_step] += scale * x[i * x_step];
    });
}

NETLET_DEFINE_KERNEL(move_add_f32, MoveAddArgs<float>) { move_add(a, r); }
NETLET_DEFINE_KERNEL(move_add_f64, MoveAddArgs<double>) { move_add(a, r); }

}  // namespace netlet::NETLET_ISA
