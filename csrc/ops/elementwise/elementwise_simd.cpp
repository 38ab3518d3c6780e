#include "dispatch/kernel_table.h"
#include "ops/elementwise/elementwise_args.h"
#include "simd/lanes.h"
#include "simd/scalar_lane.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

// ---- y = f(a, b) -----------------------------------------------------------------------------------------------------
// n elements of a row. Broadcasting and merging leave each operand either contiguous or one number (step 0).
template <class V, bool a_row, bool b_row, class T, class F>
NETLET_INLINE void binary_row(const T* a, const T* b, T* y, int64_t n, const F& f) {
    const V a0 = V::set1(*a), b0 = V::set1(*b);
    int64_t i = 0;
    for (; i + V::width <= n; i += V::width) f(a_row ? V::load(a + i) : a0, b_row ? V::load(b + i) : b0).store(y + i);
    if (const int64_t m = n - i; m > 0) f(a_row ? V::load_n(a + i, m) : a0, b_row ? V::load_n(b + i, m) : b0).store_n(y + i, m);
}

// (rows, few columns) op (few columns,): the short operand is unrolled to a longer row first, so that the vectors are full.
template <class V, bool a_short, class T, class F>
NETLET_INLINE void binary_short_rows(const BinaryArgs<T>& a, Range r, const F& f) {
    const int64_t n = a.nest.extent[1], whole = 256 / n * n, wanted = (r.end - r.begin + n - 1) / n * n;
    const int64_t span = wanted < whole ? wanted : whole;
    const T* few = a_short ? a.a : a.b;
    T unrolled[256 + 64];
    for (int64_t i = 0; i < n; ++i) unrolled[i] = few[i];
    for (int64_t i = n; i < span + n; ++i) unrolled[i] = unrolled[i - n];
    for (int64_t i = r.begin; i < r.end; i += span) {
        const T* row = unrolled + i % n;
        const int64_t m = span < r.end - i ? span : r.end - i;
        if (a_short) binary_row<V, true, true>(row, a.b + i, a.y + i, m, f);
        else binary_row<V, true, true>(a.a + i, row, a.y + i, m, f);
    }
}

template <class T, class F>
NETLET_INLINE void binary_with(const BinaryArgs<T>& a, Range r, const F& f) {
    using V = typename VectorOf<T>::type;
    const Strided<2>& s = a.nest;
    const int last = s.rank - 1;
    const bool a_row = s.stride[0][last] != 0, b_row = s.stride[1][last] != 0;
    if (s.rank == 2 && a_row && b_row && s.extent[1] <= 64) {
        if (s.stride[1][0] == 0) return binary_short_rows<V, false>(a, r, f);
        if (s.stride[0][0] == 0) return binary_short_rows<V, true>(a, r, f);
    }
    for_rows(s, r, [&](const int64_t(&at)[2], int64_t i, int64_t n) NETLET_INLINE_LAMBDA {
        const T *pa = a.a + at[0], *pb = a.b + at[1];
        if (!b_row) binary_row<V, true, false>(pa, pb, a.y + i, n, f);
        else if (!a_row) binary_row<V, false, true>(pa, pb, a.y + i, n, f);
        else binary_row<V, true, true>(pa, pb, a.y + i, n, f);
    });
}

#define NETLET_BINARY(expression) return binary_with(a, r, [](auto x, auto y) NETLET_INLINE_LAMBDA { return expression; })
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
        if (a.op == BinaryOp::power) NETLET_BINARY(pow(x, y));
    }
}
#undef NETLET_BINARY

NETLET_DEFINE_KERNEL(binary_f32, BinaryArgs<float>) { binary(a, r); }
NETLET_DEFINE_KERNEL(binary_f64, BinaryArgs<double>) { binary(a, r); }
NETLET_DEFINE_KERNEL(binary_i32, BinaryArgs<int32_t>) { binary(a, r); }
NETLET_DEFINE_KERNEL(binary_i64, BinaryArgs<int64_t>) { binary(a, r); }

