#include <string.h>

#include "dispatch/kernel.h"
#include "ops/elementwise/elementwise_args.h"
#include "ops/elementwise/elementwise_formulas.h"
#include "simd/each_vector.h"
#include "simd/scalar_lane.h"
#include "simd/streaming_store.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

// ---- y = f(a, b) ----------------------------------------------------------------------------------------------------
// Computes n elements of a row. After broadcasting and merging of axes, each operand is contiguous or one number
// (stride 0).
template <class V, bool a_row, bool b_row, class T, class F>
NETLET_INLINE void binary_row(const T* a, const T* b, T* y, int64_t n, const F& f, bool streaming = false) {
    const V a0 = V::set1(*a), b0 = V::set1(*b);
    int64_t i = 0;
    if (streams<V> && streaming && (uintptr_t)y % (V::width * sizeof(T)) == 0)
        for (; i + V::width <= n; i += V::width)
            streaming_store(f(a_row ? V::load(a + i) : a0, b_row ? V::load(b + i) : b0), y + i);
    for (; i + V::width <= n; i += V::width) f(a_row ? V::load(a + i) : a0, b_row ? V::load(b + i) : b0).store(y + i);
    if (const int64_t m = n - i; m > 0)
        f(a_row ? V::load_n(a + i, m) : a0, b_row ? V::load_n(b + i, m) : b0).store_n(y + i, m);
}

// (rows, few columns) op (few columns,): the short operand is first repeated to a longer row, so that vectors are full.
template <class V, bool a_short, class T, class F>
NETLET_INLINE void binary_short_rows(const BinaryArgs<T>& a, Range r, const F& f) {
    const int64_t n = a.nest.extent[1], whole = 256 / n * n, wanted = (r.end - r.begin + n - 1) / n * n;
    const int64_t span = wanted < whole ? wanted : whole;
    const T* few = a_short ? a.a : a.b;
    T unrolled[256 + 64];
    memcpy(unrolled, few, (size_t)n * sizeof(T));
    for (int64_t have = n, left; (left = span + n - have) > 0; have *= 2)
        memcpy(unrolled + have, unrolled, (size_t)(left < have ? left : have) * sizeof(T));
    for (int64_t i = r.begin; i < r.end; i += span) {
        const T* row = unrolled + i % n;
        const int64_t m = span < r.end - i ? span : r.end - i;
        if (a_short)
            binary_row<V, true, true>(row, a.b + i, a.y + i, m, f);
        else
            binary_row<V, true, true>(a.a + i, row, a.y + i, m, f);
    }
}

template <bool may_stream, class T, class F>
NETLET_INLINE void binary_with(const BinaryArgs<T>& a, Range r, const F& f) {
    using V = typename VectorOf<T>::type;
    const bool streaming = may_stream && a.streaming;
    const Strided<2>& s = a.nest;
    const int last = s.rank - 1;
    const bool a_row = s.stride[0][last] != 0, b_row = s.stride[1][last] != 0;
    if (s.rank == 2 && a_row && b_row && s.extent[1] <= 64) {
        if (s.stride[1][0] == 0) return binary_short_rows<V, false>(a, r, f);
        if (s.stride[0][0] == 0) return binary_short_rows<V, true>(a, r, f);
    }
    for_rows(s, r, [&](const int64_t (&at)[2], int64_t i, int64_t n) NETLET_INLINE_LAMBDA {
        const T *pa = a.a + at[0], *pb = a.b + at[1];
        if (!b_row)
            binary_row<V, true, false>(pa, pb, a.y + i, n, f, streaming);
        else if (!a_row)
            binary_row<V, false, true>(pa, pb, a.y + i, n, f, streaming);
        else
            binary_row<V, true, true>(pa, pb, a.y + i, n, f, streaming);
    });
    if (streaming) finish_streaming();
}

#define NETLET_BINARY(expression)                                                                                      \
    return binary_with<true>(a, r, [](auto x, auto y) NETLET_INLINE_LAMBDA { return expression; })
