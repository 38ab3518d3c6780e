// The statistics of columns, and the kernels that apply them to each column.
#include "dispatch/kernel.h"
#include "ops/norm/norm_args.h"
#include "simd/each_vector.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

namespace {

// Calls f(c, Vectors<k>, lanes) for strips of columns from `begin` to `end`: k = 4 or 1 whole vectors, or one vector of
// lanes <= width.
template <int k> struct Vectors {
    static constexpr int count = k;
};
template <class V, class F>
NETLET_INLINE void for_strips(int64_t begin, int64_t end, const F& f) {
    int64_t c = begin;
    for (; c + 4 * V::width <= end; c += 4 * V::width) f(c, Vectors<4>(), (int64_t)V::width);
    for (; c + V::width <= end; c += V::width) f(c, Vectors<1>(), (int64_t)V::width);
    if (c < end) f(c, Vectors<1>(), end - c);
}

// The number of rows computed per strip. With more than one strip it is 1, so that memory is read and written in order.
template <class V>
NETLET_INLINE int64_t rows_of_a_strip(int64_t C) {
    return C <= 4 * V::width ? 64 : 1;
}

struct Piece {
    int64_t o, row, rows, column, columns, at;  // at: offset of its two lines of sums
};

NETLET_INLINE Piece piece_of(const NormColumns& s, int64_t unit) {
    const int64_t tiles = (s.C + norm_tile - 1) / norm_tile, line = unit / tiles;
    Piece p;
    p.column = unit % tiles * norm_tile;
    p.columns = s.C - p.column < norm_tile ? s.C - p.column : norm_tile;
    p.o = line / s.pieces;
    p.row = line % s.pieces * s.piece;
    p.rows = s.R - p.row < s.piece ? s.R - p.row : s.piece;
    p.at = line * 2 * s.C + p.column;
    return p;
}

// ---- forward -------------------------------------------------------------------------------------------------------
// Sums of x - pivot and of (x - pivot)^2 over n rows. The pivot is the mean of the rows, rounded to T. The block is in
// the cache, so it is read twice.
template <class V, int k, class T>
NETLET_INLINE void block_moments(const T* x, int64_t stride, int64_t n, int64_t lanes, T* pivot, T* sum, T* square) {
    V p[k], s[k], q[k];
    for (int v = 0; v < k; ++v) p[v] = s[v] = q[v] = V::zero();
    for (int64_t i = 0; i < n; ++i)
        for (int v = 0; v < k; ++v) p[v] += load_lanes<V>(x + i * stride + v * V::width, lanes);
    const V each = V::set1((T)(1.0 / (double)n));
    for (int v = 0; v < k; ++v) p[v] *= each;
    for (int64_t i = 0; i < n; ++i)
        for (int v = 0; v < k; ++v) {
            const V d = load_lanes<V>(x + i * stride + v * V::width, lanes) - p[v];
            s[v] += d;
            q[v] = fma(d, d, q[v]);
        }
    for (int v = 0; v < k; ++v) {
        p[v].store(pivot + v * V::width);
        s[v].store(sum + v * V::width);
        q[v].store(square + v * V::width);
    }
}

template <class T>
NETLET_INLINE void moments_of(const NormMomentsArgs<T>& a, Range r) {
    using V = Vec<T>;
    T pivot[4 * V::width], sum[4 * V::width], square[4 * V::width];
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const Piece piece = piece_of(a.s, unit);
        double *mean = a.partial + piece.at, *m2 = mean + a.s.C;
        const T* x = a.x + (piece.o * a.s.R + piece.row) * a.s.C + piece.column;
        for (int64_t done = 0; done < piece.rows; done += norm_block) {
            const int64_t n = piece.rows - done < norm_block ? piece.rows - done : norm_block;
            const double each = 1.0 / (double)n, share = (double)n / (double)(done + n), both = (double)done * share;
            for_strips<V>(0, piece.columns, [&](int64_t c, auto vectors, int64_t lanes) NETLET_INLINE_LAMBDA {
                block_moments<V, decltype(vectors)::count>(x + done * a.s.C + c, a.s.C, n, lanes, pivot, sum, square);
                const int64_t count = decltype(vectors)::count == 1 ? lanes : decltype(vectors)::count * V::width;
                for (int64_t j = 0; j < count; ++j) {
                    const double d = (double)sum[j] * each, block_mean = (double)pivot[j] + d;
                    const double block_m2 = (double)square[j] - (double)sum[j] * d;
                    const double old_mean = done ? mean[c + j] : 0, old_m2 = done ? m2[c + j] : 0;
                    const double delta = block_mean - old_mean;
                    mean[c + j] = old_mean + delta * share;
                    m2[c + j] = old_m2 + (block_m2 > 0 ? block_m2 : block_m2 * 0) + delta * delta * both;
                }
            });
        }
    }
}

