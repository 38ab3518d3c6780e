// The vector code of the CPU's kernels (csrc/simd, and ops/<op>/*.h in terms of V) in a thread of a GPU: Vec<T> is one
// number. So formulas are written once, and an element has the bits that a CPU with fused multiply-add computes
// (AVX-512 takes some float functions from tables instead; both are within 1 ULP).
#pragma once
#define NETLET_ISA gpu
#define NETLET_VEC_THREAD
#include "cuda/launch.h"
#include "simd/each_vector.h"
#include "simd/vmath.h"

namespace netlet::cuda {

template <class T> using Vec = gpu::Vec<T>;

}  // namespace netlet::cuda