template <class T>
NETLET_INLINE void binary(const BinaryArgs<T>& a, Range r) {
    switch (a.op) {
        case BinaryOp::add: NETLET_BINARY(x + y);
        case BinaryOp::subtract: NETLET_BINARY(x - y);
        case BinaryOp::multiply: NETLET_BINARY(x * y);
        case BinaryOp::maximum: NETLET_BINARY(max(x, y));
        case BinaryOp::minimum: NETLET_BINARY(min(x, y));
        default: break;
    }
    if constexpr (T(0.5) != T(0)) {
        if (a.op == BinaryOp::divide) NETLET_BINARY(x / y);
        if (a.op == BinaryOp::power)
            return binary_with<false>(a, r, [](auto x, auto y) NETLET_INLINE_LAMBDA { return pow(x, y); });
    }
}
#undef NETLET_BINARY

NETLET_DEFINE_KERNEL(binary_f32, BinaryArgs<float>) { binary(a, r); }
NETLET_DEFINE_KERNEL(binary_f64, BinaryArgs<double>) { binary(a, r); }
NETLET_DEFINE_KERNEL(binary_i32, BinaryArgs<int32_t>) { binary(a, r); }
NETLET_DEFINE_KERNEL(binary_i64, BinaryArgs<int64_t>) { binary(a, r); }
NETLET_DEFINE_KERNEL(binary_i8, BinaryArgs<int8_t>) { binary(a, r); }
NETLET_DEFINE_KERNEL(binary_u8, BinaryArgs<uint8_t>) { binary(a, r); }

// ---- gradients of binary operations ---------------------------------------------------------------------------------
template <class V, bool p_row, bool q_row, class T, class F>
NETLET_INLINE void binary_bwd_row(const T* p, const T* q, const T* dy, T* dx, int64_t n, bool accumulate, const F& f) {
    const V p0 = V::set1(*p), q0 = V::set1(*q);
    for (int64_t i = 0; i < n; i += V::width) {
        const int64_t m = n - i;
        if (m >= V::width) {
            V d = f(V::load(dy + i), p_row ? V::load(p + i) : p0, q_row ? V::load(q + i) : q0);
            if (accumulate) d = V::load(dx + i) + d;
            d.store(dx + i);
        } else {
            V d = f(V::load_n(dy + i, m), p_row ? V::load_n(p + i, m) : p0, q_row ? V::load_n(q + i, m) : q0);
            if (accumulate) d = V::load_n(dx + i, m) + d;
            d.store_n(dx + i, m);
        }
    }
}

template <class T, class F>
NETLET_INLINE void binary_bwd_with(const BinaryBackwardArgs<T>& a, Range r, const F& f) {
    using V = Vec<T>;
    const int last = a.nest.rank - 1;
    const bool p_row = a.nest.stride[0][last] != 0, q_row = a.nest.stride[1][last] != 0;
    for_rows(a.nest, r, [&](const int64_t (&at)[2], int64_t i, int64_t n) NETLET_INLINE_LAMBDA {
        const T *p = a.p + at[0], *q = a.q + at[1], *dy = a.dy + i;
        if (p_row && q_row)
            binary_bwd_row<V, true, true>(p, q, dy, a.dx + i, n, a.accumulate, f);
        else if (p_row)
            binary_bwd_row<V, true, false>(p, q, dy, a.dx + i, n, a.accumulate, f);
        else if (q_row)
            binary_bwd_row<V, false, true>(p, q, dy, a.dx + i, n, a.accumulate, f);
        else
            binary_bwd_row<V, false, false>(p, q, dy, a.dx + i, n, a.accumulate, f);
    });
}

template <class T>
NETLET_INLINE void binary_bwd(const BinaryBackwardArgs<T>& a, Range r) {
    using V = Vec<T>;
#define NETLET_GRADIENT(name, ...)                                                                                     \
    case BinaryGrad::name:                                                                                             \
        return binary_bwd_with(a, r, [](V dy, V p, V q) NETLET_INLINE_LAMBDA {                                         \
            (void)p;                                                                                                   \
            return __VA_ARGS__;                                                                                        \
        });
    switch (a.op) { NETLET_BINARY_GRADIENTS(NETLET_GRADIENT) }
#undef NETLET_GRADIENT
}

NETLET_DEFINE_KERNEL(binary_bwd_f32, BinaryBackwardArgs<float>) { binary_bwd(a, r); }
NETLET_DEFINE_KERNEL(binary_bwd_f64, BinaryBackwardArgs<double>) { binary_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
