// Exceptions that the bindings translate to Python exceptions.
#pragma once
#include <stdexcept>
#include <string>

namespace netlet {

struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct ValueError : Error {
    using Error::Error;
};  // a value or a shape is wrong -> ValueError
struct TypeError : Error {
    using Error::Error;
};  // a dtype or a kind of object is wrong -> TypeError
struct RuntimeError : Error {
    using Error::Error;
};  // a call at the wrong time -> RuntimeError

}  // namespace netlet
