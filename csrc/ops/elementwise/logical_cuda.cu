// Comparisons, logical operations on bytes that are 0 or 1, and tests for special numbers.
#include "cuda/nest.h"
#include "ops/elementwise/elementwise_args.h"

namespace netlet::cuda {

template <class T> __device__ void compare(CompareArgs<T> a, Nest<2> nest, int64_t n) {
    const auto run = [&](auto f) { each_of_nest(nest, n, a.y, false, f, Indices<0, 1>{}, a.a, a.b); };
    switch (a.op) {
        case CompareOp::equal: return run([](T x, T y) -> uint8_t { return x == y; });
        case CompareOp::not_equal: return run([](T x, T y) -> uint8_t { return x != y; });
        case CompareOp::less: return run([](T x, T y) -> uint8_t { return x < y; });
        case CompareOp::less_equal: return run([](T x, T y) -> uint8_t { return x <= y; });
        case CompareOp::greater: return run([](T x, T y) -> uint8_t { return x > y; });
        case CompareOp::greater_equal: return run([](T x, T y) -> uint8_t { return x >= y; });
    }
}

__device__ void logical(LogicalArgs a, Nest<2> nest, int64_t n) {
    const auto run = [&](auto f) { each_of_nest(nest, n, a.y, false, f, Indices<0, 1>{}, a.a, a.b); };
    switch (a.op) {
        case LogicalOp::logical_and: return run([](uint8_t x, uint8_t y) -> uint8_t { return x & y; });
        case LogicalOp::logical_or: return run([](uint8_t x, uint8_t y) -> uint8_t { return x | y; });
        case LogicalOp::logical_xor: return run([](uint8_t x, uint8_t y) -> uint8_t { return x ^ y; });
    }
}

template <class T> __device__ void classify(ClassifyArgs<T> a, int64_t n) {
    switch (a.op) {
        case ClassifyOp::isfinite: return each_element(n, a.y, [](T x) -> uint8_t { return x - x == 0; }, a.x);
        case ClassifyOp::isnan: return each_element(n, a.y, [](T x) -> uint8_t { return x != x; }, a.x);
        case ClassifyOp::isinf: return each_element(n, a.y, [](T x) -> uint8_t { return x == x && x - x != 0; }, a.x);
        case ClassifyOp::isposinf: return each_element(n, a.y, [](T x) -> uint8_t { return x > 0 && x - x != 0; }, a.x);
        case ClassifyOp::isneginf: return each_element(n, a.y, [](T x) -> uint8_t { return x < 0 && x - x != 0; }, a.x);
        case ClassifyOp::signbit:
            return each_element(n, a.y, [](T x) -> uint8_t { return ::copysign(1.0, (double)x) < 0; }, a.x);
    }
}

#define NETLET_COMPARE(T, suffix)                                                                                      \
    NETLET_CUDA_KERNEL(compare_##suffix, CompareArgs<T>) {                                                             \
        launch<compare<T>>(s, blocks_for_pieces<T>(s, units), 0, a, nest_of(a.nest, piece_of<T>), units);              \
    }
NETLET_COMPARE(float, f32)
NETLET_COMPARE(double, f64)
NETLET_COMPARE(int32_t, i32)
NETLET_COMPARE(int64_t, i64)
NETLET_COMPARE(int8_t, i8)
NETLET_COMPARE(uint8_t, u8)
#undef NETLET_COMPARE

NETLET_CUDA_KERNEL(logical, LogicalArgs) {
    launch<logical>(s, blocks_for_pieces<uint8_t>(s, units), 0, a, nest_of(a.nest, piece_of<uint8_t>), units);
}
NETLET_CUDA_KERNEL(classify_f32, ClassifyArgs<float>) {
    launch<classify<float>>(s, blocks_for_pieces<float>(s, units), 0, a, units);
}
NETLET_CUDA_KERNEL(classify_f64, ClassifyArgs<double>) {
    launch<classify<double>>(s, blocks_for_pieces<double>(s, units), 0, a, units);
}

}  // namespace netlet::cuda
