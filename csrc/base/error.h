// Exceptions that the bindings translate to Python exceptions.
#pragma once
#include <cstdint>
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
struct NotImplementedError : Error {
    using Error::Error;
};  // a GPU has no kernel for it -> NotImplementedError
struct OutOfDeviceMemory : Error {
    OutOfDeviceMemory(const std::string& device, int64_t needed, int64_t free_bytes)
        : Error(device + ": out of memory: expected " + std::to_string(needed) + " free bytes, found " +
                std::to_string(free_bytes)) {}
};  // -> MemoryError

}  // namespace netlet
