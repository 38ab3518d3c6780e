// Conversion of one element from any type to any type, shared by cast and feed. The bits are those of convert.h.
#pragma once
#include "cuda/elements.h"
#include "cuda/vec.h"
#include "simd/half.h"

namespace netlet::cuda {

template <class T> constexpr bool is_half = false;
template <> inline constexpr bool is_half<Float16> = true;
template <> inline constexpr bool is_half<BFloat16> = true;
template <class A, class B> constexpr bool same_type = false;
template <class A> inline constexpr bool same_type<A, A> = true;
template <class T> constexpr bool is_float = same_type<T, float> || same_type<T, double>;

// A number outside the range of To, and NaN, as x86 converts it: the smallest int32 or int64, cut to the bytes of To.
template <class To, class From> __device__ inline To to_integer(From x) {
    if constexpr (sizeof(To) == 8) {
        return x >= (From)-9223372036854775808.0 && x < (From)9223372036854775808.0 ? (To)x : (To)INT64_MIN;
    } else {
        return (To)(x > (From)-2147483904.0 && x < (From)2147483648.0 && (double)x > -2147483649.0 ? (int32_t)x
                                                                                                   : INT32_MIN);
    }
}

template <class To, class From> __device__ inline To converted(From x) {
    if constexpr (same_type<To, From>) {
        return x;
    } else if constexpr (is_half<From>) {
        return converted<To>(gpu::load_half(&x).r);
    } else if constexpr (is_half<To>) {
        To half;
        if constexpr (same_type<From, double>)
            gpu::store_half(gpu::narrow_to_odd({x}, {x}), &half);
        else
            gpu::store_half({(float)x}, &half);
        return half;
    } else if constexpr (is_float<From> && !is_float<To> && !same_type<To, bool>) {
        return to_integer<To>(x);
    } else {
        return (To)x;
    }
}

// Calls f with a value of the C++ type.
template <class F> __device__ inline void with_type(DType t, F f) {
    switch (t) {
        case DType::f32: return f(float{});
        case DType::f64: return f(double{});
        case DType::f16: return f(Float16{});
        case DType::bf16: return f(BFloat16{});
        case DType::i8: return f(int8_t{});
        case DType::u8: return f(uint8_t{});
        case DType::i32: return f(int32_t{});
        case DType::i64: return f(int64_t{});
        case DType::boolean: return f(bool{});
    }
}

}  // namespace netlet::cuda
