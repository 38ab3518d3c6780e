// The one loop that turns elements of one type into another; shared by cast and by feed (which casts as it gathers).
#pragma once
#include <string.h>

#include "base/types.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE int64_t element_bytes(DType t) {
    return t == DType::f32 || t == DType::i32 ? 4 : t == DType::f64 || t == DType::i64 ? 8 : 1;
}

template <class From, class To>
NETLET_INLINE void convert_loop(const void* x, void* y, int64_t n) {
    const From* NETLET_RESTRICT from = static_cast<const From*>(x);
    To* NETLET_RESTRICT to = static_cast<To*>(y);
    for (int64_t i = 0; i < n; ++i) to[i] = (To)from[i];
}

template <class From>
NETLET_INLINE void convert_to(DType to, const void* x, void* y, int64_t n) {
    switch (to) {
        case DType::f32: return convert_loop<From, float>(x, y, n);
        case DType::f64: return convert_loop<From, double>(x, y, n);
        case DType::i8: return convert_loop<From, int8_t>(x, y, n);
        case DType::u8: return convert_loop<From, uint8_t>(x, y, n);
        case DType::i32: return convert_loop<From, int32_t>(x, y, n);
        case DType::i64: return convert_loop<From, int64_t>(x, y, n);
        case DType::boolean: return convert_loop<From, bool>(x, y, n);
    }
}

// n elements of type `from` at x to type `to` at y.
static inline void convert(DType from, DType to, const void* x, void* y, int64_t n) {
    if (from == to) {
        memcpy(y, x, (size_t)(n * element_bytes(from)));
        return;
    }
    switch (from) {
        case DType::f32: return convert_to<float>(to, x, y, n);
        case DType::f64: return convert_to<double>(to, x, y, n);
        case DType::i8: return convert_to<int8_t>(to, x, y, n);
        case DType::u8: return convert_to<uint8_t>(to, x, y, n);
        case DType::i32: return convert_to<int32_t>(to, x, y, n);
        case DType::i64: return convert_to<int64_t>(to, x, y, n);
        case DType::boolean: return convert_to<bool>(to, x, y, n);
    }
}

}  // namespace netlet::NETLET_ISA
