#include "dispatch/kernel.h"
#include "ops/elementwise/elementwise_args.h"
#include "ops/elementwise/elementwise_formulas.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

// ---- y = f(x) -------------------------------------------------------------------------------------------------------
template <class T>
NETLET_INLINE void unary(const UnaryArgs<T>& a, Range r) {
    using V = Vec<T>;
    const V one = V::set1(1), lo = V::set1(a.lo), hi = V::set1(a.hi);
#define NETLET_MAP(name, ...)                                                                                          \
    case UnaryOp::name:                                                                                                \
        return each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {                                     \
            const V x = lanes.load(a.x + i);                                                                           \
            lanes.store(__VA_ARGS__, a.y + i);                                                                         \
        });
    switch (a.op) {
        NETLET_UNARY_VALUES(NETLET_MAP)
        default: return;  // unary_special
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
#define NETLET_MAP(name, saved_name, ...)                                                                              \
    case UnaryOp::name:                                                                                                \
        return each_vector<V>(r, [&](auto lanes, int64_t i) NETLET_INLINE_LAMBDA {                                     \
            const V saved_name = lanes.load(a.saved + i), dy = lanes.load(a.dy + i);                                   \
            (void)saved_name;                                                                                          \
            const V d = __VA_ARGS__;                                                                                   \
            lanes.store(a.accumulate ? lanes.load(a.dx + i) + d : d, a.dx + i);                                        \
        });
    switch (a.op) {
        NETLET_UNARY_GRADIENTS(NETLET_MAP)
        default: return;
    }
#undef NETLET_MAP
}

NETLET_DEFINE_KERNEL(unary_bwd_f32, UnaryBackwardArgs<float>) { unary_bwd(a, r); }
NETLET_DEFINE_KERNEL(unary_bwd_f64, UnaryBackwardArgs<double>) { unary_bwd(a, r); }

}  // namespace netlet::NETLET_ISA
