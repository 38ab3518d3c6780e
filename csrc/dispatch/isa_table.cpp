// Compiled once per ISA, like the kernels: lists this ISA's functions in the order of kernels.def. An overlay
// (cmake/simd.cmake) has its own functions for the NETLET_DOT_KERNELs and takes all others from its base. The table
// refers to each function by its name and its Args, so a definition with other Args does not link.
#include "dispatch/kernel_table.h"

#if defined(NETLET_BASE_ISA)
namespace netlet::NETLET_BASE_ISA {
#define NETLET_KERNEL(name, Args) template <class> void name(const void* args, Range r);
#include "dispatch/kernels.def"
#undef NETLET_KERNEL
}  // namespace netlet::NETLET_BASE_ISA
#endif

namespace netlet::NETLET_ISA {

#define NETLET_KERNEL(name, Args) template <class> void name(const void* args, Range r);
#include "dispatch/kernels.def"
#undef NETLET_KERNEL

extern const KernelTable table;
const KernelTable table = {{
#if defined(NETLET_BASE_ISA)
#define NETLET_KERNEL(name, Args) &NETLET_BASE_ISA::name<Args>,
#define NETLET_DOT_KERNEL(name, Args) &NETLET_ISA::name<Args>,
#else
#define NETLET_KERNEL(name, Args) &name<Args>,
#endif
#include "dispatch/kernels.def"
#undef NETLET_KERNEL
}};

}  // namespace netlet::NETLET_ISA
