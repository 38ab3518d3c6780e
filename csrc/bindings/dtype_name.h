// What Python sees as the dtype of a Tensor: a str such as "float32" that also equals NumPy's dtype and scalar type.
#pragma once
#include <pybind11/pybind11.h>

#include "base/dtype.h"

namespace netlet::bindings {

pybind11::handle dtype_name(DType t);  // a new reference

}  // namespace netlet::bindings
