#pragma once
#include "ops/elementwise/elementwise_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Operands broadcast against each other and are cast to a common dtype: bool and 8 bits count as int32, then int32 <
// int64 < float32 < float64. divide, power and the functions below cast integers to float32.
Tensor binary(Tape& tape, BinaryOp op, const Tensor& a, const Tensor& b);
Tensor compare(Tape& tape, CompareOp op, const Tensor& a, const Tensor& b);  // bool
Tensor logical(Tape& tape, LogicalOp op, const Tensor& a, const Tensor& b);  // of x != 0; bool
Tensor logical_not(Tape& tape, const Tensor& x);
Tensor bitwise_not(Tape& tape, const Tensor& x);              // of integers and bools
Tensor classify(Tape& tape, ClassifyOp op, const Tensor& x);  // bool
Tensor where(Tape& tape, const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor unary(Tape& tape, UnaryOp op, const Tensor& x);
Tensor clip(Tape& tape, const Tensor& x, double lo, double hi);

inline Tensor add(Tape& tape, const Tensor& a, const Tensor& b) { return binary(tape, BinaryOp::add, a, b); }
inline Tensor subtract(Tape& tape, const Tensor& a, const Tensor& b) { return binary(tape, BinaryOp::subtract, a, b); }
inline Tensor multiply(Tape& tape, const Tensor& a, const Tensor& b) { return binary(tape, BinaryOp::multiply, a, b); }
inline Tensor divide(Tape& tape, const Tensor& a, const Tensor& b) { return binary(tape, BinaryOp::divide, a, b); }
inline Tensor maximum(Tape& tape, const Tensor& a, const Tensor& b) { return binary(tape, BinaryOp::maximum, a, b); }
inline Tensor minimum(Tape& tape, const Tensor& a, const Tensor& b) { return binary(tape, BinaryOp::minimum, a, b); }
inline Tensor equal(Tape& tape, const Tensor& a, const Tensor& b) { return compare(tape, CompareOp::equal, a, b); }
// A number of x's dtype, as an operand for the above. Not an input of the step: its value is part of the recording.
Tensor constant(double value, DType dtype);
Tensor power(Tape& tape, const Tensor& x, double exponent);

// The common dtype and the broadcast shape of two operands; ValueError if the shapes do not broadcast.
DType common_dtype(DType a, DType b);
Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b);

}  // namespace netlet::ops
