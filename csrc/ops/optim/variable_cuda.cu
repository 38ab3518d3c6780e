// Lamb and Muon on a GPU. A block sums the squares of one chunk of `grain` elements in float64 while it streams over
// them; the rest of its kernels are streams with 16-byte accesses, with the CPU's formulas (lamb_step.h).
#define NETLET_ISA cuda_simd
#define NETLET_VEC_CUDA_WIDE
#include "cuda/each_vector.h"
#include "cuda/index_math.h"
#include "cuda/reduce.h"
#include "ops/optim/lamb_step.h"
#include "ops/optim/variable_args.h"

namespace netlet::cuda {

namespace {

using namespace cuda_simd;

constexpr int chunk_threads = 512;

__device__ Range chunk_of_block(int64_t grain, int64_t n) {
    const int64_t begin = blockIdx.x * grain, end = begin + grain;
    return {begin, end < n ? end : n};
}

template <class V> __device__ double squares(V v) {
    double sum = 0;
    for (int j = 0; j < V::width; ++j) sum += (double)v.r[j] * (double)v.r[j];
    return sum;
}

template <class T> __device__ void lamb_moments(LambMomentsArgs<T> a, int64_t n) {
    using V = Vec<T>;
    double weights = 0, steps = 0;
    if (!idle(a.c)) {
        const Decay<V> decay(a.c);
        const LambStep<V> step_of(a.c, a.beta1, a.beta2, a.epsilon);
        const V k1 = V::set1((T)(1 - a.beta1)), k2 = V::set1((T)(1 - a.beta2));
        each_vector_of_block<V>(chunk_of_block(a.grain, n), [&](auto lanes, int64_t i) {
            const V g = lanes.load(a.g + i), m0 = lanes.load(a.m + i), v0 = lanes.load(a.v + i);
            const V m = fma(g - m0, k1, m0), v = fma(g * g - v0, k2, v0), p = lanes.load(a.p + i);
            lanes.store(m, a.m + i);
            lanes.store(v, a.v + i);
            weights += squares(lanes.or_zero(decay(p)));
            steps += squares(lanes.or_zero(step_of(m, v)));
        });
    }
    weights = sum_block<chunk_threads>(weights);
    steps = sum_block<chunk_threads>(steps);
    if (threadIdx.x > 0) return;
    a.norms[2 * (int64_t)blockIdx.x] = weights;
    a.norms[2 * (int64_t)blockIdx.x + 1] = steps;
}

template <class T> __device__ void lamb_apply(LambApplyArgs<T> a, int64_t n) { cuda_simd::lamb_apply(a, Range{0, n}); }

__device__ void sum_pairs(SumPairsArgs a) {
    double first = 0, second = 0;
    for (int64_t i = threadIdx.x; i < a.count; i += chunk_threads) {
        first += a.partial[2 * i];
        second += a.partial[2 * i + 1];
    }
    first = sum_block<chunk_threads>(first);
    second = sum_block<chunk_threads>(second);
    if (threadIdx.x > 0) return;
    a.total[0] = first;
    a.total[1] = second;
}

template <class T> __device__ void muon_momentum(MuonMomentumArgs<T> a, int64_t n) {
    using V = Vec<T>;
    const bool wait = idle(a.c);
    const V momentum = V::set1((T)a.momentum);
    double sum = 0;
    each_vector_of_block<V>(chunk_of_block(a.grain, n), [&](auto lanes, int64_t i) {
        const V g = lanes.load(a.g + i), m0 = lanes.load(a.m + i), m = momentum * m0 + g;
        const V y = a.nesterov ? g + momentum * m : m;
        lanes.store(wait ? m0 : m, a.m + i);
        lanes.store(y, a.y + i);
        sum += squares(lanes.or_zero(y));
    });
    sum = sum_block<chunk_threads>(sum);
    if (threadIdx.x == 0) a.partial[blockIdx.x] = sum;
}

__device__ void muon_scale(MuonScaleArgs a) {
    double sum = 0;
    for (int64_t i = threadIdx.x; i < a.count; i += chunk_threads) sum += a.partial[i];
    sum = sum_block<chunk_threads>(sum);
    if (threadIdx.x == 0) *a.scale = a.numerator / (::sqrt(sum) + 1e-7);
}

template <class T> __device__ void shift_diagonal(ShiftDiagonalArgs<T> a) {
    const T scale = (T)a.scale, diagonal = (T)a.diagonal;
    for (int64_t i = first_index(); i < a.n * a.n; i += all_threads()) {
        const Quotient at = divide(i, a.n);
        const T y = rounded_product(a.x[i], scale);
        a.y[i] = at.quotient == at.rest ? y + diagonal : y;
    }
}

}  // namespace

NETLET_CUDA_KERNEL(sum_pairs, SumPairsArgs) { launch<sum_pairs, chunk_threads>(s, 1, reduce_bytes<chunk_threads>, a); }
NETLET_CUDA_KERNEL(muon_scale, MuonScaleArgs) {
    launch<muon_scale, chunk_threads>(s, 1, reduce_bytes<chunk_threads>, a);
}

#define NETLET_VARIABLE(T, suffix)                                                                                     \
    NETLET_CUDA_KERNEL(lamb_moments_##suffix, LambMomentsArgs<T>) {                                                    \
        launch<lamb_moments<T>, chunk_threads>(s, (unsigned)((units + a.grain - 1) / a.grain),                         \
                                               reduce_bytes<chunk_threads>, a, units);                                 \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(lamb_update_##suffix, LambApplyArgs<T>) {                                                       \
        launch<lamb_apply<T>>(s, blocks_for(s, (units + 3) / 4), 0, a, units);                                         \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(muon_momentum_##suffix, MuonMomentumArgs<T>) {                                                  \
        launch<muon_momentum<T>, chunk_threads>(s, (unsigned)((units + a.grain - 1) / a.grain),                        \
                                                reduce_bytes<chunk_threads>, a, units);                                \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(shift_diagonal_##suffix, ShiftDiagonalArgs<T>) {                                                \
        launch<shift_diagonal<T>>(s, blocks_for(s, a.n * a.n), 0, a);                                                  \
    }
NETLET_VARIABLE(float, f32)
NETLET_VARIABLE(double, f64)
#undef NETLET_VARIABLE

}  // namespace netlet::cuda
