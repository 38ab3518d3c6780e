// The one place where the instruction set is chosen.
#pragma once
#include <string>
#include <vector>

#include "dispatch/kernel_table.h"

namespace netlet {

// The name by which ops select a kernel, with the type of its arguments: KernelId::cast is a KernelIdOf<CastArgs>.
template <class Args> struct KernelIdOf {
    KernelIndex index;
};
struct KernelId {
#define NETLET_KERNEL(name, Args) static constexpr KernelIdOf<Args> name{KernelIndex::name};
#include "dispatch/kernels.def"
#undef NETLET_KERNEL
};

// The kernel that this process uses. The choice is made once, at first use: the best ISA of this CPU, or the one that
// NETLET_ISA names.
Kernel kernel_at(KernelIndex index);
template <class Args> KernelOf<Args> kernel(KernelIdOf<Args> id) { return {kernel_at(id.index)}; }

// Selects one of two kernels by `dtype`, float32 or float64.
template <class A, class B> KernelOf<A, B> float_kernel(DType dtype, KernelIdOf<A> f32, KernelIdOf<B> f64) {
    const bool wide = dtype == DType::f64;
    return {kernel_at(wide ? f64.index : f32.index), wide};
}
template <class Args> KernelOf<Args> float_kernel(DType dtype, KernelIdOf<Args> f32, KernelIdOf<Args> f64) {
    return kernel(dtype == DType::f64 ? f64 : f32);
}

// Calls f with a value of the C++ type of t, float or double: with_float(x->dtype, [&]<class T>(T) { ... }).
template <class F> void with_float(DType t, F&& f) {
    if (t == DType::f64)
        f(double{});
    else
        f(float{});
}

std::string active_isa();
int vector_bytes();                         // of the active instruction set; scalar: 8
std::vector<std::string> supported_isas();  // best first; always ends with "scalar"
std::vector<std::string> kernel_names();    // every row of kernels.def
// The table of each ISA of this build, whether the CPU runs it or not, in the same order.
std::vector<std::pair<std::string, std::vector<uintptr_t>>> kernel_tables();
void force_isa(const std::string& name);  // ValueError if unknown or if this CPU cannot run it

}  // namespace netlet

// The kernel `name` for `dtype`, float32 or float64: NETLET_KERNEL_FOR(relu_fwd, x->dtype).
#define NETLET_KERNEL_FOR(name, dtype)                                                                                 \
    ::netlet::float_kernel(dtype, ::netlet::KernelId::name##_f32, ::netlet::KernelId::name##_f64)
