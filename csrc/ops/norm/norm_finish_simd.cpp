// From the sums of the pieces to the statistics of a group and the coefficients of its columns. Computed in double:
// there are few numbers, and they hold digits that T would lose.
#include <math.h>

#include "dispatch/kernel.h"
#include "ops/norm/norm_args.h"

namespace netlet::NETLET_ISA {

namespace {

// Calls f(sums, rows, channel) for each pair of sums of group g of sample o: sums[0] and sums[C].
template <class F>
NETLET_INLINE void for_sums(const NormColumns& s, const double* partial, int64_t o, int64_t g, const F& f) {
    const int64_t D = s.D(), channels = s.channels();
    for (int64_t p = 0; p < s.pieces; ++p) {
        const int64_t left = s.R - p * s.piece, rows = left < s.piece ? left : s.piece;
        const double* line = partial + (o * s.pieces + p) * 2 * s.C;
        for (int64_t fold = 0; fold < s.fold; ++fold)
            for (int64_t c = g * D; c < (g + 1) * D; ++c) f(line + fold * channels + c, rows, c);
    }
}

struct Moments {
    double mean, variance;
};

NETLET_INLINE Moments join(const NormColumns& s, const double* partial, int64_t o, int64_t g) {
    const double n = (double)(s.R * s.fold * s.D());
    double mean = 0, m2 = 0;
    if (n == 0) return {0, 0};  // an empty batch
    for_sums(s, partial, o, g, [&](const double* sums, int64_t rows, int64_t) { mean += sums[0] * (double)rows; });
    mean /= n;
    for_sums(s, partial, o, g, [&](const double* sums, int64_t rows, int64_t) {
        const double d = sums[0] - mean;
        m2 += sums[s.C] + d * d * (double)rows;
    });
    return {mean, m2 / n};
}

template <class T>
NETLET_INLINE void finish(const NormFinishArgs<T>& a, Range r) {
    const NormColumns& s = a.s;
    const int64_t D = s.D(), channels = s.channels(), next = s.O * s.C;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t o = unit / s.groups, g = unit % s.groups;
        Moments m;
        if (a.partial)
            m = join(s, a.partial, o, g);
        else
            m = {(double)a.given_mean[g], (double)a.given_variance[g]};
        const double rstd = 1 / ::sqrt(m.variance + a.epsilon);
        const T centre = (T)m.mean;
        if (a.mean) a.mean[unit] = centre;
        if (a.variance) a.variance[unit] = (T)m.variance;
        a.moment[2 * unit] = m.mean;
        a.moment[2 * unit + 1] = rstd;
        for (int64_t c = g * D; c < (g + 1) * D; ++c) {
            const double scale = a.gamma ? rstd * (double)a.gamma[c] : rstd;
            const double shift = (a.beta ? (double)a.beta[c] : 0) - (m.mean - (double)centre) * scale;
            for (int64_t fold = 0; fold < s.fold; ++fold) {
                T* column = a.columns + o * s.C + fold * channels + c;
                column[0] = centre;
                column[next] = (T)scale;
                column[2 * next] = (T)shift;
            }
        }
    }
}

template <class T>
NETLET_INLINE void give(T* to, int64_t at, double value, bool add) {
    if (to) to[at] = (T)(add ? (double)to[at] + value : value);
}

// Sums each channel over pieces and folds: of dy, and of dy x^.
template <class T>
NETLET_INLINE void finish_bwd(const NormFinishBwdArgs<T>& a, Range r) {
    const NormColumns& s = a.s;
    const int64_t D = s.D(), channels = s.channels(), next = s.O * s.C;
    const double n = (double)(s.R * s.fold * D);
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t o = unit / s.groups, g = unit % s.groups;
        const double mean = a.moment[2 * unit], rstd = a.moment[2 * unit + 1], rest = mean - (double)(T)mean;
        double of_g = 0, of_gx = 0;
        for (int64_t c = g * D; c < (g + 1) * D; ++c) {
            double sum = 0, product = 0;
            for (int64_t p = 0; p < s.pieces; ++p)
                for (int64_t fold = 0; fold < s.fold; ++fold) {
                    const double* sums = a.partial + (o * s.pieces + p) * 2 * s.C + fold * channels + c;
                    sum += sums[0];
                    product += sums[s.C];
                }
            product = rstd * (product - rest * sum);
            give(a.dbeta, o * channels + c, sum, a.add_dbeta);
            give(a.dgamma, o * channels + c, product, a.add_dgamma);
            const double gamma = a.gamma ? (double)a.gamma[c] : 1;
            of_g += gamma * sum;
            of_gx += gamma * product;
        }
        if (a.given) {
            give(a.dmean, unit, -rstd * of_g, a.add_dmean);
            give(a.dvariance, unit, -0.5 * rstd * rstd * of_gx, a.add_dvariance);
        }
        if (!a.columns) continue;
        const double b = a.given ? 0 : -rstd * rstd * of_gx / n, c0 = a.given ? 0 : -rstd * of_g / n - b * rest;
        for (int64_t c = g * D; c < (g + 1) * D; ++c)
            for (int64_t fold = 0; fold < s.fold; ++fold) {
                T* column = a.columns + o * s.C + fold * channels + c;
                column[0] = (T)(a.gamma ? rstd * (double)a.gamma[c] : rstd);
                column[next] = (T)b;
                column[2 * next] = (T)c0;
            }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(norm_finish_f32, NormFinishArgs<float>) { finish(a, r); }
NETLET_DEFINE_KERNEL(norm_finish_f64, NormFinishArgs<double>) { finish(a, r); }
NETLET_DEFINE_KERNEL(norm_finish_bwd_f32, NormFinishBwdArgs<float>) { finish_bwd(a, r); }
NETLET_DEFINE_KERNEL(norm_finish_bwd_f64, NormFinishBwdArgs<double>) { finish_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