// ---- gradients of binary operations ----------------------------------------------------------------------------------
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
    for_rows(a.nest, r, [&](const int64_t(&at)[2], int64_t i, int64_t n) NETLET_INLINE_LAMBDA {
        const T *p = a.p + at[0], *q = a.q + at[1], *dy = a.dy + i;
        if (p_row && q_row) binary_bwd_row<V, true, true>(p, q, dy, a.dx + i, n, a.accumulate, f);
        else if (p_row) binary_bwd_row<V, true, false>(p, q, dy, a.dx + i, n, a.accumulate, f);
        else if (q_row) binary_bwd_row<V, false, true>(p, q, dy, a.dx + i, n, a.accumulate, f);
        else binary_bwd_row<V, false, false>(p, q, dy, a.dx + i, n, a.accumulate, f);
    });
}

// Where both operands are the extreme, each gets half, as in JAX.
template <class V>
NETLET_INLINE V share_of_extreme(V dy, V p, V q, V extreme) {
    const V mine = select(eq(p, extreme), dy, V::zero());
    return select(eq(p, q), mine * V::set1(0.5f), mine);
}

template <class T>
NETLET_INLINE void binary_bwd(const BinaryBackwardArgs<T>& a, Range r) {
    using V = Vec<T>;
#define NETLET_GRADIENT(...) return binary_bwd_with(a, r, [](V dy, V p, V q) NETLET_INLINE_LAMBDA { (void)p; __VA_ARGS__; })
    switch (a.op) {
        case BinaryGrad::factor: NETLET_GRADIENT(return dy * q);
        case BinaryGrad::dividend: NETLET_GRADIENT(return dy / q);
        case BinaryGrad::divisor: NETLET_GRADIENT(return -((dy / p) * (q / p)));
        case BinaryGrad::base:  // x^0 is flat, even where q - 1 would make a pole of it
            NETLET_GRADIENT(return select(eq(q, V::zero()), V::zero(), dy * (q * pow(p, q - V::set1(1)))));
        case BinaryGrad::exponent:  // 0^p is flat too, where log would make NaN of it
            NETLET_GRADIENT(return dy * (pow(q, p) * log(select(eq(q, V::zero()), V::set1(1), q))));
        case BinaryGrad::maximum: NETLET_GRADIENT(return share_of_extreme(dy, p, q, max(p, q)));
        case BinaryGrad::minimum: NETLET_GRADIENT(return share_of_extreme(dy, p, q, min(p, q)));
    }
#undef NETLET_GRADIENT
}

NETLET_DEFINE_KERNEL(binary_bwd_f32, BinaryBackwardArgs<float>) { binary_bwd(a, r); }
NETLET_DEFINE_KERNEL(binary_bwd_f64, BinaryBackwardArgs<double>) { binary_bwd(a, r); }

// ---- truth values ----------------------------------------------------------------------------------------------------
// Plain loops: the compiler narrows the masks to bytes itself.
template <class Args, class F>
NETLET_INLINE void truth_with(const Args& a, Range r, const F& f) {
    const int last = a.nest.rank - 1;
    const bool a_row = a.nest.stride[0][last] != 0, b_row = a.nest.stride[1][last] != 0;
    for_rows(a.nest, r, [&](const int64_t(&at)[2], int64_t i, int64_t n) {
        const auto *NETLET_RESTRICT pa = a.a + at[0], *NETLET_RESTRICT pb = a.b + at[1];
        uint8_t* NETLET_RESTRICT y = a.y + i;
        if (!b_row)
            for (int64_t k = 0; k < n; ++k) y[k] = f(pa[k], *pb);
        else if (!a_row)
            for (int64_t k = 0; k < n; ++k) y[k] = f(*pa, pb[k]);
        else
            for (int64_t k = 0; k < n; ++k) y[k] = f(pa[k], pb[k]);
    });
}

#define NETLET_TRUTH(expression) return truth_with(a, r, [](auto x, auto y) -> uint8_t { return expression; })
template <class T>
NETLET_INLINE void compare(const CompareArgs<T>& a, Range r) {
    switch (a.op) {
        case CompareOp::equal: NETLET_TRUTH(x == y);
        case CompareOp::not_equal: NETLET_TRUTH(x != y);
        case CompareOp::less: NETLET_TRUTH(x < y);
        case CompareOp::less_equal: NETLET_TRUTH(x <= y);
        case CompareOp::greater: NETLET_TRUTH(x > y);
        case CompareOp::greater_equal: NETLET_TRUTH(x >= y);
    }
}

