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

enum class DType : uint8_t { f32, f64, f16, bf16, i8, u8, i32, i64, boolean };

// The bits of a half: float16 (1 sign, 5 exponent, 10 mantissa; IEEE binary16) and bfloat16 (1, 8, 7: the upper half of a
// float32). They are stored, moved and converted (simd/half.h); arithmetic is done in float32.
struct Float16 {
    uint16_t bits;
};
struct BFloat16 {
    uint16_t bits;
};

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

// The same with the type of its arguments, which Tape::emit checks. A kernel chosen by dtype lists the arguments of each
// choice; `which` is the one taken.
template <class... Args> struct KernelOf : Kernel {
    int which = 0;
};

}  // namespace netlet
