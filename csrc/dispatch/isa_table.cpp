// Compiled once per ISA, like the kernels: lists this ISA's functions in the order of kernels.def. An overlay
// (cmake/simd.cmake) has its own functions for the dot kernels of one number type alone; dispatch takes the others from
// its base. The table refers to each function by its name and its Args, so a definition with other Args does not link.
#include "dispatch/kernel_table.h"

#if defined(NETLET_BASE_ISA)
namespace netlet::NETLET_BASE_ISA {
extern const KernelTable table;
}
#endif

namespace netlet::NETLET_ISA {

#define NETLET_KERNEL(name, Args) template <class> void name(const void* args, Range r);
#include "dispatch/kernels.def"
#undef NETLET_KERNEL

#define NETLET_OWN(name, Args) &name<Args>,
#if !defined(NETLET_BASE_ISA)
#define NETLET_BASE nullptr
#define NETLET_KERNEL NETLET_OWN
#else
#define NETLET_BASE &NETLET_BASE_ISA::table
#define NETLET_KERNEL(name, Args) nullptr,
#if defined(NETLET_DOT_BF16)
#define NETLET_DOT_KERNEL_BF16 NETLET_OWN
#else
#define NETLET_DOT_KERNEL_INT8 NETLET_OWN
#endif
#endif
extern const KernelTable table;
const KernelTable table = {NETLET_BASE,
                           {
#include "dispatch/kernels.def"
                           }};

}  // namespace netlet::NETLET_ISA
