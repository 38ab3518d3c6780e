// Layer and RMS normalization: a row is read while it is in the cache, so memory sees one read and one write.
#include <math.h>

#include "dispatch/kernel.h"
#include "ops/norm/norm_args.h"
#include "simd/lanes.h"

namespace netlet::NETLET_ISA {

// sums[s] = the sum over the row of the s-th number that term(i, lanes, numbers) computes; a missing lane must yield 0.
// Blocks of 256, added up by 64: three short chains, so that the rounding error does not grow with the row.
template <class V, int count, class Term>
NETLET_INLINE void row_sums(int64_t n, const Term& term, typename V::Scalar* sums) {
    constexpr int64_t w = V::width, block = 256;
    V grand[count], recent[count];
    for (int s = 0; s < count; ++s) grand[s] = recent[s] = V::zero();
    for (int64_t begin = 0; begin < n; begin += block) {
        const int64_t end = begin + block < n ? begin + block : n;
        V a[count], b[count], c[count], d[count], t[count];
        for (int s = 0; s < count; ++s) a[s] = b[s] = c[s] = d[s] = V::zero();
        int64_t i = begin;
        for (; i + 4 * w <= end; i += 4 * w) {
            term(i, w, t);
            for (int s = 0; s < count; ++s) a[s] += t[s];
            term(i + w, w, t);
            for (int s = 0; s < count; ++s) b[s] += t[s];
            term(i + 2 * w, w, t);
            for (int s = 0; s < count; ++s) c[s] += t[s];
            term(i + 3 * w, w, t);
            for (int s = 0; s < count; ++s) d[s] += t[s];
        }
        for (; i + w <= end; i += w) {
            term(i, w, t);
            for (int s = 0; s < count; ++s) a[s] += t[s];
        }
        if (i < end) {
            term(i, end - i, t);
            for (int s = 0; s < count; ++s) b[s] += t[s];
        }
        for (int s = 0; s < count; ++s) recent[s] += (a[s] + b[s]) + (c[s] + d[s]);
        if ((begin / block + 1) % 64 == 0)
            for (int s = 0; s < count; ++s) {
                grand[s] += recent[s];
                recent[s] = V::zero();
            }
    }
    for (int s = 0; s < count; ++s) sums[s] = reduce_add(grand[s] + recent[s]);
}

// f(i, lanes) for every vector of the row.
template <class V, class F>
NETLET_INLINE void for_row(int64_t n, const F& f) {
    int64_t i = 0;
    for (; i + V::width <= n; i += V::width) f(i, (int64_t)V::width);
    if (i < n) f(i, n - i);
}

// v where it is there, 0 in the lanes past n.
template <class V>
NETLET_INLINE V present(V v, int64_t n) {
    return n == V::width ? v : select(lt(V::iota(), V::set1((typename V::Scalar)n)), v, V::zero());
}

template <class T>
struct RowScale {
    T centre, rstd, shift;
};

// The second pass knows by how much the first one missed the mean: s1 / n. (Not inlined: four kernels share it.)
template <class T>
NETLET_NEVER_INLINE RowScale<T> row_scale(const T* x, int64_t C, double epsilon, bool centred) {
    using V = Vec<T>;
    T sum = 0, two[2];
    if (!centred) {
        row_sums<V, 1>(
            C,
            [&](int64_t i, int64_t k, V* t) NETLET_INLINE_LAMBDA {
                const V v = load_lanes<V>(x + i, k);
                t[0] = v * v;
            },
            two);
        return {0, (T)(1 / ::sqrt((double)two[0] / (double)C + epsilon)), 0};
    }
    row_sums<V, 1>(C, [&](int64_t i, int64_t k, V* t) NETLET_INLINE_LAMBDA { t[0] = load_lanes<V>(x + i, k); }, &sum);
    const T centre = (T)((double)sum / (double)C);
    const V m = V::set1(centre);
    row_sums<V, 2>(
        C,
        [&](int64_t i, int64_t k, V* t) NETLET_INLINE_LAMBDA {
            t[0] = present(load_lanes<V>(x + i, k) - m, k);
            t[1] = t[0] * t[0];
        },
        two);
    const double rest = (double)two[0] / (double)C, variance = (double)two[1] / (double)C - rest * rest;
    const double rstd = 1 / ::sqrt((variance > 0 ? variance : variance * 0) + epsilon);
    return {centre, (T)rstd, (T)(-rest * rstd)};
}

template <class T, bool has_gamma, bool has_beta>
NETLET_INLINE void rows_fwd(const NormRowsArgs<T>& a, Range r) {
    using V = Vec<T>;
    for (int64_t row = r.begin; row < r.end; ++row) {
        const T* x = a.x + row * a.C;
        T* y = a.y + row * a.C;
        const RowScale<T> s = row_scale(x, a.C, a.epsilon, a.centred);
        if (a.rows) {
            a.rows[3 * row] = s.centre;
            a.rows[3 * row + 1] = s.rstd;
            a.rows[3 * row + 2] = s.shift;
        }
        const V centre = V::set1(s.centre), rstd = V::set1(s.rstd), shift = V::set1(s.shift);
        for_row<V>(a.C, [&](int64_t i, int64_t k) NETLET_INLINE_LAMBDA {
            V v = fma(load_lanes<V>(x + i, k) - centre, rstd, shift);
            if constexpr (has_gamma && has_beta)
                v = fma(v, load_lanes<V>(a.gamma + i, k), load_lanes<V>(a.beta + i, k));
            else if constexpr (has_gamma)
                v = v * load_lanes<V>(a.gamma + i, k);
            else if constexpr (has_beta)
                v = v + load_lanes<V>(a.beta + i, k);
            store_lanes(v, y + i, k);
        });
    }
}

template <class T>
NETLET_INLINE void rows_fwd(const NormRowsArgs<T>& a, Range r) {
    if (a.gamma && a.beta) return rows_fwd<T, true, true>(a, r);
    if (a.gamma) return rows_fwd<T, true, false>(a, r);
    if (a.beta) return rows_fwd<T, false, true>(a, r);
    rows_fwd<T, false, false>(a, r);
}

template <class T>
NETLET_INLINE void rows_bwd(const NormRowsBwdArgs<T>& a, Range r) {
    using V = Vec<T>;
    const int64_t C = a.C;
    const V one = V::set1(1);
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t first = unit * a.block, end = first + a.block < a.R ? first + a.block : a.R;
        T *dgamma = a.dgamma ? a.dgamma + unit * C : nullptr, *dbeta = a.dbeta ? a.dbeta + unit * C : nullptr;
        for (int64_t row = first; row < end; ++row) {
            const T *x = a.x + row * C, *dy = a.dy + row * C;
            const V centre = V::set1(a.rows[3 * row]), rstd = V::set1(a.rows[3 * row + 1]),
                    shift = V::set1(a.rows[3 * row + 2]);
            auto xhat = [&](int64_t i, int64_t k)
                            NETLET_INLINE_LAMBDA { return fma(load_lanes<V>(x + i, k) - centre, rstd, shift); };
            auto g = [&](int64_t i, int64_t k) NETLET_INLINE_LAMBDA {
                const V v = load_lanes<V>(dy + i, k);
                return a.gamma ? v * load_lanes<V>(a.gamma + i, k) : v * one;
            };
            T sums[2] = {0, 0};
            if (a.dx)
                row_sums<V, 2>(
                    C,
                    [&](int64_t i, int64_t k, V* t) NETLET_INLINE_LAMBDA {
                        t[0] = g(i, k);
                        t[1] = present(t[0] * xhat(i, k), k);
                    },
                    sums);
            const V m1 = V::set1(a.centred ? (T)((double)sums[0] / (double)C) : T(0));
            const V m2 = V::set1((T)((double)sums[1] / (double)C));
            T* dx = a.dx + row * C;
            const bool begins = row == first;
            for_row<V>(C, [&](int64_t i, int64_t k) NETLET_INLINE_LAMBDA {
                const V h = xhat(i, k), d = load_lanes<V>(dy + i, k);
                if (a.dx) {
                    V v = rstd * (fnma(h, m2, g(i, k)) - m1);
                    if (a.accumulate) v += load_lanes<V>(dx + i, k);
                    store_lanes(v, dx + i, k);
                }
                if (dgamma) store_lanes(begins ? d * h : fma(d, h, load_lanes<V>(dgamma + i, k)), dgamma + i, k);
                if (dbeta) store_lanes(begins ? d : d + load_lanes<V>(dbeta + i, k), dbeta + i, k);
            });
        }
    }
}

NETLET_DEFINE_KERNEL(norm_rows_fwd_f32, NormRowsArgs<float>) { rows_fwd(a, r); }
NETLET_DEFINE_KERNEL(norm_rows_fwd_f64, NormRowsArgs<double>) { rows_fwd(a, r); }
NETLET_DEFINE_KERNEL(norm_rows_bwd_f32, NormRowsBwdArgs<float>) { rows_bwd(a, r); }
NETLET_DEFINE_KERNEL(norm_rows_bwd_f64, NormRowsBwdArgs<double>) { rows_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
