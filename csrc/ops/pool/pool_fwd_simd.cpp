#include "dispatch/kernel.h"
#include "ops/pool/pool_window.h"

namespace netlet::NETLET_ISA {

namespace {

// ---- the running state of a window, in vectors of channels ----------------------------------------------------------
template <class T, class Index>
struct Maximum {
    using V = Vec<T>;
    static constexpr T nothing = -T(NETLET_INFINITY);                  // value of a cell outside the image
    static constexpr bool indexed = true, usual = sizeof(Index) == 1;  // usual: may use specialized loops
    V best, at;
    static NETLET_MEMBER_INLINE Maximum first(V x, V cell) { return {x, cell}; }
    // Adds cells in row-major order.
    NETLET_MEMBER_INLINE void add(V x, T cell) {
        const auto beats = gt(x, best) | is_nan(x);
        best = select(beats, x, best);
        at = select(beats, V::set1(cell), at);
    }
    // Adds cells in any order.
    NETLET_MEMBER_INLINE void add_any(V x, V cell) {
        const auto beats = gt(x, best) | is_nan(x) | (eq(x, best) & lt(cell, at));
        best = select(beats, x, best);
        at = select(beats, cell, at);
    }
    template <class Lanes>
    NETLET_MEMBER_INLINE void put(Lanes lanes, T* y, Index* index, int64_t i, V) const {
        lanes.store(best, y + i);
        store_cells(at, index + i, lanes.n);
    }
};

struct NoIndex {};
template <class T>
struct Maximum<T, NoIndex> {
    using V = Vec<T>;
    static constexpr T nothing = -T(NETLET_INFINITY);
    static constexpr bool indexed = false, usual = true;
    V best;
    static NETLET_MEMBER_INLINE Maximum first(V x, V) { return {x}; }
    NETLET_MEMBER_INLINE void add(V x, T) { best = select(gt(x, best) | is_nan(x), x, best); }
    NETLET_MEMBER_INLINE void add_any(V x, V) { add(x, 0); }
    template <class Lanes>
    NETLET_MEMBER_INLINE void put(Lanes lanes, T* y, NoIndex*, int64_t i, V) const {
        lanes.store(best, y + i);
    }
};

template <class T>
struct Mean {
    using V = Vec<T>;
    static constexpr T nothing = 0;
    static constexpr bool indexed = false, usual = true;
    V best;  // the sum
    static NETLET_MEMBER_INLINE Mean first(V x, V) { return {x}; }
    NETLET_MEMBER_INLINE void add(V x, T) { best = best + x; }
    NETLET_MEMBER_INLINE void add_any(V x, V) { best = best + x; }
    template <class Lanes>
    NETLET_MEMBER_INLINE void put(Lanes lanes, T* y, NoIndex*, int64_t i, V cells) const {
        lanes.store(best / cells, y + i);
    }
};

// A row of windows. x is the first line of the image that they cover; d and h clip them along the first two axes.
template <class T, class Index>
struct PoolRow {
    const PoolShape& s;
    const T* x;
    T* y;
    Index* index;
    Clip d, h;
    Range whole;  // see unclipped
};

// ---- vectors of channels, one window at a time ----------------------------------------------------------------------
// Reduces one window for one vector of channels; p is its first cell inside the image. Height x Width is the size of
// the window if it is a compile-time constant and the whole window is inside; otherwise 0 x 0.
template <class State, int Height, int Width, class Row, class Lanes, class T>
NETLET_INLINE State over_window(const Row& r, Lanes lanes, const T* p, const Clip& w) {
    using V = Vec<T>;
    const PoolShape& s = r.s;
    const int64_t C = s.channels, line = s.size[2] * C, plane = s.size[1] * line;
    if constexpr (Height > 0) {
        State state = State::first(lanes.load(p), V::zero());
        NETLET_UNROLL(3)
        for (int j = 0; j < Height; ++j) NETLET_UNROLL(3)
        for (int k = j == 0; k < Width; ++k) state.add(lanes.load(p + j * line + k * C), T(j * Width + k));
        return state;
    } else {
        const int64_t skipped = (r.d.skipped * s.window[1] + r.h.skipped) * s.window[2] + w.skipped;
        State state = State::first(lanes.load(p), V::set1(T(skipped)));
        for (int64_t i = 0; i < r.d.cells; ++i)
            for (int64_t j = 0; j < r.h.cells; ++j) {
                const int64_t cell = skipped + (i * s.window[1] + j) * s.window[2];
                const T* at = p + i * plane + j * line;
                for (int64_t k = i + j == 0; k < w.cells; ++k) state.add(lanes.load(at + k * C), T(cell + k));
            }
        return state;
    }
}

template <class State, int Height, int Width, class T, class Index>
NETLET_INLINE void pool_pixels(const PoolRow<T, Index>& r, Range o) {
    const int64_t C = r.s.channels;
    for (int64_t i = o.begin; i < o.end; ++i) {
        const Clip w = clip(r.s, 2, i);
        const T* p = r.x + w.first * C;
        const Vec<T> cells = Vec<T>::set1(T(r.d.cells * r.h.cells * w.cells));
        each_vector<Vec<T>>({0, C}, [&](auto lanes, int64_t c) NETLET_INLINE_LAMBDA {
            over_window<State, Height, Width>(r, lanes, p + c, w).put(lanes, r.y, r.index, i * C + c, cells);
        });
    }
}

// 2 x 2 and 3 x 3 windows have loops of their own, used where no window is clipped.
template <class State, class T, class Index>
NETLET_INLINE void pool_row(const PoolRow<T, Index>& r, Range o) {
    const PoolShape& s = r.s;
    const bool square = s.window[0] == 1 && s.window[1] == s.window[2] && r.h.cells == s.window[1];
    const Range inside = square && (s.window[2] == 2 || s.window[2] == 3) ? common(r.whole, o) : Range{o.end, o.end};
    pool_pixels<State, 0, 0>(r, {o.begin, inside.begin});
    if (s.window[2] == 2)
        pool_pixels<State, 2, 2>(r, inside);
    else
        pool_pixels<State, 3, 3>(r, inside);
    pool_pixels<State, 0, 0>(r, {inside.end, o.end});
}

// ---- few channels: the lines of the windows are reduced to one in a buffer, then its pixels are permuted ------------
// The number of cells of `pixels` windows from o on, for the few vectors of means that contain a clipped window.
template <class T>
NETLET_INLINE Vec<T> cells_of(const PoolShape& s, int64_t lines, int64_t o, int64_t pixels) {
    T cells[Vec<T>::width] = {};
    for (int64_t i = 0; i < pixels * s.channels; ++i) {
        const int64_t at = o + i / s.channels;
        cells[i] = T(lines * clip(s, 2, at < s.out[2] ? at : s.out[2] - 1).cells);
    }
    return Vec<T>::load(cells);
}

// `pixels` windows are computed at a time: as many as one vector holds and whose first pixels lie in two vectors of the
// buffer. `permute` picks those pixels.
template <class T>
struct FewWindows {
    int64_t pixels;
    TwoSourcePermute<T> permute;
    static NETLET_MEMBER_INLINE FewWindows of(const PoolShape& s) {
        const int64_t C = 2 * s.channels <= Vec<T>::width ? s.channels : Vec<T>::width, step = s.stride[2];
        const int64_t held = Vec<T>::width / C, reached = (2 * Vec<T>::width / C - 1) / step + 1;
        const int64_t pixels = held < reached ? held : reached;
        return {pixels,
                TwoSourcePermute<T>([&](int lane) { return lane < pixels * C ? lane / C * step * C + lane % C : 0; })};
    }
};

template <class State, class T, class Index>
NETLET_INLINE void pool_few(const PoolRow<T, Index>& r, const FewWindows<T>& windows, Range o) {
    using V = Vec<T>;
    constexpr bool indexed = State::indexed;
    const PoolShape& s = r.s;
    const int64_t C = s.channels, step = s.stride[2], line = s.size[2] * C, plane = s.size[1] * line;
    T value[pool_room<T> + pool_slack<T>], cell[indexed ? pool_room<T> + pool_slack<T> : 1];

    // Columns [start, stop) of the padded image; [first, end) of them lie inside the image.
    const int64_t start = o.begin * step - s.before[2], stop = (o.end - 1) * step - s.before[2] + s.window[2];
    const int64_t first = start < 0 ? 0 : start, end = stop < s.size[2] ? stop : s.size[2];
    const int64_t before = (first - start) * C, inside = (end - first) * C, after = (stop - end) * C;
    const T behind = T(1 << 25);  // after every real cell, so that one of those is the maximum even if all are -inf
    const T* x = r.x + first * C;
    fill(value, State::nothing, before);
    if constexpr (indexed) fill(cell, behind, before);
    each_vector<V>({0, inside}, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {
        const int64_t skipped = (r.d.skipped * s.window[1] + r.h.skipped) * s.window[2];
        State state = State::first(lanes.load(x + i), V::set1(T(skipped)));
        for (int64_t j = 0; j < r.d.cells; ++j)
            for (int64_t k = j == 0; k < r.h.cells; ++k)
                state.add(lanes.load(x + i + j * plane + k * line), T(skipped + (j * s.window[1] + k) * s.window[2]));
        state.best.store(value + before + i);
        if constexpr (indexed) state.at.store(cell + before + i);
    });
    fill(value + before + inside, State::nothing, after);
    if constexpr (indexed) fill(cell + before + inside, behind, after);

    const int64_t pixels = windows.pixels;
    const TwoSourcePermute<T>& permute = windows.permute;
    const V all = V::set1(T(r.d.cells * r.h.cells * s.window[2]));
    for (int64_t i = o.begin; i < o.end; i += pixels) {
        const int64_t at = (i - o.begin) * step * C, left = (o.end - i) * C;
        auto cells_at = [&](int64_t k) NETLET_INLINE_LAMBDA {
            if constexpr (indexed)
                return permute(cell + at + k * C) + V::set1(T(k));
            else
                return V::zero();
        };
        State state = State::first(permute(value + at), cells_at(0));
        for (int64_t k = 1; k < s.window[2]; ++k) state.add_any(permute(value + at + k * C), cells_at(k));
        const int64_t last = i + pixels < o.end ? i + pixels : o.end;
        const bool clipped = i < r.whole.begin || last > r.whole.end;
        const V cells = clipped ? cells_of<T>(s, r.d.cells * r.h.cells, i, pixels) : all;
        if (left >= V::width)  // lanes past the pixels are overwritten by the next vector
            state.put(AllLanes<V>{}, r.y, r.index, i * C, cells);
        else
            state.put(FirstLanes<V>{left < pixels * C ? left : pixels * C}, r.y, r.index, i * C, cells);
    }
}

template <class State, class T, class Index>
NETLET_INLINE void pool_fwd(const PoolArgs<T>& a, Index* index, Range r) {
    const PoolShape& s = a.shape;
    const int64_t line = s.size[2] * s.channels;
    const bool few = few_channels<T>(s, s.block * s.stride[2] + s.window[2]);
    const FewWindows<T> windows = FewWindows<T>::of(s);
    const Range whole = unclipped(s);
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t row = s.blocks == 1 ? unit : unit / s.blocks, plane = row / s.out[1], n = plane / s.out[0];
        const Clip d = clip(s, 0, plane - n * s.out[0]), h = clip(s, 1, row - plane * s.out[1]);
        const int64_t at = row * s.out[2] * s.channels, from = (unit - row * s.blocks) * s.block;
        const Range o{from, from + s.block < s.out[2] ? from + s.block : s.out[2]};
        const PoolRow<T, Index> lines{s,        a.x + ((n * s.size[0] + d.first) * s.size[1] + h.first) * line,
                                      a.y + at, index ? index + at : index,
                                      d,        h,
                                      whole};
        if constexpr (!State::usual)
            pool_pixels<State, 0, 0>(lines, o);
        else if (few)
            pool_few<State>(lines, windows, o);
        else
            pool_row<State>(lines, o);
    }
}

template <class T>
NETLET_INLINE void max_pool_fwd(const PoolArgs<T>& a, Range r) {
    if (a.index)
        pool_fwd<Maximum<T, uint8_t>>(a, a.index, r);
    else if (a.wide_index)
        pool_fwd<Maximum<T, int32_t>>(a, a.wide_index, r);
    else
        pool_fwd<Maximum<T, NoIndex>>(a, (NoIndex*)nullptr, r);
}

}  // namespace

NETLET_DEFINE_KERNEL(max_pool_fwd_f32, PoolArgs<float>) { max_pool_fwd(a, r); }
NETLET_DEFINE_KERNEL(max_pool_fwd_f64, PoolArgs<double>) { max_pool_fwd(a, r); }
NETLET_DEFINE_KERNEL(average_pool_fwd_f32, PoolArgs<float>) { pool_fwd<Mean<float>>(a, (NoIndex*)nullptr, r); }
NETLET_DEFINE_KERNEL(average_pool_fwd_f64, PoolArgs<double>) { pool_fwd<Mean<double>>(a, (NoIndex*)nullptr, r); }

}  // namespace netlet::NETLET_ISA
