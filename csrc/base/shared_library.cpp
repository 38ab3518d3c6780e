#include "base/shared_library.h"

#include "base/error.h"
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <system_error>
#else
#include <dlfcn.h>
#endif

namespace netlet {

#if defined(_WIN32)
void* function_of_library(const std::string& path, const char* name, const char* op) {
    const HMODULE library = LoadLibraryA(path.c_str());
    if (!library)
        throw RuntimeError(std::string(op) + ": " + path + ": " + std::system_category().message((int)GetLastError()));
    return (void*)GetProcAddress(library, name);
}
#else
void* function_of_library(const std::string& path, const char* name, const char* op) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw RuntimeError(std::string(op) + ": " + dlerror());
    return dlsym(library, name);
}
#endif

}  // namespace netlet
