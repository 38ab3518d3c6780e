# A toolchain file that compiles for AArch64 Linux on another machine, with Debian's g++-aarch64-linux-gnu:
#     cmake -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake -DNETLET_AARCH64_ROOT=<folder with an arm64 Python> ...
# tools/aarch64_check.sh makes that folder, builds with it and runs the tests under QEMU.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES NETLET_AARCH64_ROOT)

# The interpreter of this machine runs the build; the headers and the name of the module are those of the other.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
file(GLOB Python_INCLUDE_DIR ${NETLET_AARCH64_ROOT}/usr/include/python3.*)
string(REGEX REPLACE ".*python3\\." "" netlet_python_minor "${Python_INCLUDE_DIR}")
set(PYTHON_MODULE_EXTENSION .cpython-3${netlet_python_minor}-aarch64-linux-gnu.so CACHE INTERNAL "")
set(PYTHON_MODULE_DEBUG_POSTFIX "" CACHE INTERNAL "")
# Debian's pyconfig.h includes the one of the architecture by this path.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-isystem${NETLET_AARCH64_ROOT}/usr/include>)