// linear, relu and relu6 as one clip to (low, high).
template <class V> struct Bounds {
    V low, high;
    NETLET_MEMBER_INLINE explicit Bounds(Activation act) {
        using T = typename V::Scalar;
        low = V::set1(act == Activation::linear ? -(T)NETLET_INFINITY : 0);
        high = V::set1(act == Activation::relu6 ? 6 : (T)NETLET_INFINITY);
    }
};

// y = act((x - centre) a + b)
template <class T>
NETLET_INLINE void apply(const NormApplyArgs<T>& a, Range r) {
    using V = Vec<T>;
    const Bounds<V> bounds(a.act);
    const int64_t C = a.s.C;
    for (int64_t row = r.begin, end; row < r.end; row = end) {
        const int64_t o = row / a.s.R, of_o = (o + 1) * a.s.R;
        end = r.end - row < rows_of_a_strip<V>(C) ? r.end : row + rows_of_a_strip<V>(C);
        end = end < of_o ? end : of_o;
        const T *centre = a.columns + o * C, *scale = centre + a.s.O * C, *shift = scale + a.s.O * C;
        for_strips<V>(0, C, [&](int64_t c, auto vectors, int64_t lanes) NETLET_INLINE_LAMBDA {
            constexpr int k = decltype(vectors)::count;
            V m[k], s[k], b[k];
            for (int v = 0; v < k; ++v) {
                m[v] = load_lanes<V>(centre + c + v * V::width, lanes);
                s[v] = load_lanes<V>(scale + c + v * V::width, lanes);
                b[v] = load_lanes<V>(shift + c + v * V::width, lanes);
            }
            for (int64_t i = row; i < end; ++i)
                for (int v = 0; v < k; ++v) {
                    const int64_t at = i * C + c + v * V::width;
                    const V z = fma(load_lanes<V>(a.x + at, lanes) - m[v], s[v], b[v]);
                    store_lanes(clip(z, bounds.low, bounds.high), a.y + at, lanes);
                }
        });
    }
}

// ---- backward ------------------------------------------------------------------------------------------------------
// dz = dy act'(z), z = d a + b with d = x - centre.
template <bool activated, class V>
NETLET_INLINE V gradient_of_z(V dy, V d, V scale, V shift, const Bounds<V>& bounds) {
    if constexpr (!activated) return dy;
    const V z = fma(d, scale, shift);
    return select(gt(z, bounds.low) & lt(z, bounds.high), dy, V::zero());
}

template <bool activated, class T>
NETLET_INLINE void sums_of(const NormSumsArgs<T>& a, Range r) {
    using V = Vec<T>;
    const Bounds<V> bounds(a.act);
    T first[4 * V::width], second[4 * V::width];
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const Piece piece = piece_of(a.s, unit);
        double *s1 = a.partial + piece.at, *s2 = s1 + a.s.C;
        const int64_t C = a.s.C, from = (piece.o * a.s.R + piece.row) * C + piece.column;
        const T* centre = a.centre + piece.o * C + piece.column;
        const T *scale = centre + a.s.O * C, *shift = scale + a.s.O * C;
        for (int64_t done = 0; done < piece.rows; done += norm_block) {
            const int64_t n = piece.rows - done < norm_block ? piece.rows - done : norm_block;
            for_strips<V>(0, piece.columns, [&](int64_t c, auto vectors, int64_t lanes) NETLET_INLINE_LAMBDA {
                constexpr int k = decltype(vectors)::count;
                V m[k], ka[k], kb[k], s[k], q[k];
                for (int v = 0; v < k; ++v) {
                    m[v] = load_lanes<V>(centre + c + v * V::width, lanes);
                    if constexpr (activated) {
                        ka[v] = load_lanes<V>(scale + c + v * V::width, lanes);
                        kb[v] = load_lanes<V>(shift + c + v * V::width, lanes);
                    }
                    s[v] = q[v] = V::zero();
                }
                for (int64_t i = done; i < done + n; ++i)
                    for (int v = 0; v < k; ++v) {
                        const int64_t at = from + i * C + c + v * V::width;
                        const V d = load_lanes<V>(a.x + at, lanes) - m[v];
                        const V dy = load_lanes<V>(a.dy + at, lanes);
                        const V dz = gradient_of_z<activated>(dy, d, ka[v], kb[v], bounds);
                        s[v] += dz;
                        q[v] = fma(dz, d, q[v]);
                    }
                for (int v = 0; v < k; ++v) {
                    s[v].store(first + v * V::width);
                    q[v].store(second + v * V::width);
                }
                const int64_t count = k == 1 ? lanes : k * V::width;
                for (int64_t j = 0; j < count; ++j) {
                    s1[c + j] = (done ? s1[c + j] : 0) + (double)first[j];
                    s2[c + j] = (done ? s2[c + j] : 0) + (double)second[j];
                }
            });
        }
    }
}

