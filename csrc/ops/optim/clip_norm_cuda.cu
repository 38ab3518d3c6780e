// Norms of gradients on a GPU. A block sums the squares of one chunk of `grain` elements in float64: each thread takes
// every 512th element, and the block's tree joins the threads, so the bits depend on the sizes alone. 512 threads read
// a chunk of 16384 elements in eight rounds of four loads that do not wait for each other.
#define NETLET_ISA cuda_simd
#define NETLET_VEC_CUDA_WIDE
#include "cuda/reduce.h"
#include "ops/optim/optim_args.h"
#include "ops/optim/optim_scalars.h"

namespace netlet::cuda {

namespace {

constexpr int norm_threads = 512;

// The sum of the squares of n numbers, in every thread of the block.
template <class T> __device__ double block_squares(const T* x, int64_t n) {
    double s[4] = {};
    int64_t i = threadIdx.x;
    for (; i + 3 * norm_threads < n; i += 4 * norm_threads)
        for (int j = 0; j < 4; ++j) {
            const double v = (double)x[i + j * norm_threads];
            s[j] += v * v;
        }
    for (; i < n; i += norm_threads) s[0] += (double)x[i] * (double)x[i];
    return sum_block<norm_threads>((s[0] + s[1]) + (s[2] + s[3]));
}

template <class T> __device__ void sum_squares(SumSquaresArgs<T> a, int64_t n) {
    const int64_t begin = blockIdx.x * a.grain, left = n - begin;
    const double sum = block_squares(a.x + begin, left < a.grain ? left : a.grain);
    if (threadIdx.x == 0) a.partial[blockIdx.x] = sum;
}

__device__ void clip_scale(ClipScaleArgs a) {
    double sum = 0;
    for (int64_t i = threadIdx.x; i < a.count; i += norm_threads) sum += a.partial[i];
    sum = sum_block<norm_threads>(sum);
    if (threadIdx.x == 0) *a.scale = cuda_simd::scale_for(sum, a.limit, a.global);
}

template <class T> __device__ void clip_norm(ClipNormArgs<T> a, int64_t n) {
    const T scale = (T)cuda_simd::scale_for(block_squares(a.x, n), a.limit, a.global);
    for (int64_t i = threadIdx.x; i < n; i += norm_threads) a.y[i] = a.x[i] * scale;
}

template <class T> __device__ void nadam_product(NadamProductArgs<T> a) {
    if (threadIdx.x == 0) cuda_simd::nadam_product(a);
}

}  // namespace

NETLET_CUDA_KERNEL(clip_scale, ClipScaleArgs) { launch<clip_scale, norm_threads>(s, 1, reduce_bytes<norm_threads>, a); }

#define NETLET_CLIP_NORM(T, suffix)                                                                                    \
    NETLET_CUDA_KERNEL(nadam_product_##suffix, NadamProductArgs<T>) { launch<nadam_product<T>, warp>(s, 1, 0, a); }    \
    NETLET_CUDA_KERNEL(sum_squares_##suffix, SumSquaresArgs<T>) {                                                      \
        launch<sum_squares<T>, norm_threads>(s, (unsigned)((units + a.grain - 1) / a.grain),                           \
                                             reduce_bytes<norm_threads>, a, units);                                    \
    }                                                                                                                  \
    NETLET_CUDA_KERNEL(clip_norm_##suffix, ClipNormArgs<T>) {                                                          \
        launch<clip_norm<T>, norm_threads>(s, 1, reduce_bytes<norm_threads>, a, units);                                \
    }
NETLET_CLIP_NORM(float, f32)
NETLET_CLIP_NORM(double, f64)
#undef NETLET_CLIP_NORM

}  // namespace netlet::cuda
