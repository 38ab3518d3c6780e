// Properties of element types. Per-ISA kernel files include types.h instead.
#pragma once
#include <cstddef>

#include "base/types.h"

namespace netlet {

inline size_t size_of(DType t) {
    switch (t) {
        case DType::f32:
        case DType::i32: return 4;
        case DType::f64:
        case DType::i64: return 8;
        case DType::f16:
        case DType::bf16: return 2;
        default: return 1;
    }
}

inline const char* name_of(DType t) {
    switch (t) {
        case DType::f32: return "float32";
        case DType::f64: return "float64";
        case DType::f16: return "float16";
        case DType::bf16: return "bfloat16";
        case DType::i8: return "int8";
        case DType::u8: return "uint8";
        case DType::i32: return "int32";
        case DType::i64: return "int64";
        default: return "bool";
    }
}

inline bool is_floating(DType t) { return t == DType::f32 || t == DType::f64; }  // float kernels compute in these
inline bool is_half(DType t) { return t == DType::f16 || t == DType::bf16; }     // stored only; computed in float32
inline bool has_gradient(DType t) { return is_floating(t) || is_half(t); }
// Gradients of halves are float32, because they are sums of many small terms.
inline DType gradient_dtype(DType t) { return is_half(t) ? DType::f32 : t; }

template <class T> struct dtype_of;
template <> struct dtype_of<float> {
    static constexpr DType value = DType::f32;
};
template <> struct dtype_of<double> {
    static constexpr DType value = DType::f64;
};
template <> struct dtype_of<Float16> {
    static constexpr DType value = DType::f16;
};
template <> struct dtype_of<BFloat16> {
    static constexpr DType value = DType::bf16;
};
template <> struct dtype_of<int8_t> {
    static constexpr DType value = DType::i8;
};
template <> struct dtype_of<uint8_t> {
    static constexpr DType value = DType::u8;
};
template <> struct dtype_of<int32_t> {
    static constexpr DType value = DType::i32;
};
template <> struct dtype_of<int64_t> {
    static constexpr DType value = DType::i64;
};

}  // namespace netlet
