// Kernels that kernels.def lists and that are not written yet. Who writes one deletes its line here.
#include "dispatch/kernel_table.h"

#define NETLET_PENDING(name, ...)                                                                                      \
    template <class> void name(const void* args, Range r);                                                             \
    template <> void name<__VA_ARGS__>(const void*, Range) {}

namespace netlet::NETLET_ISA {
}  // namespace netlet::NETLET_ISA
