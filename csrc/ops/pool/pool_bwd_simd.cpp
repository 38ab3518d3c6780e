#include "dispatch/kernel.h"
#include "ops/pool/pool_window.h"

namespace netlet::NETLET_ISA {

namespace {

// Positions count the padding before the image: u = p + before. Along an axis, u is cell u % stride + m * stride of
// window u / stride - m, for m = 0, 1, ... as long as the window has that cell.
struct Covering {
    int64_t first, count;  // the output positions first, first - 1, ..., `count` of them
    int64_t cell;          // cell number of u in window `first`; it grows by the stride for each next one
};
NETLET_INLINE Covering covering(const PoolShape& s, int axis, int64_t u) {
    int64_t o = u / s.stride[axis], cell = u % s.stride[axis];
    if (o >= s.out[axis]) {
        cell += (o - s.out[axis] + 1) * s.stride[axis];
        o = s.out[axis] - 1;
    }
    const int64_t fit = cell < s.window[axis] ? (s.window[axis] - 1 - cell) / s.stride[axis] + 1 : 0;
    return {o, fit < o + 1 ? fit : o + 1, cell};
}

// The gradient that one window sends to one of its cells, in vectors of channels.
template <class T, class Index>
struct OfMaximum {
    static constexpr bool indexed = true, usual = sizeof(Index) == 1;  // usual: may use specialized loops
    const T* dy;
    const Index* index;
    template <class Lanes>
    NETLET_MEMBER_INLINE Vec<T> get(Lanes lanes, int64_t i, T cell, T) const {
        return select(eq(load_cells(index + i, lanes.n, T()), Vec<T>::set1(cell)), lanes.load(dy + i), Vec<T>::zero());
    }
};
struct NoIndex {};
template <class T>
struct OfMean {
    static constexpr bool indexed = false, usual = true;
    const T* dy;
    const NoIndex* index;
    template <class Lanes>
    NETLET_MEMBER_INLINE Vec<T> get(Lanes lanes, int64_t i, T, T share) const {
        return lanes.load(dy + i) * Vec<T>::set1(share);
    }
};

// A line of dx, and the rows of windows that cover it: rows of dy in image `image`, positions d (axis 0), h (axis 1).
template <class T, class From>
struct Line {
    const PoolShape& s;
    T* dx;
    From from;
    int64_t image;
    Covering d, h;
    bool accumulate;
    // Calls row(offset of the row in dy, number of its windows' first cell in this line, lines of its windows inside
    // the image; 0 if indexed).
    template <class Row>
    NETLET_MEMBER_INLINE void each_row(const Row& row) const {
        for (int64_t i = 0; i < d.count; ++i)
            for (int64_t j = 0; j < h.count; ++j) {
                const int64_t od = d.first - i, oh = h.first - j;
                const int64_t cell =
                    ((d.cell + i * s.stride[0]) * s.window[1] + h.cell + j * s.stride[1]) * s.window[2];
                row(((image * s.out[0] + od) * s.out[1] + oh) * s.out[2] * s.channels, cell,
                    From::indexed ? 0 : clip(s, 0, od).cells * clip(s, 1, oh).cells);
            }
    }
};

// ---- vectors of channels, one pixel at a time -----------------------------------------------------------------------
template <class T, class From>
NETLET_INLINE void gather_pixels(const Line<T, From>& line, Range u) {
    const PoolShape& s = line.s;
    const int64_t C = s.channels;
    for (int64_t at = u.begin; at < u.end; ++at) {
        const Covering w = covering(s, 2, at);
        T* dx = line.dx + (at - s.before[2]) * C;
        each_vector<Vec<T>>({0, C}, [&](auto lanes, int64_t c) NETLET_INLINE_LAMBDA {
            Vec<T> sum = line.accumulate ? lanes.load(dx + c) : Vec<T>::zero();
            line.each_row([&](int64_t row, int64_t cell, int64_t lines) NETLET_INLINE_LAMBDA {
                for (int64_t m = 0; m < w.count; ++m) {
                    const int64_t o = w.first - m;
                    const T share = From::indexed ? T(0) : T(1) / T(lines * clip(s, 2, o).cells);
                    sum += line.from.get(lanes, row + o * C + c, T(cell + w.cell + m * s.stride[2]), share);
                }
            });
            lanes.store(sum, dx + c);
        });
    }
}

// For windows that do not overlap along the last axis, and one row of windows over the line: nothing is summed, and
// each position of dy writes `stride` pixels of dx.
template <int Window, class T, class From>
NETLET_INLINE void spread_pixels(const Line<T, From>& line, Range o) {
    const PoolShape& s = line.s;
    const int64_t C = s.channels, window = Window > 0 ? Window : s.window[2], step = Window > 0 ? Window : s.stride[2];
    line.each_row([&](int64_t row, int64_t cell, int64_t lines) NETLET_INLINE_LAMBDA {
        const T share = From::indexed ? T(0) : T(1) / T(lines * window);
        T* dx = line.dx + (o.begin * step - s.before[2]) * C;
        for (int64_t i = o.begin; i < o.end; ++i, dx += step * C) {
            for (int64_t k = 0; k < window; ++k)
                each_vector<Vec<T>>({0, C}, [&](auto lanes, int64_t c) NETLET_INLINE_LAMBDA {
                    lanes.store(line.from.get(lanes, row + i * C + c, T(cell + k), share), dx + k * C + c);
                });
            for (int64_t c = window * C; c < step * C; ++c) dx[c] = T(0);
        }
    });
}

template <class T, class From>
NETLET_INLINE void gather_line(const Line<T, From>& line, Range whole, Range u) {
    const PoolShape& s = line.s;
    if (s.window[2] > s.stride[2] || line.d.count * line.h.count != 1 || line.accumulate) return gather_pixels(line, u);
    // The windows that lie inside the image and whose stride lies inside this block.
    const Range o = common(whole, {(u.begin + s.stride[2] - 1) / s.stride[2], u.end / s.stride[2]});
    if (o.begin >= o.end) return gather_pixels(line, u);
    gather_pixels(line, {u.begin, o.begin * s.stride[2]});
    if (s.window[2] == 2 && s.stride[2] == 2)
        spread_pixels<2>(line, o);
    else
        spread_pixels<0>(line, o);
    gather_pixels(line, {o.end * s.stride[2], u.end});
}

// ---- few channels: rows of dy are copied to a buffer, then permuted to the pixels of dx -----------------------------
// `pixels` pixels are computed at a time: as many whole strides as one vector holds. `permute` gives each pixel the
// lanes of the last window that starts at or before it, and `cell` is the pixel's cell number in that window.
template <class T>
struct FewPixels {
    int64_t pixels;
    TwoSourcePermute<T> permute;
    Vec<T> cell;
    static NETLET_MEMBER_INLINE FewPixels of(const PoolShape& s) {
        const int64_t C = s.channels < Vec<T>::width ? s.channels : Vec<T>::width, step = s.stride[2];
        const int64_t pixels = Vec<T>::width / C / step * step;
        T cells[Vec<T>::width];
        for (int64_t i = 0; i < Vec<T>::width; ++i)
            cells[i] = i < pixels * C ? T(i / C % step) : T(s.window[2]);  // matches no cell
        const auto from = [&](int lane) { return lane < pixels * C ? lane / C / step * C + lane % C : 0; };
        return {pixels, TwoSourcePermute<T>(from), Vec<T>::load(cells)};
    }
};

template <class T, class From>
NETLET_INLINE void gather_few(const Line<T, From>& line, const FewPixels<T>& few, Range whole, Range u) {
    using V = Vec<T>;
    const PoolShape& s = line.s;
    const int64_t C = s.channels, step = s.stride[2];
    const int64_t covers = (s.window[2] + step - 1) / step;
    T sums[pool_room<T> + pool_slack<T>], flow[pool_room<T> + pool_slack<T>];
    T number[From::indexed ? pool_room<T> + pool_slack<T> : 1];

    const int64_t pixels = few.pixels, elements = (u.end - u.begin) * C;  // u.begin is a multiple of the stride
    const TwoSourcePermute<T>& permute = few.permute;
    const int64_t skipped = u.begin < s.before[2] ? (s.before[2] - u.begin) * C : 0;
    T* dx = line.dx + (u.begin - s.before[2]) * C;
    // If each pixel has at most one window, dx is written directly. Otherwise sums are collected in a buffer.
    const bool once = covers * line.d.count * line.h.count == 1 && skipped == 0 && !line.accumulate;
    bool first_time = true;

    const int64_t low = u.begin / step - (covers - 1), high = (u.end - 1) / step + 1;  // outputs in the buffers
    const int64_t first = low < 0 ? 0 : low, end = high < s.out[2] ? high : s.out[2];
    const int64_t before = (first - low) * C, inside = end > first ? (end - first) * C : 0;
    const int64_t after = (high - low) * C - before - inside;
    line.each_row([&](int64_t row, int64_t cell, int64_t lines) NETLET_INLINE_LAMBDA {
        const T* dy = line.from.dy + row + first * C;
        const V cells = V::set1(T(lines * s.window[2]));
        fill(flow, T(0), before);
        each_vector<V>({0, inside}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
            const V flown = lanes.load(dy + i);
            (From::indexed ? flown : flown / cells).store(flow + before + i);
            if constexpr (From::indexed)
                load_cells(line.from.index + row + first * C + i, lanes.n, T()).store(number + before + i);
        });
        fill(flow + before + inside, T(0), after);
        if constexpr (!From::indexed)
            for (int64_t o = first; o < end; ++o) {
                if (o >= whole.begin && o < whole.end) {  // skips the windows that are not clipped
                    o = whole.end - 1;
                    continue;
                }
                for (int64_t c = 0, at = (o - first) * C; c < C; ++c)
                    flow[before + at + c] = dy[at + c] / T(lines * clip(s, 2, o).cells);
            }

        for (int64_t m = 0; m < covers; ++m) {
            const V k = few.cell + V::set1(T(m * step)), wanted = k + V::set1(T(cell));
            const auto covered = lt(k, V::set1(T(s.window[2])));
            int64_t from = (covers - 1 - m) * C;
            for (int64_t i = 0; i < elements; i += pixels * C, from += pixels / step * C) {
                const V flows = permute(flow + from);
                auto taken = covered;
                if constexpr (From::indexed) taken = taken & eq(permute(number + from), wanted);
                const V flown = select(taken, flows, V::zero());
                if (!once)
                    (first_time ? flown : V::load(sums + i) + flown).store(sums + i);
                else if (elements - i >= V::width)  // lanes past the pixels are overwritten by the next vector
                    flown.store(dx + i);
                else
                    flown.store_n(dx + i, elements - i < pixels * C ? elements - i : pixels * C);
            }
            first_time = false;
        }
    });
    if (once && !first_time) return;
    if (first_time) fill(sums, T(0), elements);
    each_vector<V>({skipped, elements}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const V sum = V::load(sums + i);
        lanes.store(line.accumulate ? lanes.load(dx + i) + sum : sum, dx + i);
    });
}

