// The 8-bit code of an optimizer's state: a small float, relative to the largest magnitude of its block.
//
//   signed (first moments):     sign, 4 bits of exponent, 3 of mantissa:  top = 127, magnitudes 1.9e-5 ... 1
//   unsigned (second moments):  5 bits of exponent, 3 of mantissa:        top = 255, magnitudes 2.9e-10 ... 1
//   magnitude(c) = 0 for c = 0, else the float32 whose bits are those of 1 - (top - c) * 2^20;  x = sign magnitude(c) scale
//
// Why a float: gradients within a block differ by orders of magnitude, and the step needs the ratio of the moments, so
// the relative error counts. It is below 1/8 (one step of the mantissa) for all numbers in the range. The code of the
// largest element is exact. Second moments have twice the exponents, because they are squares. Encoding takes the upper
// bits of the product x (1 / scale): integer arithmetic and two IEEE operations, the same bits on every instruction set.
//
// Why random rounding: an average such as v += (1 - beta2) (g^2 - v), beta2 = 0.999, changes by 0.1% in a step and would
// never leave its code if it were rounded to nearest. A number between two codes takes one of them with the probability
// that makes the mean exact (to 2^-16 of the distance). The random bits depend on the element and on the number of the
// update only. A second moment above 0 never becomes 0: m / (sqrt(v) + epsilon) would be a huge step.
#pragma once
#include "ops/optim/optim_8bit_args.h"
#include "simd/bytes.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

constexpr int top_signed = 127, top_unsigned = 255;
constexpr int code_shift = 20;  // bits of a float32's mantissa that are below a code's

// The bits of the float32 that code 0 would have if it were not 0.
template <int top> constexpr int32_t bits_of_zero = (127 << 23) - (top << code_shift);

NETLET_INLINE VecI load_codes(const uint8_t* p, int64_t n) { return n == VecI::width ? load_u8(p) : load_u8_n(p, n); }
NETLET_INLINE void store_codes(VecI c, uint8_t* p, int64_t n) {
    n == VecI::width ? store_low_bytes(c, p) : store_low_bytes_n(c, p, n);
}

template <int top>
NETLET_INLINE Vec<float> decode(VecI code, Vec<float> scale) {
    const VecI magnitude = code & VecI::set1(top);
    VecI bits = shl<code_shift>(magnitude) + VecI::set1(bits_of_zero<top>);
    bits = select(eq(magnitude, VecI::set1(0)), VecI::set1(0), bits);
    if (top == top_signed) bits = bits | shl<24>(code & VecI::set1(128));
    return as_float(bits) * scale;  // after the choice of 0, so that a scale of NaN or infinity reaches every element
}

// 32 random bits for each element: the mixing function of MurmurHash3.
NETLET_INLINE VecI mix(VecI h) {
    h = (h ^ shr_logical<16>(h)) * VecI::set1((int32_t)0x85ebca6bu);
    h = (h ^ shr_logical<13>(h)) * VecI::set1((int32_t)0xc2b2ae35u);
    return h ^ shr_logical<16>(h);
}
NETLET_INLINE int32_t seed_of(int64_t update_number) {
    return (int32_t)(uint32_t)(((uint64_t)update_number * 0x9e3779b97f4a7c15u) >> 32);
}
NETLET_INLINE VecI random_bits(int64_t element, int32_t seed) {
    const VecI i = VecI::set1((int32_t)element) + VecI::iota();
    return mix(i * VecI::set1((int32_t)0x9e3779b1u) + VecI::set1(seed));
}
// A fraction of a code's step in [0, 1), in 2^-20, of which 16 bits are random. It is at least 8 * 2^-20, so the largest
// element gets the top code although the reciprocal of its scale is rounded.
NETLET_INLINE VecI low_fraction(VecI random) { return shl<4>(random & VecI::set1(0xffff)) + VecI::set1(8); }
NETLET_INLINE VecI high_fraction(VecI random) { return shl<4>(shr_logical<16>(random)) + VecI::set1(8); }

// The scale of a block. Subnormal scales are rounded up, because their reciprocals overflow.
NETLET_INLINE float scale_of(float largest) {
    constexpr float smallest_normal = 1.17549435e-38f;
    return largest < smallest_normal && largest > 0 ? smallest_normal : largest;
}
NETLET_INLINE Vec<float> reciprocal(float scale) { return Vec<float>::set1(scale == 0 ? 0.0f : 1 / scale); }

template <int top>
NETLET_INLINE VecI encode(Vec<float> x, Vec<float> reciprocal_of_scale, VecI fraction) {
    using V = Vec<float>;
    const VecI one_step = VecI::set1(bits_of_zero<top> + (1 << code_shift));
    const V u = abs(x) * reciprocal_of_scale, smallest = as_float(one_step);
    const auto small = lt(u, smallest);  // between 0 and code 1
    const V to_steps = V::set1((float)(1 << code_shift)) / smallest;
    const VecI below = to_int_trunc(select(small, u, V::zero()) * to_steps);
    const VecI steps = select(small, below, as_int(u) - VecI::set1(bits_of_zero<top>));
    VecI code = min(shr<code_shift>(steps + fraction), VecI::set1(top));
    if (top == top_signed) return code | (shr_logical<24>(as_int(x)) & VecI::set1(128));
    return select(gt(u, V::zero()), max(code, VecI::set1(1)), code);
}

}  // namespace netlet::NETLET_ISA
