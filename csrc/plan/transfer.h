// Copies of tensors between devices.
#pragma once
#include "plan/tensor.h"

namespace netlet {

// A tensor on `device` with the values of x; x itself if it is there.
Tensor on_device(const Tensor& x, Device device);
// Copies the values of `from` to `to`, wherever both are. Same shape and dtype.
void transfer(const Tensor& from, const Tensor& to);
// A tensor of zeros.
Tensor make_zeros(const Shape& shape, DType dtype, Device device);

}  // namespace netlet
