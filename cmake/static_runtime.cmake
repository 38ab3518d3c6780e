# NETLET_STATIC_RUNTIME: a Linux module that runs on older systems than the one that builds it. It carries its own
# libstdc++, and NETLET_GLIBC_SYSROOT links it against an older glibc, so that it asks for that glibc's symbols
# (docs/internals/releasing.md). In the containers of manylinux neither is needed: their compiler does both by itself.
include_guard()
option(NETLET_STATIC_RUNTIME "Put libstdc++ into the module; nothing later than glibc 2.28 is then needed" OFF)
set(NETLET_GLIBC_SYSROOT "" CACHE PATH "A folder with an older glibc to link against (tools/glibc_sysroot.sh)")

function(netlet_static_runtime target)
  if(NOT NETLET_STATIC_RUNTIME)
    return()
  endif()
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "NETLET_STATIC_RUNTIME is for GCC on Linux")
  endif()
  target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/packaging/linux/after_glibc_2_28.cpp)
  # --exclude-libs: another library's libstdc++ must not find this one. --gc-sections: only what is used of it.
  target_link_options(${target} PRIVATE -static-libstdc++ LINKER:--exclude-libs,ALL LINKER:--gc-sections)
  if(NETLET_GLIBC_SYSROOT)
    # GCC looks into its own folders before those of the sysroot, but into -L before both.
    foreach(folder usr/lib lib)
      target_link_options(${target} PRIVATE
        -L${NETLET_GLIBC_SYSROOT}/${folder}/${CMAKE_SYSTEM_PROCESSOR}-linux-gnu)
    endforeach()
    target_link_options(${target} PRIVATE --sysroot=${NETLET_GLIBC_SYSROOT})
    target_link_libraries(${target} PRIVATE pthread dl)  # of libc itself since glibc 2.34
  endif()
endfunction()
