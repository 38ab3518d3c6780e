// Compiled once per ISA, like the kernels: lists this ISA's functions in the order of kernels.def. An overlay
// (cmake/simd.cmake) has its own functions for the NETLET_DOT_KERNELs and takes all others from its base.
#include "dispatch/kernel_table.h"

#if defined(NETLET_BASE_ISA)
namespace netlet::NETLET_BASE_ISA {
#define NETLET_KERNEL(name) void name(const void* args, Range r);
#include "dispatch/kernels.def"
#undef NETLET_KERNEL
}  // namespace netlet::NETLET_BASE_ISA
#endif

namespace netlet::NETLET_ISA {

#define NETLET_KERNEL(name) void name(const void* args, Range r);
#include "dispatch/kernels.def"
#undef NETLET_KERNEL

extern const KernelTable table;
const KernelTable table = {{
#if defined(NETLET_BASE_ISA)
#define NETLET_KERNEL(name) &NETLET_BASE_ISA::name,
#define NETLET_DOT_KERNEL(name) &NETLET_ISA::name,
#else
#define NETLET_KERNEL(name) &name,
#endif
#include "dispatch/kernels.def"
#undef NETLET_KERNEL
}};

}  // namespace netlet::NETLET_ISA
