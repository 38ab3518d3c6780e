#pragma once
#if defined(NETLET_VEC_CUDA_WIDE)
#include "simd/vec.h"
#else
#include "simd/vmath.h"
#endif

namespace netlet::NETLET_ISA {

// x^y for real y by the vectors' pow, 0.9 ULP: the same bits on all ISAs with fma, unlike libm's.
NETLET_INLINE double real_power(double x, double y) {
    using V = Vec<double>;
    double lanes[V::width];
    pow(V::set1(x), V::set1(y)).store(lanes);
    return lanes[0];
}

}  // namespace netlet::NETLET_ISA
