// Layer and RMS normalization. A row stays in the cache, so memory sees one read and one write. Short rows are computed
// four at a time: the sums over one row form a chain of additions, those over several rows overlap, and gamma is loaded
// once.
#include <math.h>

#include "dispatch/kernel.h"
#include "ops/norm/norm_args.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

namespace {

constexpr int norm_rows_at_once = 4;
constexpr int64_t norm_short_row = 256;  // longer rows have several chains of their own, and are read faster one by one

// sums[k][s] = the sum s of row k. term(k, i, lanes, sums of row k) adds vector i of the row, and must add 0 for
// missing lanes. Sums are computed over blocks of 256 elements, then over 64 blocks, then over all: three short chains,
// so that the rounding error does not grow with the row. A row's sum does not depend on the rows computed beside it.
template <class V, int rows, int count, class Term>
NETLET_INLINE void row_sums(int64_t n, const Term& term, typename V::Scalar (*sums)[count]) {
    constexpr int64_t block = 256;
    V grand[rows][count], recent[rows][count];
    for (int k = 0; k < rows; ++k)
        for (int s = 0; s < count; ++s) grand[k][s] = recent[k][s] = V::zero();
    for (int64_t begin = 0; begin < n; begin += block) {
        const int64_t end = begin + block < n ? begin + block : n;
        V a[rows][count];
        for (int k = 0; k < rows; ++k)
            for (int s = 0; s < count; ++s) a[k][s] = V::zero();
        auto add = [&](int64_t i, int64_t lanes) NETLET_INLINE_LAMBDA {
            for (int k = 0; k < rows; ++k) term(k, i, lanes, a[k]);
        };
        int64_t i = begin;
        for (; i + V::width <= end; i += V::width) add(i, (int64_t)V::width);
        if (i < end) add(i, end - i);
        const bool full = (begin / block + 1) % 64 == 0;
        for (int k = 0; k < rows; ++k)
            for (int s = 0; s < count; ++s) {
                recent[k][s] += a[k][s];
                if (!full) continue;
                grand[k][s] += recent[k][s];
                recent[k][s] = V::zero();
            }
    }
    for (int k = 0; k < rows; ++k)
        for (int s = 0; s < count; ++s) sums[k][s] = reduce_add(grand[k][s] + recent[k][s]);
}

// Calls f(i, lanes) for every vector of a row.
template <class V, class F>
NETLET_INLINE void for_row(int64_t n, const F& f) {
    int64_t i = 0;
    for (; i + V::width <= n; i += V::width) f(i, (int64_t)V::width);
    if (i < n) f(i, n - i);
}

// Calls f(row, Rows<k>) with k = norm_rows_at_once, or 1 for remaining and for long rows.
template <int k> struct Rows {
    static constexpr int count = k;
};
template <class F>
NETLET_INLINE void for_rows(int64_t begin, int64_t end, int64_t C, const F& f) {
    int64_t row = begin;
    if (C <= norm_short_row)
        for (; row + norm_rows_at_once <= end; row += norm_rows_at_once) f(row, Rows<norm_rows_at_once>());
    for (; row < end; ++row) f(row, Rows<1>());
}

// v, with 0 in the lanes from n on.
template <class V>
NETLET_INLINE V present(V v, int64_t n) {
    return n == V::width ? v : select(lt(V::iota(), V::set1((typename V::Scalar)n)), v, V::zero());
}

template <class V>
NETLET_INLINE V load_or(const typename V::Scalar* p, int64_t i, int64_t lanes, V otherwise) {
    return p ? load_lanes<V>(p + i, lanes) : otherwise;
}

// x^ = (x - centre) rstd + shift
template <class T>
struct RowScale {
    T centre, rstd, shift;
};

template <class T, int rows>
NETLET_INLINE void row_scales(const T* x, int64_t C, double epsilon, bool centred, RowScale<T>* scales) {
    using V = Vec<T>;
    const double each = 1 / (double)C;
    T one[rows][1], two[rows][2];
    row_sums<V, rows, 1>(
        C,
        [&](int k, int64_t i, int64_t lanes, V* sum) NETLET_INLINE_LAMBDA {
            const V v = load_lanes<V>(x + k * C + i, lanes);
            sum[0] = centred ? sum[0] + v : fma(v, v, sum[0]);
        },
        one);
    if (!centred) {
        for (int k = 0; k < rows; ++k) scales[k] = {0, (T)(1 / ::sqrt((double)one[k][0] * each + epsilon)), 0};
        return;
    }
    V centre[rows];
    for (int k = 0; k < rows; ++k) {
        scales[k].centre = (T)((double)one[k][0] * each);
        centre[k] = V::set1(scales[k].centre);
    }
    // The second pass also sums the differences, which gives the error of the rounded mean.
    row_sums<V, rows, 2>(
        C,
        [&](int k, int64_t i, int64_t lanes, V* sum) NETLET_INLINE_LAMBDA {
            const V d = present(load_lanes<V>(x + k * C + i, lanes) - centre[k], lanes);
            sum[0] += d;
            sum[1] = fma(d, d, sum[1]);
        },
        two);
    for (int k = 0; k < rows; ++k) {
        const double rest = (double)two[k][0] * each, variance = (double)two[k][1] * each - rest * rest;
        const double rstd = 1 / ::sqrt((variance > 0 ? variance : variance * 0) + epsilon);
        scales[k].rstd = (T)rstd;
        scales[k].shift = (T)(-rest * rstd);
    }
}

template <class T>
NETLET_INLINE void rows_fwd(const NormRowsArgs<T>& a, Range r) {
    using V = Vec<T>;
    const int64_t C = a.C;
    for_rows(r.begin, r.end, C, [&](int64_t row, auto group) NETLET_INLINE_LAMBDA {
        constexpr int rows = decltype(group)::count;
        const T* x = a.x + row * C;
        T* y = a.y + row * C;
        RowScale<T> s[rows];
        row_scales<T, rows>(x, C, a.epsilon, a.centred, s);
        V centre[rows], rstd[rows], shift[rows];
        for (int k = 0; k < rows; ++k) {
            centre[k] = V::set1(s[k].centre);
            rstd[k] = V::set1(s[k].rstd);
            shift[k] = V::set1(s[k].shift);
            if (!a.rows) continue;
            a.rows[3 * (row + k)] = s[k].centre;
            a.rows[3 * (row + k) + 1] = s[k].rstd;
            a.rows[3 * (row + k) + 2] = s[k].shift;
        }
        for_row<V>(C, [&](int64_t i, int64_t lanes) NETLET_INLINE_LAMBDA {
            const V gamma = load_or(a.gamma, i, lanes, V::set1(1)), beta = load_or(a.beta, i, lanes, V::zero());
            for (int k = 0; k < rows; ++k) {
                const V v = fma(load_lanes<V>(x + k * C + i, lanes) - centre[k], rstd[k], shift[k]);
                store_lanes(fma(v, gamma, beta), y + k * C + i, lanes);
            }
        });
    });
}

template <class T>
NETLET_INLINE void rows_bwd(const NormRowsBwdArgs<T>& a, Range r) {
    using V = Vec<T>;
    const int64_t C = a.C;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t first = unit * a.block, end = first + a.block < a.R ? first + a.block : a.R;
        T *dgamma = a.dgamma ? a.dgamma + unit * C : nullptr, *dbeta = a.dbeta ? a.dbeta + unit * C : nullptr;
        for (int64_t i = 0; i < C; ++i) {
            if (dgamma) dgamma[i] = 0;
            if (dbeta) dbeta[i] = 0;
        }
        for_rows(first, end, C, [&](int64_t row, auto group) NETLET_INLINE_LAMBDA {
            constexpr int rows = decltype(group)::count;
            const T *x = a.x + row * C, *dy = a.dy + row * C;
            T* dx = a.dx ? a.dx + row * C : nullptr;
            V centre[rows], rstd[rows], shift[rows], m1[rows], m2[rows];
            for (int k = 0; k < rows; ++k) {
                centre[k] = V::set1(a.rows[3 * (row + k)]);
                rstd[k] = V::set1(a.rows[3 * (row + k) + 1]);
                shift[k] = V::set1(a.rows[3 * (row + k) + 2]);
            }
            auto xhat = [&](int k, int64_t i, int64_t lanes) NETLET_INLINE_LAMBDA {
                return fma(load_lanes<V>(x + k * C + i, lanes) - centre[k], rstd[k], shift[k]);
            };
            if (dx) {
                T sums[rows][2];
                row_sums<V, rows, 2>(
                    C,
                    [&](int k, int64_t i, int64_t lanes, V* sum) NETLET_INLINE_LAMBDA {
                        const V g = load_lanes<V>(dy + k * C + i, lanes) * load_or(a.gamma, i, lanes, V::set1(1));
                        sum[0] += g;
                        sum[1] = fma(g, xhat(k, i, lanes), sum[1]);
                    },
                    sums);
                const double each = 1 / (double)C;
                for (int k = 0; k < rows; ++k) {
                    m1[k] = V::set1(a.centred ? (T)((double)sums[k][0] * each) : T(0));
                    m2[k] = V::set1((T)((double)sums[k][1] * each));
                }
            }
            for_row<V>(C, [&](int64_t i, int64_t lanes) NETLET_INLINE_LAMBDA {
                const V gamma = load_or(a.gamma, i, lanes, V::set1(1));
                V to_gamma = dgamma ? load_lanes<V>(dgamma + i, lanes) : V::zero();
                V to_beta = dbeta ? load_lanes<V>(dbeta + i, lanes) : V::zero();
                for (int k = 0; k < rows; ++k) {
                    const V h = xhat(k, i, lanes), d = load_lanes<V>(dy + k * C + i, lanes);
                    to_gamma = fma(d, h, to_gamma);
                    to_beta += d;
                    if (!dx) continue;
                    V v = rstd[k] * (fnma(h, m2[k], d * gamma) - m1[k]);
                    if (a.accumulate) v += load_lanes<V>(dx + k * C + i, lanes);
                    store_lanes(v, dx + k * C + i, lanes);
                }
                if (dgamma) store_lanes(to_gamma, dgamma + i, lanes);
                if (dbeta) store_lanes(to_beta, dbeta + i, lanes);
            });
        });
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(norm_rows_fwd_f32, NormRowsArgs<float>) { rows_fwd(a, r); }
NETLET_DEFINE_KERNEL(norm_rows_fwd_f64, NormRowsArgs<double>) { rows_fwd(a, r); }
NETLET_DEFINE_KERNEL(norm_rows_bwd_f32, NormRowsBwdArgs<float>) { rows_bwd(a, r); }
NETLET_DEFINE_KERNEL(norm_rows_bwd_f64, NormRowsBwdArgs<double>) { rows_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
