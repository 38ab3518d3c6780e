#include "dispatch/kernel.h"
#include "ops/elementwise/broadcast_ties.h"
#include "ops/elementwise/elementwise_args.h"
#include "simd/each_vector.h"
#include "simd/vmath.h"

namespace netlet::NETLET_ISA {

// ---- y = f(x) -------------------------------------------------------------------------------------------------------
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
        NETLET_MAP(tan, tan(x))
        NETLET_MAP(exp2, exp2(x))
        NETLET_MAP(log2, log2(x))
        NETLET_MAP(log10, log10(x))
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

// ---- dx = dy f'(x); x or y is the operand that the op table names as saved ------------------------------------------
template <class T>
NETLET_INLINE void unary_bwd(const UnaryBackwardArgs<T>& a, Range r) {
    using V = Vec<T>;
    const V one = V::set1(1), half = V::set1((T)0.5), two = V::set1(2), lo = V::set1(a.lo), hi = V::set1(a.hi);
    const V two_over_root_pi = V::set1((T)1.1283791670955125739);
#define NETLET_MAP(name, saved_name, expression)                                                                       \
    case UnaryOp::name:                                                                                                \
        return each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {                                     \
            const V saved_name = lanes.load(a.saved + i), dy = lanes.load(a.dy + i);                                   \
            (void)saved_name;                                                                                          \
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
        NETLET_MAP(exp2, y, dy * (y * V::set1((T)0.69314718055994530942)))
        NETLET_MAP(log2, x, dy / (x * V::set1((T)0.69314718055994530942)))
        NETLET_MAP(log10, x, dy / (x * V::set1((T)2.3025850929940456840)))
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
