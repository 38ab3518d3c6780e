// Declares the functions that bindings.def lists: each adds its part to netlet._core.
#pragma once
#include <pybind11/pybind11.h>

namespace netlet::bindings {

#define NETLET_BINDING(name) void bind_##name(pybind11::module_& m);
#include "bindings/bindings.def"
#undef NETLET_BINDING

}  // namespace netlet::bindings
