// Selects kernels that exist for float32, float64, int32 and int64, and some also for int8 and uint8.
#pragma once
#include "base/dtype.h"
#include "base/error.h"
#include "dispatch/dispatch.h"

namespace netlet {

// Selects a kernel by the type t. Pass the kernels in the order float32, float64, int32, int64[, int8, uint8].
template <class... Args>
KernelOf<Args...> number_kernel(DType t, KernelIdOf<Args>... kernels) {
    const KernelIndex each[] = {kernels.index...};
    const int which = t == DType::f32   ? 0
                      : t == DType::f64 ? 1
                      : t == DType::i32 ? 2
                      : t == DType::i64 ? 3
                      : t == DType::i8  ? 4
                                        : 5;
    return {kernel_at(each[which]), which};
}

inline bool is_number(DType t) { return is_floating(t) || t == DType::i32 || t == DType::i64; }

// Calls f with a zero of the C++ type of t: with_float (dispatch.h) for float32, float64, int32 and int64.
template <class F>
void with_number(DType t, F f) {
    switch (t) {
        case DType::f32: return f(float{});
        case DType::f64: return f(double{});
        case DType::i32: return f(int32_t{});
        case DType::i64: return f(int64_t{});
        default: throw TypeError(std::string("expected float32, float64, int32 or int64, received ") + name_of(t));
    }
}

// The same for these types, int8, uint8 and bool; a bool is a uint8 that is 0 or 1.
template <class F>
void with_number_or_byte(DType t, F f) {
    if (t == DType::i8) return f(int8_t{});
    if (t == DType::u8 || t == DType::boolean) return f(uint8_t{});
    with_number(t, f);
}

}  // namespace netlet

// The kernel `name` for a number type: NETLET_NUMBER_KERNEL(reduce, x->dtype).
#define NETLET_NUMBER_KERNEL(name, dtype)                                                                              \
    ::netlet::number_kernel(dtype, ::netlet::KernelId::name##_f32, ::netlet::KernelId::name##_f64,                     \
                            ::netlet::KernelId::name##_i32, ::netlet::KernelId::name##_i64)

// The same for kernels that exist for int8 and uint8 too.
#define NETLET_NUMBER_OR_BYTE_KERNEL(name, dtype)                                                                      \
    ::netlet::number_kernel(dtype, ::netlet::KernelId::name##_f32, ::netlet::KernelId::name##_f64,                     \
                            ::netlet::KernelId::name##_i32, ::netlet::KernelId::name##_i64,                            \
                            ::netlet::KernelId::name##_i8, ::netlet::KernelId::name##_u8)
