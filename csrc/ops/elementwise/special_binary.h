// The binary operations of the kernels binary_special.
#pragma once
#include "ops/elementwise/elementwise.h"

namespace netlet::ops {

constexpr bool is_special(BinaryOp op) { return op >= BinaryOp::arctan2; }
const char* name_of(BinaryOp op);
Tensor special_binary(Tape& tape, BinaryOp op, const Tensor& a, const Tensor& b);

}  // namespace netlet::ops
