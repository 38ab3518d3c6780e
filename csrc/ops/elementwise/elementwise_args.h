// Elementwise operations with NumPy's broadcasting. The loop nest holds the strides of the operands; y is contiguous. A
// work unit is an element of y.
//
//   binary      y = a op b
//   binary_bwd  dx = dy * d(a op b)/dp, p one operand and q the other, over y's shape
//   compare     y = a op b, bool
//   logical     the same on bytes that are 0 or 1
//   unary       y = f(x)
//   unary_bwd   dx = dy * f'(x), computed from x or y: whichever the table below names
//   classify    y = f(x), bool
//   where       y = c ? a : b
//
// unary_special and binary_special are the same for the functions that networks use rarely: kernels of their own, which
// compute floats in double. Their gradients are formulas of other ops.
#pragma once
#include "base/strided.h"
#include "base/types.h"

namespace netlet {

enum class BinaryOp : int32_t {
    add,
    subtract,
    multiply,
    divide,
    power,
    maximum,
    minimum,
    // binary_special: floats
    arctan2,
    hypot,
    logaddexp,
    logaddexp2,
    nextafter,
    heaviside,
    ldexp,
    // all numbers
    floor_divide,
    mod,
    fmod,
    // integers
    bitwise_and,
    bitwise_or,
    bitwise_xor,
    left_shift,
    right_shift,
    gcd,
    lcm
};
// The derivative with respect to p by which binary_bwd multiplies dy. divisor: of q / p. base: of p^q. exponent: of
// q^p.
enum class BinaryGrad : int32_t { factor, dividend, divisor, base, exponent, maximum, minimum };
enum class CompareOp : int32_t { equal, not_equal, less, less_equal, greater, greater_equal };
enum class LogicalOp : int32_t { logical_and, logical_or, logical_xor };
enum class ClassifyOp : int32_t { isfinite, isnan, isinf, isposinf, isneginf, signbit };

// The name, and what is saved for backward: x, y, or none if no gradient flows (steps).
#define NETLET_UNARY_OPS(f)                                                                                            \
    f(negative, x) f(abs, x) f(exp, y) f(log, x) f(log1p, x) f(expm1, y) f(sqrt, y) f(rsqrt, y) f(square, x) f(sin, x) \
        f(cos, x) f(tan, y) f(exp2, y) f(log2, x) f(log10, x) f(erf, x) f(reciprocal, y) f(clip, x) f(sign, none)      \
            f(floor, none) f(ceil, none) f(round, none) f(trunc, none) NETLET_SPECIAL_OPS(f)
// Those of unary_special. trigamma, the derivative of digamma, has no gradient.
#define NETLET_SPECIAL_OPS(f)                                                                                          \
    f(arcsin, x) f(arccos, x) f(arctan, x) f(sinh, x) f(cosh, x) f(arcsinh, x) f(arccosh, x) f(arctanh, x) f(cbrt, y)  \
        f(erfc, x) f(erfinv, y) f(i0, x) f(i1, x) f(lgamma, x) f(digamma, x) f(trigamma, x)
enum class UnaryOp : int32_t {
#define NETLET_UNARY(name, saved) name,
    NETLET_UNARY_OPS(NETLET_UNARY)
#undef NETLET_UNARY
};

template <class T>
struct BinaryArgs {
    const T *a, *b;
    T* y;
    Strided<2> nest;
    BinaryOp op;
    bool streaming;  // y does not fit the L3 cache: where it is aligned, it is stored past the caches
};

template <class T>
struct BinaryBackwardArgs {
    const T *p, *q, *dy;
    T* dx;
    Strided<2> nest;  // p, q
    BinaryGrad op;
    bool accumulate;
};

template <class T>
struct CompareArgs {
    const T *a, *b;
    uint8_t* y;
    Strided<2> nest;
    CompareOp op;
};

struct LogicalArgs {
    const uint8_t *a, *b;
    uint8_t* y;
    Strided<2> nest;
    LogicalOp op;
};

struct WhereArgs {
    const uint8_t* c;
    const void *a, *b;
    void* y;
    Strided<3> nest;
    int32_t bytes;  // of an element
};

template <class T>
struct UnaryArgs {
    const T* x;
    T* y;
    T lo, hi;  // clip
    UnaryOp op;
};

template <class T>
struct UnaryBackwardArgs {
    const T *saved, *dy;
    T* dx;
    T lo, hi;
    UnaryOp op;
    bool accumulate;
};

template <class T>
struct ClassifyArgs {
    const T* x;
    uint8_t* y;
    ClassifyOp op;
};

}  // namespace netlet
