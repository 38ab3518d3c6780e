// unary_special and binary_special. Floats are computed in double, in blocks that both types share: these functions are
// long, and their code would otherwise be four times as large.
#include <string.h>

#include "dispatch/kernel.h"
#include "ops/elementwise/elementwise_args.h"
#include "ops/elementwise/special_formulas.h"

namespace netlet::NETLET_ISA {

namespace {

constexpr int64_t block = 256;

// ---- functions of n doubles -----------------------------------------------------------------------------------------
#define NETLET_MAP(name, ...)                                                                                          \
    NETLET_NOINLINE void name##_of(const double* from, double* to, int64_t n) {                                        \
        using V = Vec<double>;                                                                                         \
        for (int64_t i = 0; i < n; i += V::width) {                                                                    \
            const int64_t m = n - i < V::width ? n - i : V::width;                                                     \
            const V x = V::load_n(from + i, m);                                                                        \
            (__VA_ARGS__).store_n(to + i, m);                                                                          \
        }                                                                                                              \
    }
NETLET_SPECIAL_VALUES(NETLET_MAP)
#undef NETLET_MAP
#define NETLET_MAP(name, ...)                                                                                          \
    NETLET_NOINLINE void name##_of(const double* a, const double* b, double* to, int64_t n) {                          \
        using V = Vec<double>;                                                                                         \
        for (int64_t i = 0; i < n; i += V::width) {                                                                    \
            const int64_t m = n - i < V::width ? n - i : V::width;                                                     \
            const V x = V::load_n(a + i, m), y = V::load_n(b + i, m);                                                  \
            (__VA_ARGS__).store_n(to + i, m);                                                                          \
        }                                                                                                              \
    }
NETLET_SPECIAL_FLOATS(NETLET_MAP)
#undef NETLET_MAP

void compute(UnaryOp op, const double* x, double* y, int64_t n) {
#define NETLET_MAP(name, ...)                                                                                          \
    case UnaryOp::name: return name##_of(x, y, n);
    switch (op) {
        NETLET_SPECIAL_VALUES(NETLET_MAP)
        default: return;
    }
#undef NETLET_MAP
}
void compute(BinaryOp op, const double* a, const double* b, double* y, int64_t n) {
#define NETLET_MAP(name, ...)                                                                                          \
    case BinaryOp::name: return name##_of(a, b, y, n);
    switch (op) {
        NETLET_SPECIAL_FLOATS(NETLET_MAP)
        default: return;
    }
#undef NETLET_MAP
}

// n numbers as doubles: x itself, or converted or repeated (step 0) into `buffer`.
template <class T> NETLET_INLINE const double* doubles(const T* x, int64_t step, int64_t n, double* buffer) {
    if constexpr (sizeof(T) == sizeof(double))
        if (step) return x;
    for (int64_t i = 0; i < n; ++i) buffer[i] = (double)x[i * step];
    return buffer;
}

template <class T> NETLET_INLINE void unary_special(const UnaryArgs<T>& a, Range r) {
    double x[block], y[block];
    for (int64_t i = r.begin; i < r.end; i += block) {
        const int64_t n = r.end - i < block ? r.end - i : block;
        if constexpr (sizeof(T) == sizeof(double)) {
            compute(a.op, a.x + i, a.y + i, n);
        } else {
            compute(a.op, doubles(a.x + i, 1, n, x), y, n);
            for (int64_t k = 0; k < n; ++k) a.y[i + k] = (T)y[k];
        }
    }
}

template <class T> NETLET_INLINE void binary_special_floats(const BinaryArgs<T>& a, Range r) {
    const int last = a.nest.rank - 1;
    const int64_t a_step = a.nest.stride[0][last], b_step = a.nest.stride[1][last];
    double p[block], q[block], y[block];
    for_rows(a.nest, r, [&](const int64_t (&at)[2], int64_t first, int64_t count) {
        const T *pa = a.a + at[0], *pb = a.b + at[1];
        T* to = a.y + first;
        if (a.op == BinaryOp::nextafter) {
            for (int64_t k = 0; k < count; ++k) to[k] = next_after(pa[k * a_step], pb[k * b_step]);
            return;
        }
        for (int64_t i = 0; i < count; i += block) {
            const int64_t n = count - i < block ? count - i : block;
            const double *x1 = doubles(pa + i * a_step, a_step, n, p), *x2 = doubles(pb + i * b_step, b_step, n, q);
            compute(a.op, x1, x2, y, n);
            for (int64_t k = 0; k < n; ++k) to[i + k] = (T)y[k];
        }
    });
}

template <class T, class F> NETLET_INLINE void binary_special_rows(const BinaryArgs<T>& a, Range r, const F& f) {
    const int last = a.nest.rank - 1;
    const bool a_row = a.nest.stride[0][last] != 0, b_row = a.nest.stride[1][last] != 0;
    for_rows(a.nest, r, [&](const int64_t (&at)[2], int64_t i, int64_t n) {
        const T *NETLET_RESTRICT pa = a.a + at[0], *NETLET_RESTRICT pb = a.b + at[1];
        T* NETLET_RESTRICT y = a.y + i;
        if (!b_row) {
            const T b = *pb;
            if (a_row)
                for (int64_t k = 0; k < n; ++k) y[k] = f(pa[k], b);
            else
                for (int64_t k = 0; k < n; ++k) y[k] = f(*pa, b);
        } else if (!a_row) {
            const T one = *pa;
            for (int64_t k = 0; k < n; ++k) y[k] = f(one, pb[k]);
        } else {
            for (int64_t k = 0; k < n; ++k) y[k] = f(pa[k], pb[k]);
        }
    });
}

template <class T> NETLET_INLINE void binary_special_integers(const BinaryArgs<T>& a, Range r) {
#define NETLET_MAP(name, ...)                                                                                          \
    case BinaryOp::name: return binary_special_rows(a, r, [](T x, T y) -> T { return __VA_ARGS__; });
    switch (a.op) {
        NETLET_SPECIAL_INTEGERS(NETLET_MAP)
        default: return;
    }
#undef NETLET_MAP
}

}  // namespace

NETLET_DEFINE_KERNEL(unary_special_f32, UnaryArgs<float>) { unary_special(a, r); }
NETLET_DEFINE_KERNEL(unary_special_f64, UnaryArgs<double>) { unary_special(a, r); }
NETLET_DEFINE_KERNEL(binary_special_f32, BinaryArgs<float>) { binary_special_floats(a, r); }
NETLET_DEFINE_KERNEL(binary_special_f64, BinaryArgs<double>) { binary_special_floats(a, r); }
NETLET_DEFINE_KERNEL(binary_special_i32, BinaryArgs<int32_t>) { binary_special_integers(a, r); }
NETLET_DEFINE_KERNEL(binary_special_i64, BinaryArgs<int64_t>) { binary_special_integers(a, r); }
NETLET_DEFINE_KERNEL(binary_special_i8, BinaryArgs<int8_t>) { binary_special_integers(a, r); }
NETLET_DEFINE_KERNEL(binary_special_u8, BinaryArgs<uint8_t>) { binary_special_integers(a, r); }

}  // namespace netlet::NETLET_ISA
