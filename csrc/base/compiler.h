// All that is not standard C++: what GCC, Clang, NVCC and MSVC each spell in their own way. No other file uses their
// attributes, builtins or pragmas (tests/structure/test_compiler_extensions.py). Included by the per-ISA kernel files,
// so: macros and functions that are forced inline (base/types.h says why).
//
// The branches for MSVC are written from its documentation; no MSVC has compiled them so far
// (docs/internals/releasing.md).
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(_MSC_VER) && !defined(__clang__)
#define NETLET_MSVC
#include <intrin.h>
#elif defined(__x86_64__) && !defined(__CUDACC__)
#include <cpuid.h>
#endif

// What both compilers call this processor.
#if defined(__x86_64__) || defined(_M_X64)
#define NETLET_X86_64
#elif defined(__aarch64__) || defined(_M_ARM64)
#define NETLET_AARCH64
#endif

#if defined(__CUDACC__)
#define NETLET_INLINE static __host__ __device__ __forceinline__
#define NETLET_MEMBER_INLINE __host__ __device__ __forceinline__
#define NETLET_RESTRICT __restrict__
#elif defined(NETLET_MSVC)
#define NETLET_INLINE static __forceinline
#define NETLET_MEMBER_INLINE __forceinline
#define NETLET_RESTRICT __restrict
#else
#define NETLET_INLINE static inline __attribute__((always_inline))
#define NETLET_MEMBER_INLINE inline __attribute__((always_inline))
#define NETLET_RESTRICT __restrict__
#endif

// After a lambda's parameters. NETLET_UNROLL(n) stands before a loop; it changes speed, never results.
#if defined(NETLET_MSVC)
#define NETLET_INLINE_LAMBDA
#define NETLET_NOINLINE __declspec(noinline)
#define NETLET_EXPORT __declspec(dllexport)
#define NETLET_UNROLL(n)
#else
#if defined(__CUDACC__)
#define NETLET_INLINE_LAMBDA
#else
#define NETLET_INLINE_LAMBDA __attribute__((always_inline))
#endif
#define NETLET_NOINLINE __attribute__((noinline))
#define NETLET_EXPORT __attribute__((visibility("default")))
#define NETLET_PRAGMA(text) _Pragma(#text)
#define NETLET_UNROLL(n) NETLET_PRAGMA(GCC unroll n)
#endif

// GCC 12's immintrin.h initialises its "undefined" vectors with themselves and then warns about it (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#define NETLET_IMMINTRIN_BEGIN                                                                                         \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wuninitialized\"")                               \
        _Pragma("GCC diagnostic ignored \"-Wmaybe-uninitialized\"")
#define NETLET_IMMINTRIN_END _Pragma("GCC diagnostic pop")
#else
#define NETLET_IMMINTRIN_BEGIN
#define NETLET_IMMINTRIN_END
#endif

#define NETLET_BIT_CAST(type, x) __builtin_bit_cast(type, x)  // std::bit_cast, whose header is not for the kernel files

// Doubles, as constants of the compiler: <limits> is not for the kernel files.
#if defined(NETLET_MSVC)
#define NETLET_INFINITY __builtin_huge_val()
#define NETLET_NAN __builtin_nan("0")
#else
#define NETLET_INFINITY __builtin_inf()
#define NETLET_NAN __builtin_nan("")
#endif

// Single instructions, for which GCC's intrinsics compile badly (simd/gemm_dot.h): sum += a . b, and result = f(a) or
// f(a, b). MSVC has no inline assembly and takes the intrinsic.
#if defined(NETLET_MSVC)
#define NETLET_ASM_ACCUMULATE(instruction, intrinsic, sum, a, b) ((sum) = intrinsic(sum, a, b))
#define NETLET_ASM_UNARY(instruction, intrinsic, result, a) ((result) = NETLET_BIT_CAST(decltype(result), intrinsic(a)))
#define NETLET_ASM_BINARY(instruction, intrinsic, result, a, b)                                                        \
    ((result) = NETLET_BIT_CAST(decltype(result), intrinsic(a, b)))
