// Random numbers with the CPU's bits. A thread computes one counter of Philox (float64: two) and writes the four
// elements of its words, which are 16 apart (simd/philox.h): half a warp writes 16 neighbours.
#include "cuda/vec.h"
#include "ops/random/quantile.h"
#include "ops/random/random_args.h"
#include "simd/philox.h"

namespace netlet::cuda {

__device__ inline void uniforms(const RandomArgs<float>& a, uint32_t step, int64_t block, float (&u)[4]) {
    Vec<int32_t> words[4];
    gpu::philox_block(a.seed, a.stream, step, (uint64_t)block, words);
#pragma unroll
    for (int w = 0; w < 4; ++w) u[w] = gpu::uniform_of(words[w]).r;
}
__device__ inline void uniforms(const RandomArgs<double>& a, uint32_t step, int64_t block, double (&u)[4]) {
    const uint64_t group = (uint64_t)block / 16, lane = (uint64_t)block % 16;
    Vec<int32_t> high[4], low[4];
    gpu::philox_block(a.seed, a.stream, step, 32 * group + lane, high);
    gpu::philox_block(a.seed, a.stream, step, 32 * group + 16 + lane, low);
#pragma unroll
    for (int w = 0; w < 4; ++w) u[w] = gpu::uniform_of(gpu::shr_logical<5>(high[w]).r, gpu::shr_logical<6>(low[w]).r);
}

template <class T> __device__ void random(RandomArgs<T> a, int64_t groups) {
    using V = Vec<T>;
    const V offset = {a.offset}, scale = {a.scale}, top = {a.top}, half = gpu::constant<V>(0x1p-25f, 0x1p-54);
    const V cut = {a.distribution == Distribution::truncated_normal ? (T)0.022750131948179207 : T(0)};
    const uint32_t step = (uint32_t)*a.step;
    for (int64_t at = first_index(); at < groups * 16; at += all_threads()) {
        const int64_t block = a.first / gpu::philox_group * 16 + at;
        T u[4];
        uniforms(a, step, block, u);
        const int64_t first = block / 16 * gpu::philox_group + block % 16 - a.first;
#pragma unroll
        for (int w = 0; w < 4; ++w) {
            const int64_t i = first + 16 * w;
            if (i >= a.n) break;
            if (i < 0) continue;
            a.y[i] = a.distribution == Distribution::uniform ? min(offset + scale * V{u[w]}, top).r
                                                             : (offset + scale * gpu::quantile(V{u[w]}, half, cut)).r;
        }
    }
}

NETLET_CUDA_KERNEL(random_f32, RandomArgs<float>) { launch<random<float>>(s, blocks_for(s, units * 16), 0, a, units); }
NETLET_CUDA_KERNEL(random_f64, RandomArgs<double>) {
    launch<random<double>>(s, blocks_for(s, units * 16), 0, a, units);
}

}  // namespace netlet::cuda
