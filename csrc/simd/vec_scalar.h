// One lane, plain C: the reference that every CPU runs, and the vector of a thread of a GPU. See vec.h for the interface.
#pragma once
#include <math.h>
#include <string.h>

#include "base/types.h"

namespace netlet::NETLET_ISA {

template <class T> struct Vec;

// A GPU has a fused multiply-add. Its compiler would also fuse products with sums that are written as two operations:
// __fmul_rn and __dmul_rn forbid it, so that an element has the bits that a CPU with fused operations computes.
#if defined(NETLET_VEC_THREAD)
#if defined(__CUDA_ARCH__)
NETLET_INLINE float multiplied(float a, float b) { return __fmul_rn(a, b); }
NETLET_INLINE double multiplied(double a, double b) { return __dmul_rn(a, b); }
#else
NETLET_INLINE float multiplied(float a, float b) { return a * b; }
NETLET_INLINE double multiplied(double a, double b) { return a * b; }
#endif
NETLET_INLINE float multiply_add(float a, float b, float c) { return ::fmaf(a, b, c); }
NETLET_INLINE double multiply_add(double a, double b, double c) { return ::fma(a, b, c); }
#else
NETLET_INLINE float multiplied(float a, float b) { return a * b; }
NETLET_INLINE double multiplied(double a, double b) { return a * b; }
NETLET_INLINE float multiply_add(float a, float b, float c) { return a * b + c; }
NETLET_INLINE double multiply_add(double a, double b, double c) { return a * b + c; }
#endif

struct Mask1 {
    bool m;
};
NETLET_INLINE Mask1 operator&(Mask1 a, Mask1 b) { return {a.m && b.m}; }
NETLET_INLINE Mask1 operator|(Mask1 a, Mask1 b) { return {a.m || b.m}; }
NETLET_INLINE Mask1 operator!(Mask1 a) { return {!a.m}; }
NETLET_INLINE bool any(Mask1 a) { return a.m; }

#define NETLET_SCALAR_VEC(T)                                                                                           \
    template <> struct Vec<T> {                                                                                        \
        using Scalar = T;                                                                                              \
        using Mask = Mask1;                                                                                            \
        static constexpr int width = 1;                                                                                \
        T r;                                                                                                           \
        static NETLET_MEMBER_INLINE Vec zero() { return {T(0)}; }                                                      \
        static NETLET_MEMBER_INLINE Vec set1(T s) { return {s}; }                                                      \
        static NETLET_MEMBER_INLINE Vec iota() { return {T(0)}; }                                                      \
        static NETLET_MEMBER_INLINE Vec load(const T* p) { return {*p}; }                                              \
        static NETLET_MEMBER_INLINE Vec load_n(const T* p, int64_t n) { return {n > 0 ? *p : T(0)}; }                  \
        NETLET_MEMBER_INLINE void store(T* p) const { *p = r; }                                                        \
        NETLET_MEMBER_INLINE void store_n(T* p, int64_t n) const {                                                     \
            if (n > 0) *p = r;                                                                                         \
        }                                                                                                              \
    };                                                                                                                 \
    NETLET_INLINE Mask1 lt(Vec<T> a, Vec<T> b) { return {a.r < b.r}; }                                                 \
    NETLET_INLINE Mask1 le(Vec<T> a, Vec<T> b) { return {a.r <= b.r}; }                                                \
    NETLET_INLINE Mask1 gt(Vec<T> a, Vec<T> b) { return {a.r > b.r}; }                                                 \
    NETLET_INLINE Mask1 ge(Vec<T> a, Vec<T> b) { return {a.r >= b.r}; }                                                \
    NETLET_INLINE Mask1 eq(Vec<T> a, Vec<T> b) { return {a.r == b.r}; }                                                \
    NETLET_INLINE Mask1 ne(Vec<T> a, Vec<T> b) { return {a.r != b.r}; }                                                \
    NETLET_INLINE Vec<T> select(Mask1 m, Vec<T> a, Vec<T> b) { return m.m ? a : b; }

// min and max return NaN if either operand is NaN.
#define NETLET_SCALAR_FLOAT(T, S)                                                                                      \
    NETLET_SCALAR_VEC(T)                                                                                               \
    NETLET_INLINE Vec<T> operator+(Vec<T> a, Vec<T> b) { return {a.r + b.r}; }                                         \
    NETLET_INLINE Vec<T> operator-(Vec<T> a, Vec<T> b) { return {a.r - b.r}; }                                         \
    NETLET_INLINE Vec<T> operator*(Vec<T> a, Vec<T> b) { return {multiplied(a.r, b.r)}; }                              \
    NETLET_INLINE Vec<T> operator/(Vec<T> a, Vec<T> b) { return {a.r / b.r}; }                                         \
    NETLET_INLINE Vec<T> operator-(Vec<T> a) { return {-a.r}; }                                                        \
    NETLET_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) { return {multiply_add(a.r, b.r, c.r)}; }                   \
    NETLET_INLINE Vec<T> fnma(Vec<T> a, Vec<T> b, Vec<T> c) { return {multiply_add(-a.r, b.r, c.r)}; }                 \
    NETLET_INLINE Vec<T> min(Vec<T> a, Vec<T> b) { return a.r < b.r || a.r != a.r ? a : b; }                           \
    NETLET_INLINE Vec<T> max(Vec<T> a, Vec<T> b) { return a.r > b.r || a.r != a.r ? a : b; }                           \
    NETLET_INLINE Vec<T> abs(Vec<T> a) { return {::fabs##S(a.r)}; }                                                    \
    NETLET_INLINE Vec<T> copysign(Vec<T> a, Vec<T> sign) { return {::copysign##S(a.r, sign.r)}; }                      \
    NETLET_INLINE Vec<T> sqrt(Vec<T> a) { return {::sqrt##S(a.r)}; }                                                   \
    NETLET_INLINE Vec<T> floor(Vec<T> a) { return {::floor##S(a.r)}; }                                                 \
    NETLET_INLINE Vec<T> round_even(Vec<T> a) { return {::rint##S(a.r)}; }                                             \
    NETLET_INLINE Mask1 is_nan(Vec<T> a) { return {a.r != a.r}; }                                                      \
    NETLET_INLINE T reduce_add(Vec<T> a) { return a.r; }                                                               \
    NETLET_INLINE T reduce_max(Vec<T> a) { return a.r; }                                                               \
    NETLET_INLINE T reduce_min(Vec<T> a) { return a.r; }

NETLET_SCALAR_FLOAT(float, f)
NETLET_SCALAR_FLOAT(double, )
NETLET_SCALAR_VEC(int32_t)
#undef NETLET_SCALAR_FLOAT
#undef NETLET_SCALAR_VEC

// ---- int32: wraps around, as the vector instructions do -----------------------------------------------------------
using VecI = Vec<int32_t>;
NETLET_INLINE VecI operator+(VecI a, VecI b) { return {(int32_t)((uint32_t)a.r + (uint32_t)b.r)}; }
NETLET_INLINE VecI operator-(VecI a, VecI b) { return {(int32_t)((uint32_t)a.r - (uint32_t)b.r)}; }
NETLET_INLINE VecI operator*(VecI a, VecI b) { return {(int32_t)((uint32_t)a.r * (uint32_t)b.r)}; }
NETLET_INLINE VecI operator&(VecI a, VecI b) { return {a.r & b.r}; }
NETLET_INLINE VecI operator|(VecI a, VecI b) { return {a.r | b.r}; }
NETLET_INLINE VecI operator^(VecI a, VecI b) { return {a.r ^ b.r}; }
NETLET_INLINE VecI min(VecI a, VecI b) { return a.r < b.r ? a : b; }
NETLET_INLINE VecI max(VecI a, VecI b) { return a.r > b.r ? a : b; }
template <int bits> NETLET_INLINE VecI shl(VecI a) { return {(int32_t)((uint32_t)a.r << bits)}; }
template <int bits> NETLET_INLINE VecI shr(VecI a) { return {a.r >> bits}; }
template <int bits> NETLET_INLINE VecI shr_logical(VecI a) { return {(int32_t)((uint32_t)a.r >> bits)}; }
NETLET_INLINE VecI mulhi_u32(VecI a, VecI b) {
    return {(int32_t)(((uint64_t)(uint32_t)a.r * (uint64_t)(uint32_t)b.r) >> 32)};
}
NETLET_INLINE int32_t reduce_add(VecI a) { return a.r; }

NETLET_INLINE Vec<float> to_float(VecI a) { return {(float)a.r}; }
NETLET_INLINE VecI to_int_round(Vec<float> a) { return {(int32_t)::rintf(a.r)}; }
NETLET_INLINE VecI to_int_trunc(Vec<float> a) { return {(int32_t)a.r}; }
NETLET_INLINE Vec<float> as_float(VecI a) {
    Vec<float> f;
    memcpy(&f.r, &a.r, 4);
    return f;
}
NETLET_INLINE VecI as_int(Vec<float> a) {
    VecI i;
    memcpy(&i.r, &a.r, 4);
    return i;
}

// ---- exponents ----------------------------------------------------------------------------------------------------
NETLET_INLINE Vec<float> pow2(Vec<float> n) { return as_float(shl<23>(to_int_trunc(n) + VecI::set1(127))); }
NETLET_INLINE Vec<double> pow2(Vec<double> n) {
    int64_t bits = ((int64_t)n.r + 1023) << 52;
    Vec<double> v;
    memcpy(&v.r, &bits, 8);
    return v;
}
NETLET_INLINE Vec<float> frexp(Vec<float> x, Vec<float>& e) {
    VecI bits = as_int(x);
    e = to_float(shr<23>(bits) - VecI::set1(126));
    return as_float((bits & VecI::set1(0x007fffff)) | VecI::set1(0x3f000000));
}
NETLET_INLINE Vec<double> frexp(Vec<double> x, Vec<double>& e) {
    int64_t bits;
    memcpy(&bits, &x.r, 8);
    e.r = (double)((bits >> 52) - 1022);
    bits = (bits & 0x000fffffffffffff) | 0x3fe0000000000000;
    Vec<double> m;
    memcpy(&m.r, &bits, 8);
    return m;
}

#define NETLET_VEC_ASSIGN(T)                                                                                           \
    NETLET_INLINE Vec<T>& operator+=(Vec<T>& a, Vec<T> b) { return a = a + b; }                                        \
    NETLET_INLINE Vec<T>& operator-=(Vec<T>& a, Vec<T> b) { return a = a - b; }                                        \
    NETLET_INLINE Vec<T>& operator*=(Vec<T>& a, Vec<T> b) { return a = a * b; }
NETLET_VEC_ASSIGN(float)
NETLET_VEC_ASSIGN(double)
NETLET_VEC_ASSIGN(int32_t)
#undef NETLET_VEC_ASSIGN

}  // namespace netlet::NETLET_ISA
