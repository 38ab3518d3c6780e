// The loop that converts elements from one type to another, shared by cast and feed (which casts while it gathers).
// Halves convert through float32, which holds them exactly. To a half, integers convert to float32 first, and float64
// is rounded once (narrow_to_odd).
#pragma once
#include <string.h>

#include "base/types.h"
#include "simd/each_vector.h"
#include "simd/half.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE int64_t element_bytes(DType t) {
    switch (t) {
        case DType::f64:
        case DType::i64: return 8;
        case DType::f32:
        case DType::i32: return 4;
        case DType::f16:
        case DType::bf16: return 2;
        default: return 1;
    }
}

template <class From, class To>
NETLET_INLINE void convert_loop(const void* x, void* y, int64_t n) {
    const From* NETLET_RESTRICT from = static_cast<const From*>(x);
    To* NETLET_RESTRICT to = static_cast<To*>(y);
    for (int64_t i = 0; i < n; ++i) to[i] = (To)from[i];
}

// ---- halves -------------------------------------------------------------------------------------------------------
constexpr int64_t staged = 512;  // floats on the stack

template <class H>
NETLET_INLINE void widen_halves(const H* x, float* y, int64_t n) {
    using V = Vec<float>;
    int64_t i = 0;
    for (; i + V::width <= n; i += V::width) load_half(x + i).store(y + i);
    if (i < n) load_half_n(x + i, n - i).store_n(y + i, n - i);
}

template <class H>
NETLET_INLINE void to_halves(const float* x, H* y, int64_t n) {
    using V = Vec<float>;
    int64_t i = 0;
    for (; i + V::width <= n; i += V::width) store_half(V::load(x + i), y + i);
    if (i < n) store_half_n(V::load_n(x + i, n - i), y + i, n - i);
}

template <class H>
NETLET_INLINE void to_halves(const double* x, H* y, int64_t n) {
    using V = Vec<double>;
    constexpr int64_t width = Vec<float>::width, upper = width - V::width;  // upper is 0 on the scalar path
    auto clip = [](int64_t m) NETLET_INLINE_LAMBDA { return m < 0 ? 0 : m < V::width ? m : (int64_t)V::width; };
    int64_t i = 0;
    for (; i + width <= n; i += width) store_half(narrow_to_odd(V::load(x + i), V::load(x + i + upper)), y + i);
    if (i < n) {
        const V low = V::load_n(x + i, clip(n - i)), high = V::load_n(x + i + upper, clip(n - i - upper));
        store_half_n(narrow_to_odd(low, high), y + i, n - i);
    }
}

template <class From, class H>
NETLET_INLINE void to_halves(const From* x, H* y, int64_t n) {
    float floats[staged];
    for (int64_t i = 0; i < n; i += staged) {
        const int64_t m = n - i < staged ? n - i : staged;
        convert_loop<From, float>(x + i, floats, m);
        to_halves(floats, y + i, m);
    }
}

// ---- any type to any type -----------------------------------------------------------------------------------------
template <class From>
NETLET_INLINE void convert_to(DType to, const void* x, void* y, int64_t n) {
    switch (to) {
        case DType::f32: return convert_loop<From, float>(x, y, n);
        case DType::f64: return convert_loop<From, double>(x, y, n);
        case DType::f16: return to_halves(static_cast<const From*>(x), static_cast<Float16*>(y), n);
        case DType::bf16: return to_halves(static_cast<const From*>(x), static_cast<BFloat16*>(y), n);
        case DType::i8: return convert_loop<From, int8_t>(x, y, n);
        case DType::u8: return convert_loop<From, uint8_t>(x, y, n);
        case DType::i32: return convert_loop<From, int32_t>(x, y, n);
        case DType::i64: return convert_loop<From, int64_t>(x, y, n);
        case DType::boolean: return convert_loop<From, bool>(x, y, n);
    }
}

template <class H>
NETLET_INLINE void convert_halves(DType to, const void* x, void* y, int64_t n) {
    const H* from = static_cast<const H*>(x);
    if (to == DType::f32) return widen_halves(from, static_cast<float*>(y), n);
    float floats[staged];
    for (int64_t i = 0; i < n; i += staged) {
        const int64_t m = n - i < staged ? n - i : staged;
        widen_halves(from + i, floats, m);
        convert_to<float>(to, floats, static_cast<char*>(y) + i * element_bytes(to), m);
    }
}

// Converts n elements of type `from` at x to type `to` at y.
static inline void convert(DType from, DType to, const void* x, void* y, int64_t n) {
    if (from == to) {
        memcpy(y, x, (size_t)(n * element_bytes(from)));
        return;
    }
    switch (from) {
        case DType::f32: return convert_to<float>(to, x, y, n);
        case DType::f64: return convert_to<double>(to, x, y, n);
        case DType::f16: return convert_halves<Float16>(to, x, y, n);
        case DType::bf16: return convert_halves<BFloat16>(to, x, y, n);
        case DType::i8: return convert_to<int8_t>(to, x, y, n);
        case DType::u8: return convert_to<uint8_t>(to, x, y, n);
        case DType::i32: return convert_to<int32_t>(to, x, y, n);
        case DType::i64: return convert_to<int64_t>(to, x, y, n);
        case DType::boolean: return convert_to<bool>(to, x, y, n);
    }
}

}  // namespace netlet::NETLET_ISA
