// unary_special and binary_special on a GPU, with the CPU's formulas. Each function is a kernel of its own: they need
// very different numbers of registers.
#include "cuda/nest.h"
#include "cuda/vec.h"
#include "ops/elementwise/elementwise_args.h"
#include "ops/elementwise/special_formulas.h"

namespace netlet::cuda {

using namespace gpu;

template <UnaryOp op, class T> __device__ void unary_special(UnaryArgs<T> a, int64_t n) {
    each_element(
        n, a.y,
        [](T x_) {
            const Vec<T> x = {x_};
#define NETLET_MAP(name, ...)                                                                                          \
    if constexpr (op == UnaryOp::name) return (__VA_ARGS__).r;
            NETLET_SPECIAL_VALUES(NETLET_MAP)
#undef NETLET_MAP
        },
        a.x);
}
template <class T> inline void unary_special_launch(const UnaryArgs<T>& a, int64_t units, Stream& s) {
    const unsigned blocks = blocks_for_pieces<T>(s, units);
#define NETLET_MAP(name, ...)                                                                                          \
    case UnaryOp::name: return launch<unary_special<UnaryOp::name, T>>(s, blocks, 0, a, units);
    switch (a.op) {
        NETLET_SPECIAL_VALUES(NETLET_MAP)
        default: return;
    }
#undef NETLET_MAP
}
NETLET_CUDA_KERNEL(unary_special_f32, UnaryArgs<float>) { unary_special_launch(a, units, s); }
NETLET_CUDA_KERNEL(unary_special_f64, UnaryArgs<double>) { unary_special_launch(a, units, s); }

template <BinaryOp op, class T> __device__ void binary_special(BinaryArgs<T> a, Nest<2> nest, int64_t n) {
    each_of_nest(
        nest, n, a.y, false,
        [](T x_, T y_) -> T {
            if constexpr (op == BinaryOp::nextafter) {
                return next_after(x_, y_);
            } else {
                const Vec<T> x = {x_}, y = {y_};
#define NETLET_MAP(name, ...)                                                                                          \
    if constexpr (op == BinaryOp::name) return (__VA_ARGS__).r;
                NETLET_SPECIAL_FLOATS(NETLET_MAP)
#undef NETLET_MAP
            }
        },
        Indices<0, 1>{}, a.a, a.b);
}
template <BinaryOp op, class T> __device__ void binary_special_integers(BinaryArgs<T> a, Nest<2> nest, int64_t n) {
    each_of_nest(
        nest, n, a.y, false,
        [](T x, T y) -> T {
#define NETLET_MAP(name, ...)                                                                                          \
    if constexpr (op == BinaryOp::name) return __VA_ARGS__;
            NETLET_SPECIAL_INTEGERS(NETLET_MAP)
#undef NETLET_MAP
        },
        Indices<0, 1>{}, a.a, a.b);
}

#define NETLET_MAP(name, ...)                                                                                          \
    case BinaryOp::name: return launch<binary_special<BinaryOp::name, T>>(s, blocks, 0, a, nest, units);
#define NETLET_MAP_INTEGERS(name, ...)                                                                                 \
    case BinaryOp::name: return launch<binary_special_integers<BinaryOp::name, T>>(s, blocks, 0, a, nest, units);
template <class T> inline void binary_special_launch(const BinaryArgs<T>& a, int64_t units, Stream& s) {
    const unsigned blocks = blocks_for_pieces<T>(s, units);
    const Nest<2> nest = nest_of(a.nest, piece_of<T>);
    if constexpr (T(0.5) != T(0)) {
        switch (a.op) {
            NETLET_SPECIAL_FLOATS(NETLET_MAP)
            NETLET_MAP(nextafter, )
            default: return;
        }
    } else {
        switch (a.op) {
            NETLET_SPECIAL_INTEGERS(NETLET_MAP_INTEGERS)
            default: return;
        }
    }
}
#undef NETLET_MAP
#undef NETLET_MAP_INTEGERS

NETLET_CUDA_KERNEL(binary_special_f32, BinaryArgs<float>) { binary_special_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_special_f64, BinaryArgs<double>) { binary_special_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_special_i32, BinaryArgs<int32_t>) { binary_special_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_special_i64, BinaryArgs<int64_t>) { binary_special_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_special_i8, BinaryArgs<int8_t>) { binary_special_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_special_u8, BinaryArgs<uint8_t>) { binary_special_launch(a, units, s); }

}  // namespace netlet::cuda
