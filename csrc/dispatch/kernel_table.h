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