NETLET_DEFINE_KERNEL(compare_f32, CompareArgs<float>) { compare(a, r); }
NETLET_DEFINE_KERNEL(compare_f64, CompareArgs<double>) { compare(a, r); }
NETLET_DEFINE_KERNEL(compare_i32, CompareArgs<int32_t>) { compare(a, r); }
NETLET_DEFINE_KERNEL(compare_i64, CompareArgs<int64_t>) { compare(a, r); }

NETLET_DEFINE_KERNEL(logical, LogicalArgs) {
    switch (a.op) {
        case LogicalOp::logical_and: NETLET_TRUTH(x & y);
        case LogicalOp::logical_or: NETLET_TRUTH(x | y);
        case LogicalOp::logical_xor: NETLET_TRUTH(x ^ y);
    }
}
#undef NETLET_TRUTH

template <class T>
NETLET_INLINE void classify(const ClassifyArgs<T>& a, Range r) {
    const T infinite = (T)__builtin_inf();
    const T* NETLET_RESTRICT x = a.x;
    uint8_t* NETLET_RESTRICT y = a.y;
    switch (a.op) {
        case ClassifyOp::isfinite:
            for (int64_t i = r.begin; i < r.end; ++i) y[i] = (x[i] > -infinite) & (x[i] < infinite);
            return;
        case ClassifyOp::isnan:
            for (int64_t i = r.begin; i < r.end; ++i) y[i] = x[i] != x[i];
            return;
        case ClassifyOp::isinf:
            for (int64_t i = r.begin; i < r.end; ++i) y[i] = (x[i] == -infinite) | (x[i] == infinite);
            return;
    }
}

NETLET_DEFINE_KERNEL(classify_f32, ClassifyArgs<float>) { classify(a, r); }
NETLET_DEFINE_KERNEL(classify_f64, ClassifyArgs<double>) { classify(a, r); }

// ---- where -----------------------------------------------------------------------------------------------------------
template <class Bits>
NETLET_INLINE void where_as(const WhereArgs& w, Range r) {
    const int last = w.nest.rank - 1;
    const int64_t c_step = w.nest.stride[0][last], a_step = w.nest.stride[1][last], b_step = w.nest.stride[2][last];
    for_rows(w.nest, r, [&](const int64_t(&at)[3], int64_t i, int64_t n) {
        const uint8_t* c = w.c + at[0];
        const Bits *a = static_cast<const Bits*>(w.a) + at[1], *b = static_cast<const Bits*>(w.b) + at[2];
        Bits* NETLET_RESTRICT y = static_cast<Bits*>(w.y) + i;
        if (c_step && a_step && b_step)
            for (int64_t k = 0; k < n; ++k) y[k] = c[k] ? a[k] : b[k];
        else if (c_step && a_step)
            for (int64_t k = 0; k < n; ++k) y[k] = c[k] ? a[k] : *b;
        else
            for (int64_t k = 0; k < n; ++k) y[k] = c[k * c_step] ? a[k * a_step] : b[k * b_step];
    });
}

NETLET_DEFINE_KERNEL(where, WhereArgs) {
    if (a.bytes == 4) where_as<uint32_t>(a, r);
    else if (a.bytes == 8) where_as<uint64_t>(a, r);
    else where_as<uint8_t>(a, r);
}

// ---- y = f(x) --------------------------------------------------------------------------------------------------------
template <class V> NETLET_INLINE V sign(V x) {
    return select(gt(x, V::zero()), V::set1(1), select(lt(x, V::zero()), V::set1(-1), x));
}
template <class V> NETLET_INLINE V clamp(V x, V lo, V hi) { return min(max(x, lo), hi); }

