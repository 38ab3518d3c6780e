// CUDA's functions of one thread. Atomics are plain: all threads run on one thread of the host.
#pragma once
#include <math.h>

#include <cstdint>
#include <cstring>

#define NETLET_DEVICE_FUNCTION inline __attribute__((always_inline))

namespace netlet::sim {
template <class To, class From> NETLET_DEVICE_FUNCTION To bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    std::memcpy(&to, &from, sizeof(To));
    return to;
}
}  // namespace netlet::sim

NETLET_DEVICE_FUNCTION unsigned __float_as_uint(float x) { return netlet::sim::bits<unsigned>(x); }
NETLET_DEVICE_FUNCTION int __float_as_int(float x) { return netlet::sim::bits<int>(x); }
NETLET_DEVICE_FUNCTION float __uint_as_float(unsigned x) { return netlet::sim::bits<float>(x); }
NETLET_DEVICE_FUNCTION float __int_as_float(int x) { return netlet::sim::bits<float>(x); }
NETLET_DEVICE_FUNCTION long long __double_as_longlong(double x) { return netlet::sim::bits<long long>(x); }
NETLET_DEVICE_FUNCTION double __longlong_as_double(long long x) { return netlet::sim::bits<double>(x); }

// Conversions to integers saturate, and NaN is 0.
NETLET_DEVICE_FUNCTION int __float2int_rz(float x) {
    return x != x ? 0 : x >= 2147483648.f ? INT32_MAX : x <= -2147483648.f ? INT32_MIN : (int)x;
}
NETLET_DEVICE_FUNCTION int __float2int_rn(float x) { return __float2int_rz(rintf(x)); }
NETLET_DEVICE_FUNCTION int __float2int_rd(float x) { return __float2int_rz(floorf(x)); }
NETLET_DEVICE_FUNCTION int __float2int_ru(float x) { return __float2int_rz(ceilf(x)); }
NETLET_DEVICE_FUNCTION int __double2int_rz(double x) {
    return x != x ? 0 : x >= 2147483647. ? INT32_MAX : x <= -2147483648. ? INT32_MIN : (int)x;
}
NETLET_DEVICE_FUNCTION int __double2int_rn(double x) { return __double2int_rz(rint(x)); }
NETLET_DEVICE_FUNCTION float __int2float_rn(int x) { return (float)x; }
NETLET_DEVICE_FUNCTION float __uint2float_rn(unsigned x) { return (float)x; }

NETLET_DEVICE_FUNCTION float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
NETLET_DEVICE_FUNCTION double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
NETLET_DEVICE_FUNCTION float __fadd_rn(float a, float b) { return a + b; }
NETLET_DEVICE_FUNCTION float __fsub_rn(float a, float b) { return a - b; }
NETLET_DEVICE_FUNCTION float __fmul_rn(float a, float b) { return a * b; }
NETLET_DEVICE_FUNCTION float __fdiv_rn(float a, float b) { return a / b; }
NETLET_DEVICE_FUNCTION float __fsqrt_rn(float a) { return sqrtf(a); }
NETLET_DEVICE_FUNCTION double __dadd_rn(double a, double b) { return a + b; }
NETLET_DEVICE_FUNCTION double __dsub_rn(double a, double b) { return a - b; }
NETLET_DEVICE_FUNCTION double __dmul_rn(double a, double b) { return a * b; }
NETLET_DEVICE_FUNCTION double __ddiv_rn(double a, double b) { return a / b; }
NETLET_DEVICE_FUNCTION double __dsqrt_rn(double a) { return sqrt(a); }
NETLET_DEVICE_FUNCTION float __expf(float x) { return expf(x); }
NETLET_DEVICE_FUNCTION float __logf(float x) { return logf(x); }
NETLET_DEVICE_FUNCTION float __fdividef(float a, float b) { return a / b; }
NETLET_DEVICE_FUNCTION float rsqrtf(float x) { return 1 / sqrtf(x); }
NETLET_DEVICE_FUNCTION double rsqrt(double x) { return 1 / sqrt(x); }
NETLET_DEVICE_FUNCTION float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1 : 0; }

NETLET_DEVICE_FUNCTION unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((uint64_t)a * b >> 32); }
NETLET_DEVICE_FUNCTION int __mulhi(int a, int b) { return (int)((int64_t)a * b >> 32); }
NETLET_DEVICE_FUNCTION unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}
NETLET_DEVICE_FUNCTION int __popc(unsigned x) { return __builtin_popcount(x); }
NETLET_DEVICE_FUNCTION int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
NETLET_DEVICE_FUNCTION int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
NETLET_DEVICE_FUNCTION int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
NETLET_DEVICE_FUNCTION int __ffs(int x) { return __builtin_ffs(x); }
NETLET_DEVICE_FUNCTION int __ffsll(long long x) { return __builtin_ffsll(x); }
NETLET_DEVICE_FUNCTION unsigned __brev(unsigned x) {
    unsigned y = 0;
    for (int i = 0; i < 32; ++i) y |= (x >> i & 1) << (31 - i);
    return y;
}
template <class T> NETLET_DEVICE_FUNCTION T __ldg(const T* p) { return *p; }

#define NETLET_MIN_MAX(T)                                                                                              \
    NETLET_DEVICE_FUNCTION T min(T a, T b) { return b < a ? b : a; }                                                   \
    NETLET_DEVICE_FUNCTION T max(T a, T b) { return a < b ? b : a; }
NETLET_MIN_MAX(int)
NETLET_MIN_MAX(unsigned)
NETLET_MIN_MAX(long)
NETLET_MIN_MAX(unsigned long)
NETLET_MIN_MAX(long long)
NETLET_MIN_MAX(unsigned long long)
#undef NETLET_MIN_MAX
NETLET_DEVICE_FUNCTION float min(float a, float b) { return fminf(a, b); }
NETLET_DEVICE_FUNCTION float max(float a, float b) { return fmaxf(a, b); }
NETLET_DEVICE_FUNCTION double min(double a, double b) { return fmin(a, b); }
NETLET_DEVICE_FUNCTION double max(double a, double b) { return fmax(a, b); }

// Each returns the value before. The overloads for shared memory are in shared_sim.h.
#define NETLET_ATOMIC(name, result)                                                                                    \
    template <class T, class V> inline T name(T* p, V v) {                                                             \
        const T old = *p, value = (T)v;                                                                                \
        *p = (T)(result);                                                                                              \
        return old;                                                                                                    \
    }
NETLET_ATOMIC(atomicAdd, old + value)
NETLET_ATOMIC(atomicSub, old - value)
NETLET_ATOMIC(atomicMax, value > old ? value : old)
NETLET_ATOMIC(atomicMin, value < old ? value : old)
NETLET_ATOMIC(atomicOr, old | value)
NETLET_ATOMIC(atomicAnd, old& value)
NETLET_ATOMIC(atomicXor, old ^ value)
NETLET_ATOMIC(atomicExch, ((void)old, value))
#undef NETLET_ATOMIC
template <class T, class E, class V> inline T atomicCAS(T* p, E expected, V v) {
    const T old = *p;
    if (old == (T)expected) *p = (T)v;
    return old;
}
