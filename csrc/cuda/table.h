// The launchers that this backend has, by their index in kernels.def. NETLET_CUDA_KERNEL (launch.h) fills it.
#pragma once
#include <type_traits>

#include "base/launcher.h"
#include "dispatch/kernel_table.h"

namespace netlet::cuda {

inline Launcher launchers[(size_t)KernelIndex::count] = {};

struct Registered {
    Registered(KernelIndex kernel, Launcher launcher) { launchers[(size_t)kernel] = launcher; }
};

// Whether kernels.def lists Args for the kernel.
template <KernelIndex kernel, class Args> inline constexpr bool takes = false;
#define NETLET_KERNEL(name, Args) template <> inline constexpr bool takes<KernelIndex::name, Args> = true;
#include "dispatch/kernels.def"
#undef NETLET_KERNEL

}  // namespace netlet::cuda
