# The backends of GPUs: modules of their own, which `netlet._core` loads when it is asked for a device. Nothing of the
# CPU's module depends on them.
include_guard()
get_filename_component(netlet_root ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)  # packaging/netlet-cuda13 includes this file, too
if(NOT NETLET_CUDA_DESTINATION)
  set(NETLET_CUDA_DESTINATION netlet)
endif()

file(GLOB_RECURSE netlet_cuda_sources CONFIGURE_DEPENDS ${netlet_root}/csrc/ops/*_cuda.cu)
list(APPEND netlet_cuda_sources ${netlet_root}/csrc/cuda/backend.cu)
function(netlet_backend target name)
  target_include_directories(${target} PRIVATE ${netlet_root}/csrc)
  target_compile_definitions(${target} PRIVATE NETLET_VERSION="${NETLET_VERSION}"  # a core of another version refuses it
 )
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name} SUFFIX ".so"
    CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(NETLET_DEV)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${netlet_root}/python/netlet)
  endif()
endfunction()

if(NETLET_CUDA_SIM)
  add_subdirectory(${netlet_root}/csrc/cuda_sim)
endif()

if(NETLET_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(CUDA)
endif()
if(NETLET_CUDA AND (NOT NETLET_CUDA STREQUAL "AUTO" OR CMAKE_CUDA_COMPILER))
  # Machine code for each architecture, and PTX of the last, which the driver compiles for later GPUs.
  set(NETLET_CUDA_ARCHITECTURES "80-real;90-real;100" CACHE STRING "As CMAKE_CUDA_ARCHITECTURES")
  set(CMAKE_CUDA_ARCHITECTURES ${NETLET_CUDA_ARCHITECTURES})
  enable_language(CUDA)
  add_library(netlet_cuda MODULE ${netlet_cuda_sources})
  netlet_backend(netlet_cuda _netlet_cuda)
  target_compile_features(netlet_cuda PRIVATE cuda_std_20)
  if(NETLET_DEV)
    target_compile_options(netlet_cuda PRIVATE --Werror all-warnings)
  endif()
  set_target_properties(netlet_cuda PROPERTIES CUDA_RUNTIME_LIBRARY Static)
  install(TARGETS netlet_cuda LIBRARY DESTINATION ${NETLET_CUDA_DESTINATION})
elseif(NETLET_CUDA)
  message(STATUS "netlet: no CUDA compiler was found; building for the CPU")
endif()
