#pragma once
#include "plan/tape.h"

namespace netlet::ops {

Tensor identity(Tape& tape, const Tensor& x);                            // a copy; gradient flows
Tensor full(Tape& tape, const Shape& shape, DType dtype, double value);  // no gradient
Tensor cast(Tape& tape, const Tensor& x, DType dtype);                   // gradient flows between floating types
Tensor reshape(Tape& tape, const Tensor& x, const Shape& shape);         // the same bytes; gradient flows
void assign(Tape& tape, const Tensor& x, const Tensor& y);               // y = x, same shape and dtype
void fill(Tape& tape, const Tensor& y, double value);                    // y = value; float32 or float64
void accumulate(Tape& tape, const Tensor& x, const Grad& y);             // y = x, or y += x as the Grad says
void zero(Tape& tape, const Grad& y);                                    // y = 0; nothing where it is y += 0
void increment(Tape& tape, const Tensor& cell);                          // int64 cell += 1

// Where the slices of a gradient are written before they are summed: g itself if there is one, else a tensor of
// `shape`.
Grad slices_for(Tape& tape, const Grad& g, int64_t count, const Shape& shape);

// Argument checks that ops share.
void check_floating(const char* op, const Tensor& x);
void check_same_dtype(const char* op, const Tensor& a, const Tensor& b);

}  // namespace netlet::ops
