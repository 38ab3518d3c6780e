// Fast path of ops.matmul for its most common call: two NumPy matrices of one floating type, outside of any tape.
#pragma once
#include <pybind11/pybind11.h>

namespace netlet::bindings {

// Replaces m's function `matmul` by one that handles such calls itself and passes all others to the function it
// replaces.
void install_eager_matmul(pybind11::module_& m);

}  // namespace netlet::bindings
