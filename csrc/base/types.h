// Plain types that every layer of netlet shares. Included by the per-ISA kernel files, so: no STL beyond
// fixed-width integers, and every function forced inline. The linker could choose the copy of an ordinary inline
// function that was compiled with AVX-512 flags, use it in all files, and so crash an older CPU.
#pragma once
#include "base/compiler.h"

namespace netlet {

enum class DType : uint8_t { f32, f64, f16, bf16, i8, u8, i32, i64, boolean };

// The bits of a half: float16 (1 sign, 5 exponent, 10 mantissa; IEEE binary16) and bfloat16 (1, 8, 7: the upper half
// of a float32). They are stored, moved and converted (simd/half.h); arithmetic is done in float32.
struct Float16 {
    uint16_t bits;
};
struct BFloat16 {
    uint16_t bits;
};

// A half-open interval of work units. Each kernel defines what one unit is: an element, a row, a tile.
struct Range {
    int64_t begin, end;
};

// The type of every kernel. A kernel is single-threaded, allocates nothing and throws nothing
// (docs/internals/architecture.md).
using KernelFn = void (*)(const void* args, Range range);

// A kernel as chosen by dispatch: the function to call, and the names that describe() prints.
struct Kernel {
    KernelFn fn;
    const char* name;
    const char* isa;
    uint16_t index;  // in every table of kernels
};

// A Kernel with the type of its arguments, which Tape::emit checks. A kernel that is chosen by dtype lists the argument
// type of each choice; `which` is the index of the choice.
template <class... Args> struct KernelOf : Kernel {
    int which = 0;
};

}  // namespace netlet
