// Homographies on a GPU (homography_args.h): one thread solves the equations of one image. Batches are small and the
// transform that follows takes longer.
#include "cuda/elements.h"
#include "cuda/vec.h"
#include "ops/image/homography_solve.h"

namespace netlet::cuda {

namespace {

template <class T>
__device__ void homography(HomographyArgs<T> a, int64_t n) {
    for (int64_t i = first_index(); i < n; i += all_threads())
        gpu::solve_homography(a.from + 8 * i, a.to + 8 * i, a.y + 8 * i);
}

}  // namespace

NETLET_CUDA_KERNEL(homography_f32, HomographyArgs<float>) {
    launch<homography<float>>(s, blocks_for(s, units), 0, a, units);
}
NETLET_CUDA_KERNEL(homography_f64, HomographyArgs<double>) {
    launch<homography<double>>(s, blocks_for(s, units), 0, a, units);
}

}  // namespace netlet::cuda
