// Conversions of vectors between float32 and the half types, float16 and bfloat16. They round to nearest even,
// preserve subnormals and overflow to infinity. The bits are the same on every instruction set. NaN becomes a quiet
// NaN of the same sign. Conversion to float16 preserves the upper bits of the payload (as the F16C and NEON
// instructions do), to bfloat16 drops the payload (as ml_dtypes does), and to float32 preserves it.
//
//   load_half(p), load_half_n(p, n)       Vec<float> of the halves at p; Float16 or BFloat16 by p's type
//   store_half(v, p), store_half_n(v, p, n)
//   narrow_to_odd(low, high)              doubles to float32, inexact results to the odd neighbour: rounding them again
//                                         to a half equals one rounding of the double (Boldo and Melquiond, 2008)
//
// bfloat16 is rounded by integer arithmetic, because the AVX512-BF16 instruction treats subnormals as zeros.
#pragma once
#include <string.h>

#include "simd/vec.h"
#include "simd/vec_widen.h"

namespace netlet::NETLET_ISA {

// ---- 16-bit numbers, one in the lower half of each 32-bit lane ----------------------------------------------------
#if defined(NETLET_VEC_AVX512)
NETLET_INLINE VecI load_u16(const uint16_t* p) {
    return {_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p))};
}
NETLET_INLINE void store_u16(VecI v, uint16_t* p) { _mm256_storeu_si256((__m256i*)p, _mm512_cvtepi32_epi16(v.r)); }
#elif defined(NETLET_VEC_AVX2)
NETLET_INLINE VecI load_u16(const uint16_t* p) { return {_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p))}; }
NETLET_INLINE void store_u16(VecI v, uint16_t* p) {  // every lane is below 2^16: the saturating pack changes nothing
    _mm_storeu_si128((__m128i*)p, _mm_packus_epi32(_mm256_castsi256_si128(v.r), _mm256_extracti128_si256(v.r, 1)));
}
#elif defined(NETLET_VEC_NEON)
NETLET_INLINE VecI load_u16(const uint16_t* p) { return {vreinterpretq_s32_u32(vmovl_u16(vld1_u16(p)))}; }
NETLET_INLINE void store_u16(VecI v, uint16_t* p) { vst1_u16(p, vmovn_u32(vreinterpretq_u32_s32(v.r))); }
#else
NETLET_INLINE VecI load_u16(const uint16_t* p) { return {(int32_t)*p}; }
NETLET_INLINE void store_u16(VecI v, uint16_t* p) { *p = (uint16_t)v.r; }
#endif

// ---- bfloat16 -----------------------------------------------------------------------------------------------------
NETLET_INLINE Vec<float> load_half(const BFloat16* p) { return as_float(shl<16>(load_u16(&p->bits))); }
NETLET_INLINE void store_half(Vec<float> v, BFloat16* p) {
    const VecI bits = as_int(v), upper = shr_logical<16>(bits);
    // Adds just under half a unit in the last place, plus one if the last place is odd: this carries exactly where the
    // lower half rounds up.
    const VecI rounded = shr_logical<16>(bits + VecI::set1(0x7fff) + (upper & VecI::set1(1)));
    const VecI nan = (upper & VecI::set1(0x8000)) | VecI::set1(0x7fc0);
    store_u16(select(gt(bits & VecI::set1(0x7fffffff), VecI::set1(0x7f800000)), nan, rounded), &p->bits);
}