#else
#define NETLET_ASM_ACCUMULATE(instruction, intrinsic, sum, a, b)                                                       \
    asm(instruction " %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))
#define NETLET_ASM_UNARY(instruction, intrinsic, result, a) asm(instruction " %1, %0" : "=v"(result) : "v"(a))
#define NETLET_ASM_BINARY(instruction, intrinsic, result, a, b)                                                        \
    asm(instruction " %2, %1, %0" : "=v"(result) : "v"(a), "v"(b))
#endif

// The floating-point control register of AArch64.
#if defined(NETLET_MSVC)
#define NETLET_READ_FPCR(x) ((x) = _ReadStatusReg(ARM64_FPCR))
#define NETLET_WRITE_FPCR(x) _WriteStatusReg(ARM64_FPCR, x)
#else
#define NETLET_READ_FPCR(x) asm volatile("mrs %0, fpcr" : "=r"(x))
#define NETLET_WRITE_FPCR(x) asm volatile("msr fpcr, %0" : : "r"((uint64_t)(x)) : "memory")
#endif

// Inside a loop whose iterations the compiler must not combine: it takes the pointer p for changed.
#if defined(NETLET_MSVC)
#define NETLET_KEEP_SCALAR(p)
#else
#define NETLET_KEEP_SCALAR(p) asm volatile("" : "+r"(p))
#endif

#if defined(NETLET_MSVC)
#define NETLET_PREFETCH(p) _mm_prefetch((const char*)(p), _MM_HINT_T0)
#define NETLET_PREFETCH_FAR(p) _mm_prefetch((const char*)(p), _MM_HINT_T1)
#else
#define NETLET_PREFETCH(p) __builtin_prefetch(p)
#define NETLET_PREFETCH_FAR(p) __builtin_prefetch(p, 0, 2)
#endif

namespace netlet {

// *result = a + b, a - b, a * b in the type of *result, wrapped around where it does not fit; true if it does not fit.
#if defined(NETLET_MSVC)
NETLET_INLINE bool add_overflows(int64_t a, int64_t b, int64_t* result) {
    *result = (int64_t)((uint64_t)a + (uint64_t)b);
    return ((a ^ *result) & (b ^ *result)) < 0;
}
NETLET_INLINE bool subtract_overflows(int64_t a, int64_t b, int64_t* result) {
    *result = (int64_t)((uint64_t)a - (uint64_t)b);
    return ((a ^ b) & (a ^ *result)) < 0;
}
NETLET_INLINE bool multiply_overflows(int64_t a, int64_t b, int64_t* result) {
    *result = (int64_t)((uint64_t)a * (uint64_t)b);
    return __mulh(a, b) != *result >> 63;
}
// The narrower types: what they compute fits into 64 bits.
template <class T>
NETLET_INLINE bool narrowed(int64_t exact, T* result) {
    *result = (T)exact;
    return *result != exact;
}
template <class T> NETLET_INLINE bool add_overflows(T a, T b, T* result) {
    return narrowed((int64_t)a + (int64_t)b, result);
}
template <class T> NETLET_INLINE bool subtract_overflows(T a, T b, T* result) {
    return narrowed((int64_t)a - (int64_t)b, result);
}
template <class T> NETLET_INLINE bool multiply_overflows(T a, T b, T* result) {
    return narrowed((int64_t)a * (int64_t)b, result);
}
#else
template <class T> NETLET_INLINE bool add_overflows(T a, T b, T* result) {
    return __builtin_add_overflow(a, b, result);
}
template <class T> NETLET_INLINE bool subtract_overflows(T a, T b, T* result) {
    return __builtin_sub_overflow(a, b, result);
}
template <class T> NETLET_INLINE bool multiply_overflows(T a, T b, T* result) {
    return __builtin_mul_overflow(a, b, result);
}
#endif

// Whether the sign bit is set: also that of -0 and of NaN.
#if defined(NETLET_MSVC)
NETLET_INLINE bool sign_bit(float x) { return NETLET_BIT_CAST(int32_t, x) < 0; }
NETLET_INLINE bool sign_bit(double x) { return NETLET_BIT_CAST(int64_t, x) < 0; }
#else
template <class T> NETLET_INLINE bool sign_bit(T x) { return __builtin_signbit(x) != 0; }
#endif

// The upper 64 bits of the product.
NETLET_INLINE uint64_t multiply_high(uint64_t a, uint64_t b) {
#if defined(NETLET_MSVC)
    return __umulh(a, b);
#else
    __extension__ using Wide = unsigned __int128;
    return (uint64_t)((Wide)a * b >> 64);
#endif
}

// Waits a little inside a loop that polls a variable, so that the core's other thread may run.
NETLET_INLINE void pause_polling() {
#if defined(NETLET_MSVC) && defined(NETLET_X86_64)
    _mm_pause();
#elif defined(NETLET_MSVC)
    __yield();
#elif defined(NETLET_X86_64)
    __builtin_ia32_pause();
#elif defined(NETLET_AARCH64)
    asm volatile("yield");
#endif
}

#if defined(NETLET_X86_64) && !defined(__CUDACC__)
struct CpuId {
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// The CPUID instruction; zeros where the CPU does not know the leaf.
NETLET_INLINE CpuId cpuid(uint32_t leaf, uint32_t subleaf) {
    CpuId id;
#if defined(NETLET_MSVC)
    int registers[4];
    __cpuid(registers, 0);
    if ((uint32_t)registers[0] < leaf) return id;
    __cpuidex(registers, (int)leaf, (int)subleaf);
    id = {(uint32_t)registers[0], (uint32_t)registers[1], (uint32_t)registers[2], (uint32_t)registers[3]};
#else
    if (!__get_cpuid_count(leaf, subleaf, &id.eax, &id.ebx, &id.ecx, &id.edx)) id = {};
#endif
    return id;
}

// Which registers the operating system saves (XCR0). Only for CPUs with OSXSAVE.
NETLET_INLINE uint64_t saved_registers() {
#if defined(NETLET_MSVC)
    return _xgetbv(0);
#else
    uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
#endif
}
#endif

}  // namespace netlet
