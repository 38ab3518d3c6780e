// The table that kernels.def spells out: an id for each kernel, and one array of function pointers per ISA.
// Included by per-ISA files; plain types only.
#pragma once
#include "base/types.h"

namespace netlet {

enum class KernelId : uint16_t {
#define NETLET_KERNEL(name) name,
#include "dispatch/kernels.def"
#undef NETLET_KERNEL
    count
};

struct KernelTable {
    KernelFn fn[(size_t)KernelId::count];
};

}  // namespace netlet

// Defines a kernel inside the ISA's namespace:
//     NETLET_DEFINE_KERNEL(relu_fwd_f32, ReluArgs) { for (int64_t i = r.begin; i < r.end; ++i) ... a.x[i] ... }
// with `a` the arguments and `r` the range. The outer function has the one type that plans call.
#define NETLET_DEFINE_KERNEL(name, Args)                                                                               \
    static void name##_body(const Args& a, Range r);                                                                   \
    void name(const void* args, Range r) { name##_body(*static_cast<const Args*>(args), r); }                          \
    static void name##_body([[maybe_unused]] const Args& a, [[maybe_unused]] Range r)
