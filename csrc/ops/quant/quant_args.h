// Linear quantization to 8 bits: x is close to (q - zero) * scale (ONNX: QuantizeLinear, DynamicQuantizeLinear).
//
//     q = clamp(round(x / scale) + zero, lowest, highest)      round half to even, IEEE division
//     absmax      int8   [-127, 127]   scale = max|x| / 127, zero = 0
//     zeropoint   int8   [-128, 127]   scale = (max - min) / 255, zero = round(-128 - min / scale)
//                 uint8  [0, 255]      the same, zero = round(0 - min / scale); min and max include 0
//
// x and q are (outer, n, inner). The n elements of an (outer, inner) pair share a scale, so scale and zero are (outer,
// inner). Special cases: infinities do not count in the range, and saturate; a range of 0 has scale 1; a scale below
// the smallest normal number is replaced by that number; a NaN makes its scale NaN and its codes 0, and the op reports
// it.
#pragma once
#include "base/types.h"

namespace netlet {

enum class Quantizer : int32_t { absmax_i8, zeropoint_i8, zeropoint_u8 };

// Columns of one work unit if inner > 1.
constexpr int64_t quantize_tile = 256;
// A long line (inner == 1) is cut into pieces of this many elements.
constexpr int64_t quantize_piece = 1 << 14;

// Computes range, scale and codes in one kernel, while the line is in the cache. A work unit is a line if inner == 1,
// otherwise a tile of columns of one outer index. zero is null for absmax.
template <class T>
struct QuantizeArgs {
    const T* x;
    uint8_t* q;  // the bytes of int8 or uint8; zero likewise
    T* scale;
    uint8_t* zero;
    int64_t n, inner;
    Quantizer kind;
};

// The same in three steps for long lines: low and high (outer, pieces) of each piece; scale and zero (outer,) from
// those; the codes. The work units are a piece, a line and a piece.
template <class T>
struct QuantizeRangeArgs {
    const T* x;
    T *low, *high;  // absmax: low is null
    int64_t n, pieces;
};

template <class T>
struct QuantizeScaleArgs {
    const T *low, *high;
    T* scale;
    uint8_t* zero;
    int64_t pieces;
    Quantizer kind;
};

// Codes of given scales (outer, inner). A work unit is a piece of a line if inner == 1, otherwise a row of `inner`
// elements. zero null: 0.
template <class T>
struct QuantizeCodesArgs {
    const T *x, *scale;
    const uint8_t* zero;
    uint8_t* q;
    int64_t n, inner, pieces;
    Quantizer kind;
};

// Backward of y = dequantize(codes of x), for given scales: with v = round(x / scale) + zero before it is clamped,
//     dx     = dy where lowest <= v <= highest, else 0        straight-through (Bengio et al., 2013), with clipping
//     dscale = dy * (v - zero - x / scale)                    there: learned step size (Esser et al., 2020)
//              dy * (lowest - zero) below, dy * (highest - zero) above
// A NaN in x gets 0 in both. dscale has one number for each element of x; the op sums those that share a scale. Work
// units are those of QuantizeCodesArgs.
template <class T>
struct FakeQuantizeBwdArgs {
    const T *x, *dy, *scale;
    const uint8_t* zero;
    T *dx, *dscale;  // each may be null
    int64_t n, inner, pieces;
    Quantizer kind;
    bool accumulate;  // dx += instead of dx =
};

// y = (q - zero) * scale. A work unit is a piece of a line if inner == 1, otherwise a row of `inner` elements. zero
// null: 0.
template <class T>
struct DequantizeArgs {
    const uint8_t* q;
    const T* scale;
    const uint8_t* zero;
    T* y;
    int64_t n, inner, pieces;
    bool is_signed;
};

}  // namespace netlet
