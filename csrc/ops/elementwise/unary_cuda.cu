// Unary operations with the CPU's formulas (elementwise_formulas.h). The switch stands outside of the loops.
#include "cuda/elements.h"
#include "cuda/vec.h"
#include "ops/elementwise/elementwise_args.h"
#include "ops/elementwise/elementwise_formulas.h"

namespace netlet::cuda {

template <class T> __device__ void unary(UnaryArgs<T> a, int64_t n) {
    using V = Vec<T>;
    [[maybe_unused]] const V one = {1}, lo = {a.lo}, hi = {a.hi};
#define NETLET_MAP(name, ...)                                                                                          \
    case UnaryOp::name:                                                                                                \
        return each_element(                                                                                           \
            n, a.y,                                                                                                    \
            [=](T x_) {                                                                                                \
                const V x = {x_};                                                                                      \
                return (__VA_ARGS__).r;                                                                                \
            },                                                                                                         \
            a.x);
    switch (a.op) {
        NETLET_UNARY_VALUES(NETLET_MAP)
        default: return;  // unary_special
    }
#undef NETLET_MAP
}

template <class T> __device__ void unary_bwd(UnaryBackwardArgs<T> a, int64_t n) {
    using V = Vec<T>;
    [[maybe_unused]] const V one = {1}, half = {(T)0.5}, two = {2}, lo = {a.lo}, hi = {a.hi};
    [[maybe_unused]] const V two_over_root_pi = {(T)1.1283791670955125739};
#define NETLET_MAP(name, saved_name, ...)                                                                              \
    case UnaryOp::name:                                                                                                \
        return each_element(                                                                                           \
            n, a.dx, a.accumulate,                                                                                     \
            [=](T saved_, T dy_) {                                                                                     \
                [[maybe_unused]] const V saved_name = {saved_}, dy = {dy_};                                            \
                return (__VA_ARGS__).r;                                                                                \
            },                                                                                                         \
            a.saved, a.dy);
    switch (a.op) {
        NETLET_UNARY_GRADIENTS(NETLET_MAP)
        default: return;
    }
#undef NETLET_MAP
}

NETLET_CUDA_KERNEL(unary_f32, UnaryArgs<float>) {
    launch<unary<float>>(s, blocks_for_pieces<float>(s, units), 0, a, units);
}
NETLET_CUDA_KERNEL(unary_f64, UnaryArgs<double>) {
    launch<unary<double>>(s, blocks_for_pieces<double>(s, units), 0, a, units);
}
NETLET_CUDA_KERNEL(unary_bwd_f32, UnaryBackwardArgs<float>) {
    launch<unary_bwd<float>>(s, blocks_for_pieces<float>(s, units), 0, a, units);
}
NETLET_CUDA_KERNEL(unary_bwd_f64, UnaryBackwardArgs<double>) {
    launch<unary_bwd<double>>(s, blocks_for_pieces<double>(s, units), 0, a, units);
}

}  // namespace netlet::cuda
