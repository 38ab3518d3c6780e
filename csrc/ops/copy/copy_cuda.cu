// Copies: loops over elements. cast has a loop for each pair of types inside of one kernel; the choice is the same for
// all threads.
#include "base/dtype.h"
#include "ops/copy/convert_cuda.h"
#include "ops/copy/copy_args.h"

namespace netlet::cuda {

template <class T> __device__ void fill(FillArgs<T> a, int64_t n) {
    each_element(n, a.y, [=]() { return a.value; });
}

template <class T> __device__ void accumulate(AccumulateArgs<T> a, int64_t n) {
    each_element(n, a.y, a.accumulate, [](T x) { return x; }, a.x);
}

__device__ void cast(CastArgs a, int64_t n) {
    with_type(a.from, [&]<class From>(From) {
        with_type(a.to, [&]<class To>(To) {
            each_element(
                n, static_cast<To*>(a.y), [](From x) { return converted<To>(x); }, static_cast<const From*>(a.x));
        });
    });
}

__device__ void increment(IncrementArgs a) {
    if (threadIdx.x == 0) a.y[0] += 1;
}

NETLET_CUDA_KERNEL(fill_f32, FillArgs<float>) {
    launch<fill<float>>(s, blocks_for_pieces<float>(s, units), 0, a, units);
}
NETLET_CUDA_KERNEL(fill_f64, FillArgs<double>) {
    launch<fill<double>>(s, blocks_for_pieces<double>(s, units), 0, a, units);
}
NETLET_CUDA_KERNEL(accumulate_f32, AccumulateArgs<float>) {
    launch<accumulate<float>>(s, blocks_for_pieces<float>(s, units), 0, a, units);
}
NETLET_CUDA_KERNEL(accumulate_f64, AccumulateArgs<double>) {
    launch<accumulate<double>>(s, blocks_for_pieces<double>(s, units), 0, a, units);
}
NETLET_CUDA_KERNEL(cast, CastArgs) {
    const int from = (int)size_of(a.from), to = (int)size_of(a.to), piece = 16 / (from > to ? from : to);
    launch<cast>(s, blocks_for(s, (units + piece - 1) / piece), 0, a, units);
}
NETLET_CUDA_KERNEL(increment, IncrementArgs) { launch<increment, 32>(s, 1, 0, a); }

}  // namespace netlet::cuda