// dx = dz a + (x - centre) b + c, or dz a if x is null, where act is linear
template <bool with_x, bool activated, class T>
NETLET_INLINE void apply_bwd(const NormApplyBwdArgs<T>& a, Range r) {
    using V = Vec<T>;
    const Bounds<V> bounds(a.act);
    const int64_t C = a.s.C;
    for (int64_t row = r.begin, end; row < r.end; row = end) {
        const int64_t o = row / a.s.R, of_o = (o + 1) * a.s.R;
        end = r.end - row < rows_of_a_strip<V>(C) ? r.end : row + rows_of_a_strip<V>(C);
        end = end < of_o ? end : of_o;
        const T *pa = a.columns + o * C, *pb = pa + a.s.O * C, *pc = pb + a.s.O * C;
        const T* centre = with_x ? a.centre + o * C : nullptr;
        const T *scale = with_x ? centre + a.s.O * C : nullptr, *shift = with_x ? scale + a.s.O * C : nullptr;
        for_strips<V>(0, C, [&](int64_t c, auto vectors, int64_t lanes) NETLET_INLINE_LAMBDA {
            constexpr int k = decltype(vectors)::count;
            V m[k], s[k], b[k], ka[k], kb[k], kc[k];
            for (int v = 0; v < k; ++v) {
                ka[v] = load_lanes<V>(pa + c + v * V::width, lanes);
                if constexpr (with_x) {
                    m[v] = load_lanes<V>(centre + c + v * V::width, lanes);
                    kb[v] = load_lanes<V>(pb + c + v * V::width, lanes);
                    kc[v] = load_lanes<V>(pc + c + v * V::width, lanes);
                }
                if constexpr (activated) {
                    s[v] = load_lanes<V>(scale + c + v * V::width, lanes);
                    b[v] = load_lanes<V>(shift + c + v * V::width, lanes);
                }
            }
            for (int64_t i = row; i < end; ++i)
                for (int v = 0; v < k; ++v) {
                    const int64_t at = i * C + c + v * V::width;
                    const V dy = load_lanes<V>(a.dy + at, lanes);
                    V dx;
                    if constexpr (with_x) {
                        const V d = load_lanes<V>(a.x + at, lanes) - m[v];
                        dx = fma(gradient_of_z<activated>(dy, d, s[v], b[v], bounds), ka[v], fma(d, kb[v], kc[v]));
                    } else
                        dx = dy * ka[v];
                    if (a.accumulate) dx += load_lanes<V>(a.dx + at, lanes);
                    store_lanes(dx, a.dx + at, lanes);
                }
        });
    }
}

template <class T>
NETLET_INLINE void moving_average(const MovingAverageArgs<T>& a, Range r) {
    const double m = a.momentum;
    for (int64_t i = r.begin; i < r.end; ++i) a.moving[i] = (T)((double)a.moving[i] * m + (double)a.value[i] * (1 - m));
}

// The op gives no activation in float64, so kernels for one are not compiled.
template <class T> NETLET_INLINE bool is_linear(Activation act) { return sizeof(T) == 8 || act == Activation::linear; }

}  // namespace

#define NETLET_NORM(T, suffix)                                                                                         \
    NETLET_DEFINE_KERNEL(norm_moments_##suffix, NormMomentsArgs<T>) { moments_of(a, r); }                              \
    NETLET_DEFINE_KERNEL(norm_apply_##suffix, NormApplyArgs<T>) { apply(a, r); }                                       \
    NETLET_DEFINE_KERNEL(norm_sums_##suffix, NormSumsArgs<T>) {                                                        \
        if (is_linear<T>(a.act))                                                                                       \
            sums_of<false>(a, r);                                                                                      \
        else                                                                                                           \
            sums_of<sizeof(T) == 4>(a, r);                                                                             \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(norm_apply_bwd_##suffix, NormApplyBwdArgs<T>) {                                               \
        if (!a.x)                                                                                                      \
            apply_bwd<false, false>(a, r);                                                                             \
        else if (is_linear<T>(a.act))                                                                                  \
            apply_bwd<true, false>(a, r);                                                                              \
        else                                                                                                           \
            apply_bwd<true, sizeof(T) == 4>(a, r);                                                                     \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(moving_average_##suffix, MovingAverageArgs<T>) { moving_average(a, r); }
NETLET_NORM(float, f32)
NETLET_NORM(double, f64)
#undef NETLET_NORM

}  // namespace netlet::NETLET_ISA
