// The scale and zero point of a range, in plain numbers: shared by the kernels of all instruction sets and GPUs.
#pragma once
#include <float.h>
#include <math.h>

#include "ops/quant/quant_args.h"

namespace netlet::NETLET_ISA {

template <class T> struct Smallest;
template <> struct Smallest<float> {
    static constexpr float normal = FLT_MIN, largest = FLT_MAX;
};
template <> struct Smallest<double> {
    static constexpr double normal = DBL_MIN, largest = DBL_MAX;
};

template <class T>
struct Code {
    T scale, zero;  // zero as a floating-point number, which is added to quotients
};

NETLET_INLINE int lowest_code(Quantizer k) {
    return k == Quantizer::absmax_i8 ? -127 : k == Quantizer::zeropoint_i8 ? -128 : 0;
}
NETLET_INLINE int highest_code(Quantizer k) { return k == Quantizer::zeropoint_u8 ? 255 : 127; }

// A NaN in the range passes through every comparison into the scale.
template <class T>
NETLET_INLINE Code<T> code_of(Quantizer kind, T low, T high) {
    const bool absolute = kind == Quantizer::absmax_i8;
    const T range = absolute ? high : high - low, steps = absolute ? T(127) : T(255);
    T scale = range > Smallest<T>::largest ? high / steps - low / steps : range / steps;
    if (scale < Smallest<T>::normal) scale = range == T(0) ? T(1) : Smallest<T>::normal;
    if (absolute || scale != scale) return {scale, T(0)};
    const T first = (T)lowest_code(kind), last = (T)highest_code(kind);
    const T zero = (T)::rint((double)(first - low / scale));
    return {scale, zero < first ? first : zero > last ? last : zero};
}

NETLET_INLINE uint8_t to_byte(double zero) { return (uint8_t)(int32_t)zero; }

// The zero point stored in byte i, as a floating-point number.
template <class T>
NETLET_INLINE T zero_at(const uint8_t* b, int64_t i, bool is_signed) {
    return !b ? T(0) : is_signed ? (T)(int8_t)b[i] : (T)b[i];
}

}  // namespace netlet::NETLET_ISA