template <class From, class T>
NETLET_INLINE void pool_bwd(const PoolBwdArgs<T>& a, const From& from, Range r) {
    const PoolShape& s = a.shape;
    const bool few =
        s.stride[2] * s.channels <= Vec<T>::width && few_channels<T>(s, s.block + s.window[2] + s.stride[2]);
    const FewPixels<T> pixels = FewPixels<T>::of(s);
    const Range whole = unclipped(s);
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t row = s.blocks == 1 ? unit : unit / s.blocks, plane = row / s.size[1];
        const int64_t begin = (unit - row * s.blocks) * s.block, all = s.size[2] + s.before[2];
        const int64_t end = begin + s.block < all ? begin + s.block : all;
        const int64_t image = plane / s.size[0];
        const Line<T, From> line{s,
                                 a.dx + row * s.size[2] * s.channels,
                                 from,
                                 image,
                                 covering(s, 0, plane - image * s.size[0] + s.before[0]),
                                 covering(s, 1, row - plane * s.size[1] + s.before[1]),
                                 a.accumulate};
        const Range u{begin, end}, inside{begin < s.before[2] ? s.before[2] : begin, end};
        if constexpr (!From::usual)
            gather_pixels(line, inside);
        else if (few)
            gather_few(line, pixels, whole, u);
        else
            gather_line(line, whole, inside);
    }
}

template <class T>
NETLET_INLINE void max_pool_bwd(const PoolBwdArgs<T>& a, Range r) {
    if (a.index)
        pool_bwd(a, OfMaximum<T, uint8_t>{a.dy, a.index}, r);
    else
        pool_bwd(a, OfMaximum<T, int32_t>{a.dy, a.wide_index}, r);
}

}  // namespace

NETLET_DEFINE_KERNEL(max_pool_bwd_f32, PoolBwdArgs<float>) { max_pool_bwd(a, r); }
NETLET_DEFINE_KERNEL(max_pool_bwd_f64, PoolBwdArgs<double>) { max_pool_bwd(a, r); }
NETLET_DEFINE_KERNEL(average_pool_bwd_f32, PoolBwdArgs<float>) { pool_bwd(a, OfMean<float>{a.dy, nullptr}, r); }
NETLET_DEFINE_KERNEL(average_pool_bwd_f64, PoolBwdArgs<double>) { pool_bwd(a, OfMean<double>{a.dy, nullptr}, r); }

}  // namespace netlet::NETLET_ISA
