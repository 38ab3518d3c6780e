// Compiled once per ISA, like the kernels: lists this ISA's own functions in the order of kernels.def.
#include "dispatch/kernel_table.h"

namespace netlet::NETLET_ISA {

#define NETLET_KERNEL(name) void name(const void* args, Range r);
#include "dispatch/kernels.def"
#undef NETLET_KERNEL

extern const KernelTable table;
const KernelTable table = {{
#define NETLET_KERNEL(name) &name,
#include "dispatch/kernels.def"
#undef NETLET_KERNEL
}};

}  // namespace netlet::NETLET_ISA
