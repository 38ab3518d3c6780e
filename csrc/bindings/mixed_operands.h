// Operands of products that compute in bfloat16 if x is bfloat16.
#pragma once
#include "bindings/array_view.h"
#include "ops/copy/copy.h"

namespace netlet::bindings {

// bfloat16 and float32 as they are stored (the kernels round float32), float16 as float32. Arrays of other types are
// cast to float32; Tensors of other types are left for the op to reject.
inline Tensor mixed_operand(Tape& tape, const Arg& a) {
    if (a->dtype == DType::bf16 || a->dtype == DType::f32) return a;
    return a.native && !is_half(a->dtype) ? a.tensor : ops::cast(tape, a, DType::f32);
}

// x itself or the kernel. If x is not bfloat16, halves are cast to float32.
inline Tensor product_operand(Tape& tape, const Arg& a, const Arg& x) {
    if (x->dtype == DType::bf16) return mixed_operand(tape, a);
    return is_half(a->dtype) ? ops::cast(tape, a, DType::f32) : a.tensor;
}

// A bias is added to float32 sums.
template <class A> Tensor product_bias(Tape& tape, const std::optional<A>& bias, const Arg& x) {
    return bias && x->dtype == DType::bf16 ? ops::cast(tape, *bias, DType::f32) : or_null(bias);
}

}  // namespace netlet::bindings
