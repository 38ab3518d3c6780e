// What every kernel file includes. Not kernels.def: a new kernel recompiles its own file and the tables, no other kernel.
#pragma once
#include "base/types.h"

// Defines a kernel inside the ISA's namespace:
//     NETLET_DEFINE_KERNEL(relu_fwd_f32, ReluArgs) { for (int64_t i = r.begin; i < r.end; ++i) ... a.x[i] ... }
// with `a` the arguments and `r` the range. The outer function has the one type that plans call. Its symbol names Args as
// well, and isa_table.cpp looks for the Args that kernels.def lists: a definition that differs from the list does not link.
#define NETLET_DEFINE_KERNEL(name, Args)                                                                               \
    static void name##_body(const Args& a, Range r);                                                                   \
    template <class> void name(const void* args, Range r);                                                             \
    template <> void name<Args>(const void* args, Range r) { name##_body(*static_cast<const Args*>(args), r); }        \
    static void name##_body([[maybe_unused]] const Args& a, [[maybe_unused]] Range r)
