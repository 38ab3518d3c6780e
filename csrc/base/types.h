// Plain types that every layer of netlet shares. Included by the per-ISA kernel files, so: no STL beyond
// fixed-width integers, and every function forced inline. An ordinary inline function compiled with AVX-512
// flags could be the copy that the linker keeps for everyone, and then crash an older CPU.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(_MSC_VER)
#define NETLET_INLINE static __forceinline
#define NETLET_MEMBER_INLINE __forceinline
#define NETLET_RESTRICT __restrict
#else
#define NETLET_INLINE static inline __attribute__((always_inline))
#define NETLET_MEMBER_INLINE inline __attribute__((always_inline))
#define NETLET_RESTRICT __restrict__
#endif

namespace netlet {

enum class DType : uint8_t { f32, f64, i8, u8, i32, i64, boolean };

// A half-open interval of work units. What one unit is (an element, a row, a tile) is the kernel's own business.
struct Range {
    int64_t begin, end;
};

// Every kernel has this one type: single-threaded, allocates nothing, throws nothing (DESIGN.md, "Laws of a kernel").
using KernelFn = void (*)(const void* args, Range range);

// A kernel as chosen by dispatch: what to call, and what describe() prints about it.
struct Kernel {
    KernelFn fn;
    const char* name;
    const char* isa;
};

}  // namespace netlet
