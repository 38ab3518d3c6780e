// Division, remainders, shifts and divisors of integers. They never trap: x / 0 and the lowest number / -1 have defined
// results, those of XLA, which Keras on JAX has too.
#pragma once
#include "base/types.h"

namespace netlet::NETLET_ISA {

template <class T> NETLET_INLINE bool is_negative(T x) { return (T)-1 < 0 && x < 0; }

// floor(a / b). x / 0 is the highest number of an unsigned type; of a signed type -1 for x = 0, else -2.
template <class T> NETLET_INLINE T floor_divided(T a, T b) {
    const bool is_signed = (T)-1 < 0;
    if (b == 0) return is_signed ? (T)(a == 0 ? -1 : -2) : (T)-1;
    if (is_signed && b == (T)-1) return (T)(0 - (uint64_t)a);
    const T q = (T)(a / b);
    return a % b != 0 && is_negative(a) != is_negative(b) ? (T)(q - 1) : q;
}
// The rest a - b floor(a / b), with the sign of b; 0 for b = 0.
template <class T> NETLET_INLINE T floor_rest(T a, T b) {
    if (b == 0 || ((T)-1 < 0 && b == (T)-1)) return 0;
    const T r = (T)(a % b);
    return r != 0 && is_negative(r) != is_negative(b) ? (T)(r + b) : r;
}
// The rest of C's division, with the sign of a; 0 for b = 0.
template <class T> NETLET_INLINE T truncated_rest(T a, T b) {
    return b == 0 || ((T)-1 < 0 && b == (T)-1) ? (T)0 : (T)(a % b);
}

// Shifts by the width or more, and by negative numbers, shift every bit out: the result is 0, or -1 for a >> n, a < 0.
template <class T> NETLET_INLINE T shifted_left(T a, T n) {
    return is_negative(n) || n >= (T)(8 * sizeof(T)) ? (T)0 : (T)((uint64_t)a << n);
}
template <class T> NETLET_INLINE T shifted_right(T a, T n) {
    if (is_negative(n) || n >= (T)(8 * sizeof(T))) return is_negative(a) ? (T)-1 : (T)0;
    return (T)(a >> n);
}

template <class T> NETLET_INLINE uint64_t magnitude(T a) { return is_negative(a) ? 0 - (uint64_t)a : (uint64_t)a; }
NETLET_INLINE uint64_t common_divisor(uint64_t a, uint64_t b) {  // Euclid
    while (b != 0) {
        const uint64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}
template <class T> NETLET_INLINE T greatest_divisor(T a, T b) { return (T)common_divisor(magnitude(a), magnitude(b)); }
template <class T> NETLET_INLINE T least_multiple(T a, T b) {
    if (a == 0 || b == 0) return 0;
    const T product = (T)(magnitude(a) / common_divisor(magnitude(a), magnitude(b)) * magnitude(b));
    return is_negative(product) ? (T)(0 - (uint64_t)product) : product;
}

}  // namespace netlet::NETLET_ISA
