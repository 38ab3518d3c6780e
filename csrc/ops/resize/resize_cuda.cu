// Resampling on a GPU (resize_args.h): a thread computes a piece of a row of y (16 bytes along `inner`, else one
// element), neighbours neighbouring pieces. Bound by memory: rows of x are read again from the caches.
#include "cuda/elements.h"
#include "cuda/nest.h"
#include "cuda/vec.h"
#include "ops/resize/resize_args.h"

namespace netlet::cuda {

namespace {

template <class T, int V>
__device__ void resample(ResampleArgs<T> a, Divisor pieces, Divisor m, bool small, int64_t units) {
    for (int64_t unit = first_index(); unit < units; unit += all_threads()) {
        const int64_t row = divide(unit, pieces, small), j = (unit - row * pieces.by) * V;
        const int64_t outer = divide(row, m, small), i = row - outer * a.m;
        const T* x = a.x + (outer * a.n + a.first[i]) * a.inner + j;
        const T* w = a.w + i * a.taps;
        const int32_t count = a.count[i];
        Piece<T, V> sum = {};
        for (int32_t t = 0; t < count; ++t) {
            const Piece<T, V> v = load_piece<V>(x + t * a.inner);
#pragma unroll
            for (int q = 0; q < V; ++q)  // not fma(w, x, 0): one tap of weight 1 is a copy, the sign of zero included
                sum.at[q] = t ? gpu::multiply_add(w[t], v.at[q], sum.at[q]) : gpu::multiplied(w[0], v.at[q]);
        }
        T* y = a.y + unit * V;
        if (a.accumulate) {
            const Piece<T, V> before = load_piece<V>((const T*)y);
#pragma unroll
            for (int q = 0; q < V; ++q) sum.at[q] += before.at[q];
        }
        store_piece(y, sum);
    }
}

template <class T, int V>
void launch_resample(const Stream& s, const ResampleArgs<T>& a, int64_t rows) {
    const int64_t pieces = a.inner / V, units = rows * pieces;
    launch<resample<T, V>>(s, blocks_for(s, units), 0, a, divisor(pieces), divisor(a.m), units < (int64_t)1 << 31,
                           units);
}

template <class T>
void resample_best(const Stream& s, const ResampleArgs<T>& a, int64_t rows) {
    constexpr int V = piece_of<T>;
    if (a.inner % V == 0 && starts_a_piece<V>(a.x) && starts_a_piece<V>((const T*)a.y))
        launch_resample<T, V>(s, a, rows);
    else
        launch_resample<T, 1>(s, a, rows);
}

}  // namespace

NETLET_CUDA_KERNEL(resample_f32, ResampleArgs<float>) { resample_best(s, a, units); }
NETLET_CUDA_KERNEL(resample_f64, ResampleArgs<double>) { resample_best(s, a, units); }

}  // namespace netlet::cuda
