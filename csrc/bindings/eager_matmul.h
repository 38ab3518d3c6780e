// ops.matmul as it is called most: two NumPy matrices of one floating type, outside any tape.
#pragma once
#include <pybind11/pybind11.h>

namespace netlet::bindings {

// Replaces m's function `matmul` by one that takes such calls itself and hands every other to the function it replaces.
void install_eager_matmul(pybind11::module_& m);

}  // namespace netlet::bindings
