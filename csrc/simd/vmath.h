// Elementary functions on vectors: V is Vec<float> or Vec<double>.
//
//   exp, exp2, expm1, sigmoid, silu, tanh     vmath_exp.h
//   log, log2, log10, log1p, softplus, log_sigmoid   vmath_log.h
//   erf, erfc                      vmath_erf.h
//   normal (cdf and density)       vmath_normal.h
//   sin, cos, tan                  vmath_trig.h
//   pow                            vmath_pow.h
//   table-based float functions for AVX-512, which replace some of these   vmath_avx512.h
//
// NaN in, NaN out; infinities, overflow, zeros' signs and subnormals as in C and NumPy. An element's result depends on
// the element alone, not on its lane or its neighbours. On the scalar path, which has no fused multiply-add, float
// functions compute in double.
#pragma once
#include "simd/vmath_erf.h"
#include "simd/vmath_exp.h"
#include "simd/vmath_log.h"
#include "simd/vmath_normal.h"
#include "simd/vmath_pow.h"
#include "simd/vmath_trig.h"
#if defined(NETLET_VEC_AVX512)
#include "simd/vmath_avx512.h"
#endif