template <class T>
NETLET_INLINE void unary(const UnaryArgs<T>& a, Range r) {
    using V = Vec<T>;
    const V one = V::set1(1), lo = V::set1(a.lo), hi = V::set1(a.hi);
#define NETLET_MAP(name, expression)                                                                                   \
    case UnaryOp::name:                                                                                                \
        return each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {                                     \
            const V x = lanes.load(a.x + i);                                                                           \
            lanes.store(expression, a.y + i);                                                                          \
        });
    switch (a.op) {
        NETLET_MAP(negative, -x)
        NETLET_MAP(abs, abs(x))
        NETLET_MAP(exp, exp(x))
        NETLET_MAP(log, log(x))
        NETLET_MAP(log1p, log1p(x))
        NETLET_MAP(expm1, expm1(x))
        NETLET_MAP(sqrt, sqrt(x))
        NETLET_MAP(rsqrt, one / sqrt(x))
        NETLET_MAP(square, x * x)
        NETLET_MAP(sin, sin(x))
        NETLET_MAP(cos, cos(x))
        NETLET_MAP(tan, sin(x) / cos(x))
        NETLET_MAP(erf, erf(x))
        NETLET_MAP(reciprocal, one / x)
        NETLET_MAP(clip, clamp(x, lo, hi))
        NETLET_MAP(sign, sign(x))
        NETLET_MAP(floor, floor(x))
        NETLET_MAP(ceil, -floor(-x))
        NETLET_MAP(round, round_even(x))
    }
#undef NETLET_MAP
}

NETLET_DEFINE_KERNEL(unary_f32, UnaryArgs<float>) { unary(a, r); }
NETLET_DEFINE_KERNEL(unary_f64, UnaryArgs<double>) { unary(a, r); }

// ---- dx = dy f'(x); x and y name what the op table says was kept -----------------------------------------------------
template <class T>
NETLET_INLINE void unary_bwd(const UnaryBackwardArgs<T>& a, Range r) {
    using V = Vec<T>;
    const V one = V::set1(1), half = V::set1((T)0.5), two = V::set1(2), lo = V::set1(a.lo), hi = V::set1(a.hi);
    const V two_over_root_pi = V::set1((T)1.1283791670955125739);
#define NETLET_MAP(name, kept_name, expression)                                                                        \
    case UnaryOp::name:                                                                                                \
        return each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {                                     \
            const V kept_name = lanes.load(a.kept + i), dy = lanes.load(a.dy + i);                                     \
            (void)kept_name;                                                                                           \
            const V d = expression;                                                                                    \
            lanes.store(a.accumulate ? lanes.load(a.dx + i) + d : d, a.dx + i);                                        \
        });
    switch (a.op) {
        NETLET_MAP(negative, x, -dy)
        NETLET_MAP(abs, x, dy * sign(x))
        NETLET_MAP(exp, y, dy * y)
        NETLET_MAP(log, x, dy / x)
        NETLET_MAP(log1p, x, dy / (one + x))
        NETLET_MAP(expm1, y, dy * (y + one))
        NETLET_MAP(sqrt, y, dy * (half / y))
        NETLET_MAP(rsqrt, y, dy * (-half * (y * y * y)))
        NETLET_MAP(square, x, dy * (two * x))
        NETLET_MAP(sin, x, dy * cos(x))
        NETLET_MAP(cos, x, dy * -sin(x))
        NETLET_MAP(tan, y, dy * (one + y * y))
        NETLET_MAP(erf, x, dy * (two_over_root_pi * exp(-(x * x))))
        NETLET_MAP(reciprocal, y, dy * -(y * y))
        // minimum(maximum(x, lo), hi): half of dy at each bound that x equals, as in JAX.
        NETLET_MAP(clip, x, share_of_extreme(share_of_extreme(dy, max(x, lo), hi, clamp(x, lo, hi)), x, lo, max(x, lo)))
        default: return;
    }
#undef NETLET_MAP
}

NETLET_DEFINE_KERNEL(unary_bwd_f32, UnaryBackwardArgs<float>) { unary_bwd(a, r); }
NETLET_DEFINE_KERNEL(unary_bwd_f64, UnaryBackwardArgs<double>) { unary_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
