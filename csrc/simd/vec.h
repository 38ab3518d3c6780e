// Vectors of this ISA. One interface, four implementations; kernels are written once against it. A GPU has a fifth, of
// part of it (vec_cuda_wide.h).
//
//   using V = Vec<T>;                     T is float or double; Vec<int32_t> where a kernel needs lane integers
//   V::width                              lanes (scalar: 1)
//   V::zero(), V::set1(s)
//   V::load(p), v.store(p)                unaligned
//   V::load_n(p, n), v.store_n(p, n)      the first n lanes, 0 <= n <= width; nothing past p+n is read or written;
//                                         missing lanes load as 0
//   a + b, a - b, a * b, a / b, -a, a += b, a -= b, a *= b
//   fma(a, b, c) = a*b + c    fnma(a, b, c) = c - a*b     one rounding where the ISA has it (scalar: two)
//   min(a, b), max(a, b)                  NaN in either operand gives NaN, as NumPy's minimum and maximum
//   abs, sqrt, floor, round_even          IEEE, half to even
//   lt, le, gt, ge, eq, ne (a, b) -> V::Mask;  is_nan(a);  m & m, m | m, !m;  select(m, if_true, if_false)
//   any(m)
//   pow2(n)                               2^n for integral n inside the normal exponent range
//   frexp(x, e): x = m * 2^e, m in [0.5, 1), for normal positive x
//   copysign(magnitude, sign)             V::iota() = 0, 1, 2, ...
//   Vec<int32_t>: + - * (wrapping) & | ^ min max, the compares, select (masks are shared with Vec<float>),
//     shl<n>(v), shr<n>(v) arithmetic, shr_logical<n>(v), mulhi_u32(a, b) the high half of the unsigned product
//   to_float(i), to_int_round(f), to_int_trunc(f) (defined inside the int32 range), as_float(i), as_int(f) reinterpret
//   reduce_add(v), reduce_max(v), reduce_min(v)   a fixed tree: halves, quarters, ... (the order determines the bits)
//
// Only csrc/simd uses raw intrinsics.
#pragma once
#include "base/types.h"

#if defined(NETLET_VEC_CUDA_WIDE)
#include "simd/vec_cuda_wide.h"
#elif defined(NETLET_VEC_AVX512)
#include "simd/vec_avx512.h"
#elif defined(NETLET_VEC_AVX2)
#include "simd/vec_avx2.h"
#elif defined(NETLET_VEC_NEON)
#include "simd/vec_neon.h"
#else
#include "simd/vec_scalar.h"
#endif
