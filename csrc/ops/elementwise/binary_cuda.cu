// Binary operations, comparisons, logical operations and where, with broadcasting (cuda/nest.h), and the gradients of
// binary operations. All are bound by memory. power stands in kernels of its own, which need more registers.
#include "cuda/nest.h"
#include "cuda/vec.h"
#include "ops/elementwise/elementwise_args.h"
#include "ops/elementwise/elementwise_formulas.h"

namespace netlet::cuda {

// ---- y = a op b: integers wrap around, as NumPy's do ----------------------------------------------------------------
template <class T> struct UnsignedOf {
    using type = uint32_t;
};
template <> struct UnsignedOf<int64_t> {
    using type = uint64_t;
};
template <class T> constexpr bool is_integer = T(0.5) == T(0);

template <class T, class F> __device__ inline void binary_with(const BinaryArgs<T>& a, const Nest<2>& nest, int64_t n,
                                                               F f) {
    each_of_nest(nest, n, a.y, false, f, Indices<0, 1>{}, a.a, a.b);
}
template <class T> __device__ void binary(BinaryArgs<T> a, Nest<2> nest, int64_t n) {
    using U = typename UnsignedOf<T>::type;
    const auto run = [&](auto f) { binary_with(a, nest, n, f); };
    switch (a.op) {
        case BinaryOp::maximum: return run([](T x, T y) { return x > y || x != x ? x : y; });
        case BinaryOp::minimum: return run([](T x, T y) { return x < y || x != x ? x : y; });
        default: break;
    }
    if constexpr (is_integer<T>) {
        switch (a.op) {
            case BinaryOp::add: return run([](T x, T y) { return (T)((U)x + (U)y); });
            case BinaryOp::subtract: return run([](T x, T y) { return (T)((U)x - (U)y); });
            case BinaryOp::multiply: return run([](T x, T y) { return (T)((U)x * (U)y); });
            default: break;
        }
    } else {
        switch (a.op) {
            case BinaryOp::add: return run([](T x, T y) { return x + y; });
            case BinaryOp::subtract: return run([](T x, T y) { return x - y; });
            case BinaryOp::multiply: return run([](T x, T y) { return x * y; });
            case BinaryOp::divide: return run([](T x, T y) { return x / y; });
            default: break;
        }
    }
}
template <class T> __device__ void power(BinaryArgs<T> a, Nest<2> nest, int64_t n) {
    binary_with(a, nest, n, [](T x, T y) { return pow(Vec<T>{x}, Vec<T>{y}).r; });
}
template <class T> inline void binary_launch(const BinaryArgs<T>& a, int64_t units, Stream& s) {
    const unsigned blocks = blocks_for_pieces<T>(s, units);
    const Nest<2> nest = nest_of(a.nest, piece_of<T>);
    if constexpr (!is_integer<T>)
        if (a.op == BinaryOp::power) return launch<power<T>>(s, blocks, 0, a, nest, units);
    launch<binary<T>>(s, blocks, 0, a, nest, units);
}

NETLET_CUDA_KERNEL(binary_f32, BinaryArgs<float>) { binary_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_f64, BinaryArgs<double>) { binary_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_i32, BinaryArgs<int32_t>) { binary_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_i64, BinaryArgs<int64_t>) { binary_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_i8, BinaryArgs<int8_t>) { binary_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_u8, BinaryArgs<uint8_t>) { binary_launch(a, units, s); }

// ---- gradients: operands p, q and dy, which is contiguous ------------------------------------------------------------
template <BinaryGrad op, class T>
__device__ inline void gradient(const BinaryBackwardArgs<T>& a, const Nest<3>& nest, int64_t n) {
    using V = Vec<T>;
    each_of_nest(
        nest, n, a.dx, a.accumulate,
        [](T p_, T q_, T dy_) {
            [[maybe_unused]] const V p = {p_}, q = {q_}, dy = {dy_};
#define NETLET_GRADIENT(name, ...)                                                                                     \
    if constexpr (op == BinaryGrad::name) return (__VA_ARGS__).r;
            NETLET_BINARY_GRADIENTS(NETLET_GRADIENT)
#undef NETLET_GRADIENT
        },
        Indices<0, 1, 2>{}, a.p, a.q, a.dy);
}
template <class T> __device__ void binary_bwd(BinaryBackwardArgs<T> a, Nest<3> nest, int64_t n) {
    switch (a.op) {
        case BinaryGrad::factor: return gradient<BinaryGrad::factor>(a, nest, n);
        case BinaryGrad::dividend: return gradient<BinaryGrad::dividend>(a, nest, n);
        case BinaryGrad::divisor: return gradient<BinaryGrad::divisor>(a, nest, n);
        case BinaryGrad::maximum: return gradient<BinaryGrad::maximum>(a, nest, n);
        case BinaryGrad::minimum: return gradient<BinaryGrad::minimum>(a, nest, n);
        default: return;  // power_bwd
    }
}
template <class T> __device__ void power_bwd(BinaryBackwardArgs<T> a, Nest<3> nest, int64_t n) {
    if (a.op == BinaryGrad::base)
        gradient<BinaryGrad::base>(a, nest, n);
    else
        gradient<BinaryGrad::exponent>(a, nest, n);
}
template <class T> inline void binary_bwd_launch(const BinaryBackwardArgs<T>& a, int64_t units, Stream& s) {
    Strided<3> with_dy{};
    with_dy.rank = a.nest.rank;
    int64_t next = 1;
    for (int d = a.nest.rank - 1; d >= 0; --d) {
        with_dy.extent[d] = a.nest.extent[d];
        for (int k = 0; k < 2; ++k) with_dy.stride[k][d] = a.nest.stride[k][d];
        with_dy.stride[2][d] = next;
        next *= a.nest.extent[d];
    }
    const unsigned blocks = blocks_for_pieces<T>(s, units);
    const Nest<3> nest = nest_of(with_dy, piece_of<T>);
    if (a.op == BinaryGrad::base || a.op == BinaryGrad::exponent)
        launch<power_bwd<T>>(s, blocks, 0, a, nest, units);
    else
        launch<binary_bwd<T>>(s, blocks, 0, a, nest, units);
}
NETLET_CUDA_KERNEL(binary_bwd_f32, BinaryBackwardArgs<float>) { binary_bwd_launch(a, units, s); }
NETLET_CUDA_KERNEL(binary_bwd_f64, BinaryBackwardArgs<double>) { binary_bwd_launch(a, units, s); }

// ---- where: elements are chosen as bits, so one instance serves all types of a size ----------------------------------
template <class Bits> __device__ void where_bits(WhereArgs a, Nest<3> nest, int64_t n) {
    each_of_nest(
        nest, n, static_cast<Bits*>(a.y), false, [](uint8_t c, Bits x, Bits y) { return c ? x : y; },
        Indices<0, 1, 2>{}, a.c, static_cast<const Bits*>(a.a), static_cast<const Bits*>(a.b));
}
template <class Bits> inline void where_launch(const WhereArgs& a, int64_t units, Stream& s) {
    launch<where_bits<Bits>>(s, blocks_for_pieces<Bits>(s, units), 0, a, nest_of(a.nest, piece_of<Bits>), units);
}
NETLET_CUDA_KERNEL(where, WhereArgs) {
    switch (a.bytes) {
        case 8: return where_launch<uint64_t>(a, units, s);
        case 4: return where_launch<uint32_t>(a, units, s);
        case 2: return where_launch<uint16_t>(a, units, s);
        default: return where_launch<uint8_t>(a, units, s);
    }
}

}  // namespace netlet::cuda
