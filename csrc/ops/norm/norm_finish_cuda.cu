// From the sums of the pieces to the statistics of a group, on a GPU: a warp has a group. Its lanes share the pairs of
// sums, and are joined in a tree, in double as on the CPU. There are few numbers, so what counts is that the loads of a
// lane are few and do not wait for each other.
#include "cuda/index_math.h"
#include "cuda/reduce.h"
#include "ops/norm/norm_args.h"

namespace netlet::cuda {

namespace {

constexpr int threads = 128;

struct Group {
    int64_t number, o, g;
    int lane;
    __device__ explicit Group(const NormColumns& s) {
        number = first_index() / warp;
        const Quotient at = divide(number, s.groups);
        o = at.quotient;
        g = at.rest;
        lane = (int)threadIdx.x % warp;
    }
    __device__ bool exists(const NormColumns& s) const { return number < s.O * s.groups; }
};

// Calls f(sums, rows) for each pair of sums of the group that this lane has: sums[0] and sums[C].
template <class F> __device__ void for_sums(const NormColumns& s, const double* partial, const Group& at, const F& f) {
    const int64_t D = s.D(), channels = s.channels(), count = s.pieces * s.fold * D;
    for (int64_t i = at.lane; i < count; i += warp) {
        const Quotient line = divide(i, D), piece = divide(line.quotient, s.fold);
        const int64_t p = piece.quotient, left = s.R - p * s.piece, rows = left < s.piece ? left : s.piece;
        f(partial + (at.o * s.pieces + p) * 2 * s.C + piece.rest * channels + at.g * D + line.rest, rows);
    }
}

struct Moments {
    double mean, variance;
};
__device__ Moments join(const NormColumns& s, const double* partial, const Group& at) {
    const double n = (double)(s.R * s.fold * s.D());
    if (n == 0) return {0, 0};  // an empty batch
    double mean = 0, m2 = 0;
    for_sums(s, partial, at, [&](const double* sums, int64_t rows) { mean += sums[0] * (double)rows; });
    mean = reduce_warp(mean, Plus()) / n;
    for_sums(s, partial, at, [&](const double* sums, int64_t rows) {
        const double d = sums[0] - mean;
        m2 += sums[s.C] + d * d * (double)rows;
    });
    return {mean, reduce_warp(m2, Plus()) / n};
}

template <class T> __device__ void finish(NormFinishArgs<T> a) {
    const NormColumns& s = a.s;
    const Group at(s);
    if (!at.exists(s)) return;
    Moments m;
    if (a.partial)
        m = join(s, a.partial, at);
    else
        m = {(double)a.given_mean[at.g], (double)a.given_variance[at.g]};
    const double rstd = 1 / ::sqrt(m.variance + a.epsilon);
    const T centre = (T)m.mean;
    if (at.lane == 0) {
        if (a.mean) a.mean[at.number] = centre;
        if (a.variance) a.variance[at.number] = (T)m.variance;
        a.moment[2 * at.number] = m.mean;
        a.moment[2 * at.number + 1] = rstd;
    }
    const int64_t D = s.D(), channels = s.channels(), next = s.O * s.C;
    for (int64_t i = at.lane; i < D * s.fold; i += warp) {
        const Quotient line = divide(i, D);
        const int64_t c = at.g * D + line.rest;
        const double scale = a.gamma ? rstd * (double)a.gamma[c] : rstd;
        const double shift = (a.beta ? (double)a.beta[c] : 0) - (m.mean - (double)centre) * scale;
        T* column = a.columns + at.o * s.C + line.quotient * channels + c;
        column[0] = centre;
        column[next] = (T)scale;
        column[2 * next] = (T)shift;
    }
}

template <class T> __device__ void give(T* to, int64_t at, double value, bool add) {
    if (to) to[at] = (T)(add ? (double)to[at] + value : value);
}

// The sums of channel c that every `lanes`th lane from `lane` on has.
struct Pair {
    double sum = 0, product = 0;
};
__device__ Pair sums_of_channel(const NormColumns& s, const double* partial, int64_t o, int64_t c, int lane,
                                int lanes) {
    Pair y;
    for (int64_t i = lane; i < s.pieces * s.fold; i += lanes) {
        const Quotient piece = divide(i, s.fold);
        const double* sums = partial + (o * s.pieces + piece.quotient) * 2 * s.C + piece.rest * s.channels() + c;
        y.sum += sums[0];
        y.product += sums[s.C];
    }
    return y;
}

template <class T> __device__ void finish_bwd(NormFinishBwdArgs<T> a) {
    const NormColumns& s = a.s;
    const Group at(s);
    if (!at.exists(s)) return;
    const int64_t D = s.D(), channels = s.channels(), next = s.O * s.C, end = (at.g + 1) * D;
    const double n = (double)(s.R * s.fold * D);
    const double mean = a.moment[2 * at.number], rstd = a.moment[2 * at.number + 1], rest = mean - (double)(T)mean;
    double of_g = 0, of_gx = 0;
    auto channel = [&](int64_t c, Pair y) {
        const double product = rstd * (y.product - rest * y.sum), gamma = a.gamma ? (double)a.gamma[c] : 1;
        give(a.dbeta, at.o * channels + c, y.sum, a.add_dbeta);
        give(a.dgamma, at.o * channels + c, product, a.add_dgamma);
        of_g += gamma * y.sum;
        of_gx += gamma * product;
    };
    if (D > s.pieces * s.fold)  // a lane has whole channels
        for (int64_t c = at.g * D + at.lane; c < end; c += warp)
            channel(c, sums_of_channel(s, a.partial, at.o, c, 0, 1));
    else
        for (int64_t c = at.g * D; c < end; ++c) {
            Pair y = sums_of_channel(s, a.partial, at.o, c, at.lane, warp);
            y = {reduce_warp(y.sum, Plus()), reduce_warp(y.product, Plus())};
            if (at.lane == 0) channel(c, y);
        }
    of_g = reduce_warp(of_g, Plus());
    of_gx = reduce_warp(of_gx, Plus());
    if (a.given && at.lane == 0) {
        give(a.dmean, at.number, -rstd * of_g, a.add_dmean);
        give(a.dvariance, at.number, -0.5 * rstd * rstd * of_gx, a.add_dvariance);
    }
    if (!a.columns) return;
    const double b = a.given ? 0 : -rstd * rstd * of_gx / n, c0 = a.given ? 0 : -rstd * of_g / n - b * rest;
    for (int64_t i = at.lane; i < D * s.fold; i += warp) {
        const Quotient line = divide(i, D);
        const int64_t c = at.g * D + line.rest;
        T* column = a.columns + at.o * s.C + line.quotient * channels + c;
        column[0] = (T)(a.gamma ? rstd * (double)a.gamma[c] : rstd);
        column[next] = (T)b;
        column[2 * next] = (T)c0;
    }
}

// A warp for each group.
unsigned blocks_of(int64_t groups) { return (unsigned)((groups * warp + threads - 1) / threads); }

}  // namespace

NETLET_CUDA_KERNEL(norm_finish_f32, NormFinishArgs<float>) {
    launch<finish<float>, threads>(s, blocks_of(units), 0, a);
}
NETLET_CUDA_KERNEL(norm_finish_f64, NormFinishArgs<double>) {
    launch<finish<double>, threads>(s, blocks_of(units), 0, a);
}
NETLET_CUDA_KERNEL(norm_finish_bwd_f32, NormFinishBwdArgs<float>) {
    launch<finish_bwd<float>, threads>(s, blocks_of(units), 0, a);
}
NETLET_CUDA_KERNEL(norm_finish_bwd_f64, NormFinishBwdArgs<double>) {
    launch<finish_bwd<double>, threads>(s, blocks_of(units), 0, a);
}

}  // namespace netlet::cuda
