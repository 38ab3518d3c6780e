// Libraries that are opened while the program runs.
#pragma once
#include <string>

namespace netlet {

// The function `name` of the library at `path`, which stays open until the process ends; null if the library has none of
// that name. Throws RuntimeError with `op` and the system's reason if the library cannot be opened.
void* function_of_library(const std::string& path, const char* name, const char* op);

}  // namespace netlet
