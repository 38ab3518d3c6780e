// The Python exception that a C++ exception becomes.
#pragma once
#include <Python.h>

#include <exception>
#include <new>

#include "base/error.h"

namespace netlet::bindings {

inline void set_python_error(const std::exception& e) {
    PyObject* type = dynamic_cast<const ValueError*>(&e)            ? PyExc_ValueError
                     : dynamic_cast<const TypeError*>(&e)           ? PyExc_TypeError
                     : dynamic_cast<const NotImplementedError*>(&e) ? PyExc_NotImplementedError
                     : dynamic_cast<const OutOfDeviceMemory*>(&e)   ? PyExc_MemoryError
                     : dynamic_cast<const std::bad_alloc*>(&e)      ? PyExc_MemoryError
                                                                    : PyExc_RuntimeError;
    PyErr_SetString(type, e.what());
}

}  // namespace netlet::bindings
