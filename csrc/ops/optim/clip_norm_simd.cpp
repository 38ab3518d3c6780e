// Norms of gradients and what follows from them, and Nadam's product: sums and scalars, which a GPU computes by kernels
// of its own (clip_norm_cuda.cu).
#include "dispatch/kernel.h"
#include "ops/optim/optim_args.h"
#include "ops/optim/optim_scalars.h"
#include "ops/optim/square_sums.h"

namespace netlet::NETLET_ISA {

namespace {

template <class T>
NETLET_INLINE void scale(const T* x, T* y, double factor, Range r) {
    using V = Vec<T>;
    const V s = V::set1((T)factor);
    each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA { lanes.store(lanes.load(x + i) * s, y + i); });
}

}  // namespace

NETLET_DEFINE_KERNEL(clip_scale, ClipScaleArgs) {
    double squares = 0;
    for (int64_t i = 0; i < a.count; ++i) squares += a.partial[i];
    *a.scale = scale_for(squares, a.limit, a.global);
}

#define NETLET_CLIP_NORM(T, suffix)                                                                                    \
    NETLET_DEFINE_KERNEL(nadam_product_##suffix, NadamProductArgs<T>) { nadam_product(a); }                            \
    NETLET_DEFINE_KERNEL(sum_squares_##suffix, SumSquaresArgs<T>) {                                                    \
        a.partial[r.begin / a.grain] = sum_squares(a.x + r.begin, r.end - r.begin);                                    \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(clip_norm_##suffix, ClipNormArgs<T>) {                                                        \
        scale(a.x, a.y, scale_for(sum_squares(a.x + r.begin, r.end - r.begin), a.limit, a.global), r);                 \
    }
NETLET_CLIP_NORM(float, f32)
NETLET_CLIP_NORM(double, f64)
#undef NETLET_CLIP_NORM

}  // namespace netlet::NETLET_ISA
