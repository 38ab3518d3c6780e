// Kernels that exist for float32, float64, int32 and int64 alike.
#pragma once
#include "base/dtype.h"
#include "base/error.h"
#include "dispatch/dispatch.h"

namespace netlet {

template <class A, class B, class C, class D>
KernelOf<A, B, C, D> number_kernel(DType t, KernelIdOf<A> f32, KernelIdOf<B> f64, KernelIdOf<C> i32,
                                   KernelIdOf<D> i64) {
    const KernelIndex each[] = {f32.index, f64.index, i32.index, i64.index};
    const int which = t == DType::f32 ? 0 : t == DType::f64 ? 1 : t == DType::i32 ? 2 : 3;
    return {kernel_at(each[which]), which};
}

inline bool is_number(DType t) { return is_floating(t) || t == DType::i32 || t == DType::i64; }

// Calls f with a value of the C++ type of t, float32 or float64: with_float(t, [&](auto zero) { using T = decltype(zero);
// ... }).
template <class F>
void with_float(DType t, F f) {
    if (t == DType::f64)
        f(double{});
    else
        f(float{});
}

// The same for all numbers: with_number(t, [&](auto zero) { using T = decltype(zero); ... }).
template <class F>
void with_number(DType t, F f) {
    switch (t) {
        case DType::f32: return f(float{});
        case DType::f64: return f(double{});
        case DType::i32: return f(int32_t{});
        case DType::i64: return f(int64_t{});
        default: throw TypeError(std::string("no arithmetic on ") + name_of(t));
    }
}

}  // namespace netlet

// The kernel `name` for a number type: NETLET_NUMBER_KERNEL(reduce, x->dtype).
#define NETLET_NUMBER_KERNEL(name, dtype)                                                                              \
    ::netlet::number_kernel(dtype, ::netlet::KernelId::name##_f32, ::netlet::KernelId::name##_f64,                     \
                            ::netlet::KernelId::name##_i32, ::netlet::KernelId::name##_i64)
