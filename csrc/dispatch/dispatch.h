// The one place where the instruction set is chosen.
#pragma once
#include <string>
#include <vector>

#include "dispatch/kernel_table.h"

namespace netlet {

// The kernel that this process uses for `id`. The choice is made once, at first use: the best ISA of this CPU,
// or the one that NETLET_ISA names.
Kernel kernel(KernelId id);

std::string active_isa();
int vector_bytes();                                               // of the active instruction set; scalar: 8
std::vector<std::string> supported_isas();                        // best first; always ends with "scalar"
std::vector<std::string> kernel_names();                          // every row of kernels.def
std::vector<uintptr_t> kernel_addresses(const std::string& isa);  // that ISA's table, in the same order
void force_isa(const std::string& name);                          // ValueError if unknown or if this CPU cannot run it

}  // namespace netlet

// The kernel `name` for the floating type of `dtype`: NETLET_KERNEL_FOR(relu_fwd, x->dtype).
#define NETLET_KERNEL_FOR(name, dtype)                                                                                 \
    ::netlet::kernel((dtype) == ::netlet::DType::f64 ? ::netlet::KernelId::name##_f64 : ::netlet::KernelId::name##_f32)
