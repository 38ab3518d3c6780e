// Every kernel file includes this header. It does not include kernels.def, so that a new kernel recompiles only its own
// file and the tables.
#pragma once
#include "base/types.h"

// Defines a kernel inside the ISA's namespace:
//     NETLET_DEFINE_KERNEL(relu_fwd_f32, ReluArgs) { for (int64_t i = r.begin; i < r.end; ++i) ... a.x[i] ... }
// with `a` the arguments and `r` the range. The outer function has the type KernelFn, which plans call. Its symbol
// contains Args, and isa_table.cpp refers to the Args that kernels.def lists: a definition that differs from the list
// does not link.
#define NETLET_DEFINE_KERNEL(name, Args)                                                                               \
    static void name##_body(const Args& a, Range r);                                                                   \
    template <class> void name(const void* args, Range r);                                                             \
    template <> void name<Args>(const void* args, Range r) { name##_body(*static_cast<const Args*>(args), r); }        \
    static void name##_body([[maybe_unused]] const Args& a, [[maybe_unused]] Range r)
