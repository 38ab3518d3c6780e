// Pooling of 8-bit codes: y[n, o, c] = the largest code of a window, or the mean of its codes, rounded half to even.
// x (N, D, H, W, C), y (N, OD, OH, OW, C), uint8 or int8. Quantization keeps the order of numbers, so the largest code
// is the code of the largest number; the mean is exact up to that rounding.
//
// A work unit is a block of one row of outputs. If the channels fill whole vectors, one output is computed at a time.
// Otherwise the lines of the windows are reduced to one in a buffer, and its pixels to outputs: the buffers have room
// behind their ends, so both steps work on whole vectors (8 channels, 2 x 2: four times as fast as partial vectors).
#include "dispatch/kernel.h"
#include "ops/pool/pool_window.h"
#include "simd/byte_vec.h"

namespace netlet::NETLET_ISA {

namespace {

// The running state of a window, for `width` channels; `Element` is what buffers hold of it.
template <bool is_signed>
struct LargestCode {
    using Element = uint8_t;
    static constexpr int width = ByteVec::width;
    ByteVec best;
    static NETLET_MEMBER_INLINE LargestCode saved(const Element* p) { return {ByteVec::load(p)}; }
    NETLET_MEMBER_INLINE void add_saved(const Element* p) { best = max_bytes<is_signed>(best, ByteVec::load(p)); }
    NETLET_MEMBER_INLINE void save(Element* p) const { best.store(p); }
    static NETLET_MEMBER_INLINE LargestCode first(const uint8_t* p, int64_t n) {
        return {n == width ? ByteVec::load(p) : ByteVec::load_n(p, n)};
    }
    NETLET_MEMBER_INLINE void add(const uint8_t* p, int64_t n) { best = max_bytes<is_signed>(best, first(p, n).best); }
    NETLET_MEMBER_INLINE void put(uint8_t* y, int64_t n, int64_t) const {
        n == width ? best.store(y) : best.store_n(y, n);
    }
};

template <bool is_signed>
struct MeanCode {
    using Element = int32_t;
    static constexpr int width = VecI::width;
    VecI sum;
    static NETLET_MEMBER_INLINE MeanCode saved(const Element* p) { return {VecI::load(p)}; }
    NETLET_MEMBER_INLINE void add_saved(const Element* p) { sum = sum + VecI::load(p); }
    NETLET_MEMBER_INLINE void save(Element* p) const { sum.store(p); }
    static NETLET_MEMBER_INLINE MeanCode first(const uint8_t* p, int64_t n) {
        if (n == width) return {is_signed ? load_i8(p) : load_u8(p)};
        return {is_signed ? load_i8_n(p, n) : load_u8_n(p, n)};
    }
    NETLET_MEMBER_INLINE void add(const uint8_t* p, int64_t n) { sum = sum + first(p, n).sum; }
    // Exact: windows of codes have at most 2^16 cells, so sums are below 2^24, and no quotient rounds to a half.
    NETLET_MEMBER_INLINE void put(uint8_t* y, int64_t n, int64_t cells) const {
        const VecI mean = to_int_trunc(round_even(to_float(sum) / Vec<float>::set1((float)cells)));
        n == width ? store_low_bytes(mean, y) : store_low_bytes_n(mean, y, n);
    }
};

// One row of outputs and the clips of its windows along the first two axes. x is the first line that they cover.
struct CodeRow {
    const PoolShape& s;
    const uint8_t* x;
    uint8_t* y;
    Clip d, h;
};

// Height x Width is the size of a whole window if it is a compile-time constant; otherwise 0 x 0.
template <class State, int Height, int Width>
NETLET_INLINE State over_window(const CodeRow& r, const uint8_t* p, int64_t n, int64_t across) {
    const int64_t C = r.s.channels, line = r.s.size[2] * C, plane = r.s.size[1] * line;
    State state = State::first(p, n);
    if constexpr (Height > 0) {
        NETLET_UNROLL(3)
        for (int j = 0; j < Height; ++j) NETLET_UNROLL(3)
        for (int k = j == 0; k < Width; ++k) state.add(p + j * line + k * C, n);
    } else {
        for (int64_t i = 0; i < r.d.cells; ++i)
            for (int64_t j = 0; j < r.h.cells; ++j)
                for (int64_t k = i + j == 0; k < across; ++k) state.add(p + i * plane + j * line + k * C, n);
    }
    return state;
}

template <class State, int Height, int Width>
NETLET_INLINE void pool_pixels(const CodeRow& r, Range o) {
    const int64_t C = r.s.channels;
    for (int64_t i = o.begin; i < o.end; ++i) {
        const Clip w = clip(r.s, 2, i);
        const uint8_t* p = r.x + w.first * C;
        const int64_t cells = r.d.cells * r.h.cells * w.cells;
        int64_t c = 0;
        for (; c + State::width <= C; c += State::width)
            over_window<State, Height, Width>(r, p + c, State::width, w.cells)
                .put(r.y + i * C + c, State::width, cells);
        if (c < C) over_window<State, Height, Width>(r, p + c, C - c, w.cells).put(r.y + i * C + c, C - c, cells);
    }
}

// ---- channels that do not fill vectors ------------------------------------------------------------------------------
constexpr int64_t buffer_size = 4096;

NETLET_INLINE void copy_codes(uint8_t* to, const uint8_t* from, int64_t n) {
    int64_t i = 0;
    for (; i + ByteVec::width <= n; i += ByteVec::width) ByteVec::load(from + i).store(to + i);
    if (i < n) ByteVec::load_n(from + i, n - i).store_n(to + i, n - i);
}

template <class State>
NETLET_INLINE void pool_buffered(const CodeRow& r, Range whole) {
    constexpr int width = State::width;
    const PoolShape& s = r.s;
    const int64_t C = s.channels, line = s.size[2] * C, plane = s.size[1] * line;
    const int64_t fits = (buffer_size / C - s.window[2]) / s.stride[2] + 1;  // outputs whose windows fit the buffer
    typename State::Element lines[buffer_size + width];
    uint8_t y[buffer_size + width];
    for (Range o{whole.begin, 0}; o.begin < whole.end; o.begin = o.end) {
        o.end = o.begin + fits < whole.end ? o.begin + fits : whole.end;
        const Clip last = clip(s, 2, o.end - 1);
        const int64_t from = clip(s, 2, o.begin).first, n = (last.first + last.cells - from) * C;
        for (int64_t e = 0; e < n; e += width) {
            const uint8_t* x = r.x + from * C + e;
            const int64_t here = n - e < width ? n - e : width;
            State state = State::first(x, here);
            for (int64_t i = 0; i < r.d.cells; ++i)
                for (int64_t j = i == 0; j < r.h.cells; ++j) state.add(x + i * plane + j * line, here);
            state.save(lines + e);
        }
        for (int64_t i = o.begin; i < o.end; ++i) {
            const Clip w = clip(s, 2, i);
            const typename State::Element* p = lines + (w.first - from) * C;
            const int64_t cells = r.d.cells * r.h.cells * w.cells;
            for (int64_t c = 0; c < C; c += width) {  // lanes past the channels are overwritten by the next output
                State state = State::saved(p + c);
                for (int64_t k = 1; k < w.cells; ++k) state.add_saved(p + c + k * C);
                state.put(y + (i - o.begin) * C + c, width, cells);
            }
        }
        copy_codes(r.y + o.begin * C, y, (o.end - o.begin) * C);
    }
}

template <class State>
NETLET_INLINE void pool_codes(const QuantizedPoolArgs& a, Range r) {
    const PoolShape& s = a.shape;
    const int64_t line = s.size[2] * s.channels;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t row = unit / s.blocks, plane = row / s.out[1], n = plane / s.out[0];
        const Clip d = clip(s, 0, plane - n * s.out[0]), h = clip(s, 1, row - plane * s.out[1]);
        const int64_t from = (unit - row * s.blocks) * s.block;
        const Range o{from, from + s.block < s.out[2] ? from + s.block : s.out[2]};
        const CodeRow lines{s, a.x + ((n * s.size[0] + d.first) * s.size[1] + h.first) * line,
                            a.y + row * s.out[2] * s.channels, d, h};
        if (s.channels % State::width != 0 && s.window[2] * s.channels <= buffer_size) {
            pool_buffered<State>(lines, o);
            continue;
        }
        // 2 x 2 and 3 x 3 windows have loops of their own, used where no window is clipped.
        const int64_t side = s.window[0] == 1 && s.window[1] == s.window[2] && h.cells == s.window[1] ? h.cells : 0;
        const Range inside = side == 2 || side == 3 ? common(unclipped(s), o) : Range{o.end, o.end};
        pool_pixels<State, 0, 0>(lines, {o.begin, inside.begin});
        if (side == 2)
            pool_pixels<State, 2, 2>(lines, inside);
        else
            pool_pixels<State, 3, 3>(lines, inside);
        pool_pixels<State, 0, 0>(lines, {inside.end, o.end});
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(quantized_max_pool, QuantizedPoolArgs) {
    a.is_signed ? pool_codes<LargestCode<true>>(a, r) : pool_codes<LargestCode<false>>(a, r);
}
NETLET_DEFINE_KERNEL(quantized_average_pool, QuantizedPoolArgs) {
    a.is_signed ? pool_codes<MeanCode<true>>(a, r) : pool_codes<MeanCode<false>>(a, r);
}

}  // namespace netlet::NETLET_ISA
