// 16 bytes of numbers in one thread of a GPU: for update formulas that a GPU shares with the CPU. See vec.h for the
// interface; of it, this file has what those formulas use. The operations round one by one, as the CPU's do: nvcc would
// otherwise contract a * b + c to one rounding, and the bits would differ.
#pragma once
#include <math.h>

#include "base/types.h"

namespace netlet::NETLET_ISA {

#if defined(__CUDA_ARCH__)
#define NETLET_DEVICE_OP(T, name, symbol, intrinsic)                                                                   \
    NETLET_INLINE T name(T a, T b) { return intrinsic(a, b); }
#else
#define NETLET_DEVICE_OP(T, name, symbol, intrinsic)                                                                   \
    NETLET_INLINE T name(T a, T b) { return a symbol b; }
#endif
NETLET_DEVICE_OP(float, rounded_sum, +, __fadd_rn)
NETLET_DEVICE_OP(float, rounded_difference, -, __fsub_rn)
NETLET_DEVICE_OP(float, rounded_product, *, __fmul_rn)
NETLET_DEVICE_OP(float, rounded_quotient, /, __fdiv_rn)
NETLET_DEVICE_OP(double, rounded_sum, +, __dadd_rn)
NETLET_DEVICE_OP(double, rounded_difference, -, __dsub_rn)
NETLET_DEVICE_OP(double, rounded_product, *, __dmul_rn)
NETLET_DEVICE_OP(double, rounded_quotient, /, __ddiv_rn)
#undef NETLET_DEVICE_OP

template <class T> struct Vec {
    using Scalar = T;
    static constexpr int width = 16 / (int)sizeof(T);
    struct Mask {
        bool m[width];
    };
    struct alignas(16) Bytes {
        T r[width];
    };
    T r[width];

    static NETLET_MEMBER_INLINE Vec set1(T s) {
        Vec v;
        for (int j = 0; j < width; ++j) v.r[j] = s;
        return v;
    }
    static NETLET_MEMBER_INLINE Vec zero() { return set1(T(0)); }
    static NETLET_MEMBER_INLINE Vec iota() {
        Vec v;
        for (int j = 0; j < width; ++j) v.r[j] = T(j);
        return v;
    }
    static NETLET_MEMBER_INLINE Vec load(const T* p) { return load_n(p, width); }
    static NETLET_MEMBER_INLINE Vec load_n(const T* p, int64_t n) {
        Vec v;
        for (int j = 0; j < width; ++j) v.r[j] = j < n ? p[j] : T(0);
        return v;
    }
    NETLET_MEMBER_INLINE void store(T* p) const { store_n(p, width); }
    NETLET_MEMBER_INLINE void store_n(T* p, int64_t n) const {
        for (int j = 0; j < width; ++j)
            if (j < n) p[j] = r[j];
    }
    // One access of 16 bytes, at a multiple of 16 bytes.
    static NETLET_MEMBER_INLINE Vec load_aligned(const T* p) {
        const Bytes b = *reinterpret_cast<const Bytes*>(p);
        Vec v;
        for (int j = 0; j < width; ++j) v.r[j] = b.r[j];
        return v;
    }
    NETLET_MEMBER_INLINE void store_aligned(T* p) const {
        Bytes b;
        for (int j = 0; j < width; ++j) b.r[j] = r[j];
        *reinterpret_cast<Bytes*>(p) = b;
    }
};

// y[j] = f(a[j], b[j], ...)
template <class T, class F, class... V>
NETLET_INLINE Vec<T> each_lane(const F& f, const V&... v) {
    Vec<T> y;
    for (int j = 0; j < Vec<T>::width; ++j) y.r[j] = f(v.r[j]...);
    return y;
}
template <class T, class F>
NETLET_INLINE typename Vec<T>::Mask compare_lanes(const F& f, Vec<T> a, Vec<T> b) {
    typename Vec<T>::Mask y;
    for (int j = 0; j < Vec<T>::width; ++j) y.m[j] = f(a.r[j], b.r[j]);
    return y;
}

#define NETLET_DEVICE_VEC(T, S)                                                                                        \
    NETLET_INLINE Vec<T> operator+(Vec<T> a, Vec<T> b) {                                                               \
        return each_lane<T>([](T x, T y) { return rounded_sum(x, y); }, a, b);                                         \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> operator-(Vec<T> a, Vec<T> b) {                                                               \
        return each_lane<T>([](T x, T y) { return rounded_difference(x, y); }, a, b);                                  \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> operator*(Vec<T> a, Vec<T> b) {                                                               \
        return each_lane<T>([](T x, T y) { return rounded_product(x, y); }, a, b);                                     \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> operator/(Vec<T> a, Vec<T> b) {                                                               \
        return each_lane<T>([](T x, T y) { return rounded_quotient(x, y); }, a, b);                                    \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> operator-(Vec<T> a) {                                                                         \
        return each_lane<T>([](T x) { return -x; }, a);                                                                \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {                                                           \
        return each_lane<T>([](T x, T y, T z) { return ::fma##S(x, y, z); }, a, b, c);                                 \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {                                                                     \
        return each_lane<T>([](T x, T y) { return x < y || x != x ? x : y; }, a, b);                                   \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {                                                                     \
        return each_lane<T>([](T x, T y) { return x > y || x != x ? x : y; }, a, b);                                   \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> abs(Vec<T> a) {                                                                               \
        return each_lane<T>([](T x) { return ::fabs##S(x); }, a);                                                      \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> copysign(Vec<T> a, Vec<T> sign) {                                                             \
        return each_lane<T>([](T x, T y) { return ::copysign##S(x, y); }, a, sign);                                    \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> sqrt(Vec<T> a) {                                                                              \
        return each_lane<T>([](T x) { return ::sqrt##S(x); }, a);                                                      \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> pow(Vec<T> a, Vec<T> b) {                                                                     \
        return each_lane<T>([](T x, T y) { return (T)::pow((double)x, (double)y); }, a, b);                            \
    }                                                                                                                  \
    NETLET_INLINE Vec<T>::Mask lt(Vec<T> a, Vec<T> b) {                                                                \
        return compare_lanes<T>([](T x, T y) { return x < y; }, a, b);                                                 \
    }                                                                                                                  \
    NETLET_INLINE Vec<T>::Mask gt(Vec<T> a, Vec<T> b) {                                                                \
        return compare_lanes<T>([](T x, T y) { return x > y; }, a, b);                                                 \
    }                                                                                                                  \
    NETLET_INLINE Vec<T>::Mask eq(Vec<T> a, Vec<T> b) {                                                                \
        return compare_lanes<T>([](T x, T y) { return x == y; }, a, b);                                                \
    }                                                                                                                  \
    NETLET_INLINE Vec<T> select(Vec<T>::Mask m, Vec<T> a, Vec<T> b) {                                                  \
        Vec<T> y;                                                                                                      \
        for (int j = 0; j < Vec<T>::width; ++j) y.r[j] = m.m[j] ? a.r[j] : b.r[j];                                     \
        return y;                                                                                                      \
    }
NETLET_DEVICE_VEC(float, f)
NETLET_DEVICE_VEC(double, )
#undef NETLET_DEVICE_VEC

}  // namespace netlet::NETLET_ISA
