#include "dispatch/kernel.h"
#include "ops/elementwise/elementwise_args.h"

namespace netlet::NETLET_ISA {

// Plain loops: the compiler vectorizes them and converts the masks to bytes by itself.
template <class Args, class F>
NETLET_INLINE void logical_rows(const Args& a, Range r, const F& f) {
    const int last = a.nest.rank - 1;
    const bool a_row = a.nest.stride[0][last] != 0, b_row = a.nest.stride[1][last] != 0;
    for_rows(a.nest, r, [&](const int64_t (&at)[2], int64_t i, int64_t n) {
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

#define NETLET_LOGICAL(expression) return logical_rows(a, r, [](auto x, auto y) -> uint8_t { return expression; })
template <class T>
NETLET_INLINE void compare(const CompareArgs<T>& a, Range r) {
    switch (a.op) {
        case CompareOp::equal: NETLET_LOGICAL(x == y);
        case CompareOp::not_equal: NETLET_LOGICAL(x != y);
        case CompareOp::less: NETLET_LOGICAL(x < y);
        case CompareOp::less_equal: NETLET_LOGICAL(x <= y);
        case CompareOp::greater: NETLET_LOGICAL(x > y);
        case CompareOp::greater_equal: NETLET_LOGICAL(x >= y);
    }
}

NETLET_DEFINE_KERNEL(compare_f32, CompareArgs<float>) { compare(a, r); }
NETLET_DEFINE_KERNEL(compare_f64, CompareArgs<double>) { compare(a, r); }
NETLET_DEFINE_KERNEL(compare_i32, CompareArgs<int32_t>) { compare(a, r); }
NETLET_DEFINE_KERNEL(compare_i64, CompareArgs<int64_t>) { compare(a, r); }
NETLET_DEFINE_KERNEL(compare_i8, CompareArgs<int8_t>) { compare(a, r); }
NETLET_DEFINE_KERNEL(compare_u8, CompareArgs<uint8_t>) { compare(a, r); }

NETLET_DEFINE_KERNEL(logical, LogicalArgs) {
    switch (a.op) {
        case LogicalOp::logical_and: NETLET_LOGICAL(x & y);
        case LogicalOp::logical_or: NETLET_LOGICAL(x | y);
        case LogicalOp::logical_xor: NETLET_LOGICAL(x ^ y);
    }
}
#undef NETLET_LOGICAL

template <class T>
NETLET_INLINE void classify(const ClassifyArgs<T>& a, Range r) {
    const T infinite = (T)NETLET_INFINITY;
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
        case ClassifyOp::isposinf:
            for (int64_t i = r.begin; i < r.end; ++i) y[i] = x[i] == infinite;
            return;
        case ClassifyOp::isneginf:
            for (int64_t i = r.begin; i < r.end; ++i) y[i] = x[i] == -infinite;
            return;
        case ClassifyOp::signbit:
            for (int64_t i = r.begin; i < r.end; ++i) y[i] = sign_bit(x[i]);
            return;
    }
}

NETLET_DEFINE_KERNEL(classify_f32, ClassifyArgs<float>) { classify(a, r); }
NETLET_DEFINE_KERNEL(classify_f64, ClassifyArgs<double>) { classify(a, r); }

// ---- where ----------------------------------------------------------------------------------------------------------
template <class Bits>
NETLET_INLINE void where_as(const WhereArgs& w, Range r) {
    const int last = w.nest.rank - 1;
    const int64_t c_step = w.nest.stride[0][last], a_step = w.nest.stride[1][last], b_step = w.nest.stride[2][last];
    for_rows(w.nest, r, [&](const int64_t (&at)[3], int64_t i, int64_t n) {
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
    if (a.bytes == 4)
        where_as<uint32_t>(a, r);
    else if (a.bytes == 2)
        where_as<uint16_t>(a, r);
    else if (a.bytes == 8)
        where_as<uint64_t>(a, r);
    else
        where_as<uint8_t>(a, r);
}

}  // namespace netlet::NETLET_ISA
