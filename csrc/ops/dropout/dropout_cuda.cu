// Dropout with the CPU's mask. A thread computes one counter of Philox, whose four words belong to elements that are 16
// apart (simd/philox.h): half a warp reads and writes 16 neighbours, which are whole sectors of 32 bytes. Ten rounds of
// Philox take 40 multiplications for 32 bytes of memory traffic, well below what a GPU computes in that time.
#include "cuda/vec.h"
#include "ops/dropout/dropout_args.h"
#include "simd/philox.h"

namespace netlet::cuda {

template <class T> __device__ void dropout(DropoutArgs<T> a, int64_t n) {
    using V = Vec<T>;
    const V scale = {T(1) / (T(1) - T(a.rate))};
    const T rate = T(a.rate);
    const uint32_t step = (uint32_t)*a.step;
    const int64_t before = a.first / gpu::philox_group;
    const int64_t blocks = ((a.first + n + gpu::philox_group - 1) / gpu::philox_group - before) * 16;
    for (int64_t at = first_index(); at < blocks; at += all_threads()) {
        const int64_t block = before * 16 + at;
        Vec<int32_t> words[4];
        gpu::philox_block(a.seed, a.stream, step, (uint64_t)block, words);
        const int64_t first = block / 16 * gpu::philox_group + block % 16 - a.first;
#pragma unroll
        for (int w = 0; w < 4; ++w) {
            const int64_t i = first + 16 * w;
            if (i >= n) break;
            if (i < 0) continue;
            const T u = (T)gpu::uniform_of(words[w]).r;
            T y = u >= rate ? (V{a.x[i]} * scale).r : T(0);
            if (a.accumulate) y = a.y[i] + y;
            a.y[i] = y;
        }
    }
}

NETLET_CUDA_KERNEL(dropout_f32, DropoutArgs<float>) {
    launch<dropout<float>>(s, blocks_for(s, units / 4), 0, a, units);
}
NETLET_CUDA_KERNEL(dropout_f64, DropoutArgs<double>) {
    launch<dropout<double>>(s, blocks_for(s, units / 4), 0, a, units);
}

}  // namespace netlet::cuda