// ---- float16 ------------------------------------------------------------------------------------------------------
#if defined(NETLET_VEC_AVX512)
NETLET_INLINE Vec<float> load_half(const Float16* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p))};
}
NETLET_INLINE void store_half(Vec<float> v, Float16* p) {
    _mm256_storeu_si256((__m256i*)p, _mm512_cvtps_ph(v.r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#elif defined(NETLET_VEC_AVX2)
NETLET_INLINE Vec<float> load_half(const Float16* p) { return {_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p))}; }
NETLET_INLINE void store_half(Vec<float> v, Float16* p) {
    _mm_storeu_si128((__m128i*)p, _mm256_cvtps_ph(v.r, _MM_FROUND_TO_NEAREST_INT));
}
#elif defined(NETLET_VEC_NEON)
NETLET_INLINE Vec<float> load_half(const Float16* p) {
    return {vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(&p->bits)))};
}
NETLET_INLINE void store_half(Vec<float> v, Float16* p) { vst1_u16(&p->bits, vreinterpret_u16_f16(vcvt_f16_f32(v.r))); }
#else
// Shifting exponent and mantissa to their float32 positions gives a value 2^112 times too small. A multiplication
// corrects that, for subnormals too. Infinity and NaN get the largest exponent.
NETLET_INLINE Vec<float> load_half(const Float16* p) {
    const VecI bits = load_u16(&p->bits), magnitude = bits & VecI::set1(0x7fff),
               sign = shl<16>(bits & VecI::set1(0x8000));
    const VecI finite = as_int(as_float(shl<13>(magnitude)) * Vec<float>::set1(0x1p112f));
    const VecI quiet = select(gt(magnitude, VecI::set1(0x7c00)), VecI::set1(0x400000), VecI::set1(0));
    const VecI special = shl<13>(magnitude) | VecI::set1(0x7f800000) | quiet;
    return as_float(select(ge(magnitude, VecI::set1(0x7c00)), special, finite) | sign);
}
NETLET_INLINE void store_half(Vec<float> v, Float16* p) {
    const VecI bits = as_int(v), sign = shr_logical<16>(bits) & VecI::set1(0x8000),
               magnitude = bits & VecI::set1(0x7fffffff);
    // Normal: rebias the exponent by 112 and round as for bfloat16, but drop 13 bits. A carry into the largest exponent
    // gives infinity.
    const VecI odd = shr_logical<13>(magnitude) & VecI::set1(1);
    const VecI normal = shr_logical<13>(magnitude - VecI::set1(112 << 23) + VecI::set1(0xfff) + odd);
    // Subnormal: the unit in the last place of 0.5 is 2^-24, the smallest float16, so adding 0.5 rounds to a multiple
    // of it.
    const VecI small = as_int(as_float(magnitude) + Vec<float>::set1(0.5f)) - VecI::set1(0x3f000000);
    const VecI nan = (shr_logical<13>(magnitude) & VecI::set1(0x3ff)) | VecI::set1(0x7e00);
    VecI half = select(lt(magnitude, VecI::set1(113 << 23)), small, normal);
    half = select(ge(magnitude, VecI::set1(143 << 23)), VecI::set1(0x7c00), half);
    half = select(gt(magnitude, VecI::set1(0x7f800000)), nan, half);
    store_u16(half | sign, &p->bits);
}
#endif

// ---- tails: through a local array of one vector -------------------------------------------------------------------
template <class H>
NETLET_INLINE Vec<float> load_half_n(const H* p, int64_t n) {
    H lanes[Vec<float>::width] = {};
    memcpy(lanes, p, (size_t)n * sizeof(H));
    return load_half(lanes);
}
template <class H>
NETLET_INLINE void store_half_n(Vec<float> v, H* p, int64_t n) {
    H lanes[Vec<float>::width];
    store_half(v, lanes);
    memcpy(p, lanes, (size_t)n * sizeof(H));
}

// ---- double -------------------------------------------------------------------------------------------------------
// +1 where x is farther from zero than its float32 rounding, -1 where it is nearer, 0 where they are equal or NaN.
NETLET_INLINE Vec<double> direction(Vec<double> x, Vec<double> rounded) {
    using V = Vec<double>;
    const V a = abs(x), b = abs(rounded);
    return select(gt(a, b), V::set1(1), select(lt(a, b), V::set1(-1), V::zero()));
}
NETLET_INLINE Vec<float> narrow_to_odd(Vec<double> low, Vec<double> high) {
    const Vec<float> y = narrow(low, high);
    const VecI step = to_int_trunc(narrow(direction(low, widen_low(y)), direction(high, widen_high(y))));
    const VecI bits = as_int(y), even = (bits & VecI::set1(1)) ^ VecI::set1(1);
    return as_float(bits + step * even);
}

}  // namespace netlet::NETLET_ISA
