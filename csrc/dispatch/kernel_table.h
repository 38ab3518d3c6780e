// The table generated from kernels.def: an index for each kernel, and one array of function pointers per ISA.
// Included by per-ISA files; plain types only.
#pragma once
#include "base/types.h"

namespace netlet {

// The arguments of all kernels; csrc/ops/<op>/<op>_args.h defines them.
#define NETLET_KERNEL(name, Args) struct Args;
#define NETLET_KERNEL_OF(name, Args, T) template <class> struct Args;
#include "dispatch/kernels.def"
#undef NETLET_KERNEL

// A kernel's index in every table.
enum class KernelIndex : uint16_t {
#define NETLET_KERNEL(name, Args) name,
#include "dispatch/kernels.def"
#undef NETLET_KERNEL
    count
};

// The kernels of one ISA. An overlay has null where its base's kernel is used.
struct KernelTable {
    const KernelTable* base;
    KernelFn fn[(size_t)KernelIndex::count];
};

}  // namespace netlet
