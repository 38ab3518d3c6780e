// ctc_collapse: a warp is a sample, a lane a frame; the lanes that have a label number themselves by a ballot.
// ctc_beam has no CUDA version: its tree and heaps are sequential.
#include "cuda/reduce.h"
#include "cuda/vec.h"
#include "ops/ctc/ctc_decode_args.h"
#include "ops/ctc/ctc_sample.h"

namespace netlet::cuda {

namespace {

template <class T> __device__ void collapse(CtcCollapseArgs<T> a, int64_t samples) {
    const int64_t lane = threadIdx.x % warp, warps = all_threads() / warp;
    for (int64_t b = first_index() / warp; b < samples; b += warps) {
        const int32_t* best = a.best + b * a.steps;
        int32_t* labels = a.labels + b * a.steps;
        const int64_t frames = gpu::frames_of(a, b);
        int64_t n = 0;
        double total = 0;
        for (int64_t first = 0; first < frames; first += warp) {
            const int64_t t = first + lane;
            bool is_label = false;
            if (t < frames) {
                total += (double)a.most[b * a.steps + t];
                is_label = best[t] != a.blank && !(a.merge && t > 0 && best[t] == best[t - 1]);
            }
            const unsigned all = __ballot_sync(all_lanes, is_label);
            if (is_label) labels[n + __popc(all & ((1u << lane) - 1))] = best[t];
            n += __popc(all);
        }
        for (int64_t t = n + lane; t < a.steps; t += warp) labels[t] = -1;
        total = reduce_warp(total, Plus());
        if (lane == 0) a.score[b] = (T)-total;
    }
}

}  // namespace

NETLET_CUDA_KERNEL(ctc_collapse_f32, CtcCollapseArgs<float>) {
    launch<collapse<float>, 128>(s, blocks_for(s, units * warp, 128), 0, a, units);
}
NETLET_CUDA_KERNEL(ctc_collapse_f64, CtcCollapseArgs<double>) {
    launch<collapse<double>, 128>(s, blocks_for(s, units * warp, 128), 0, a, units);
}

}  // namespace netlet::cuda
