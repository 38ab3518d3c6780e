#pragma once
#include "plan/tape.h"

namespace netlet::ops {

Tensor identity(Tape& tape, const Tensor& x);                            // a copy; gradient flows
Tensor full(Tape& tape, const Shape& shape, DType dtype, double value);  // no gradient
Tensor cast(Tape& tape, const Tensor& x, DType dtype);                   // gradient flows between floating types
Tensor reshape(Tape& tape, const Tensor& x, const Shape& shape);         // the same bytes; gradient flows
void assign(Tape& tape, const Tensor& x, const Tensor& y);               // y = x, same shape and dtype
void accumulate(Tape& tape, const Tensor& x, const Grad& into);          // into = x, or += x as the Grad says
void zero(Tape& tape, const Grad& into);                                 // into = 0; into += 0 is nothing to do
void increment(Tape& tape, const Tensor& cell);                          // int64 cell += 1

// The errors that every op words alike.
void check_floating(const char* op, const Tensor& x);
void check_same_dtype(const char* op, const Tensor& a, const Tensor& b);

}  // namespace netlet::ops
