# The backends of GPUs: modules of their own, which `netlet._core` loads when it is asked for a device. Nothing of the
# CPU's module depends on them.
include_guard()

file(GLOB_RECURSE netlet_cuda_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/csrc/ops/*_cuda.cu)
list(APPEND netlet_cuda_sources ${PROJECT_SOURCE_DIR}/csrc/cuda/backend.cu)
function(netlet_backend target name)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/csrc)
  target_compile_definitions(${target} PRIVATE NETLET_VERSION="${NETLET_VERSION}"  # a core of another version refuses it
 )
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name} SUFFIX ".so"
    CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(NETLET_DEV)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_SOURCE_DIR}/python/netlet)
  endif()
endfunction()

if(NETLET_CUDA_SIM)
  add_subdirectory(${PROJECT_SOURCE_DIR}/csrc/cuda_sim)
endif()

if(NETLET_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(CUDA)
endif()
if(NETLET_CUDA AND (NOT NETLET_CUDA STREQUAL "AUTO" OR CMAKE_CUDA_COMPILER))
  # Code for each architecture, and code that later ones compile when it is loaded.
  set(NETLET_CUDA_ARCHITECTURES "80;90;100" CACHE STRING "Compute capabilities without the dot")
  set(CMAKE_CUDA_ARCHITECTURES ${NETLET_CUDA_ARCHITECTURES})
  enable_language(CUDA)
  add_library(netlet_cuda MODULE ${netlet_cuda_sources})
  netlet_backend(netlet_cuda _netlet_cuda)
  target_compile_features(netlet_cuda PRIVATE cuda_std_20)
  target_compile_options(netlet_cuda PRIVATE -Xptxas -v)
  if(NETLET_DEV)
    target_compile_options(netlet_cuda PRIVATE --Werror all-warnings)
  endif()
  set_target_properties(netlet_cuda PROPERTIES CUDA_RUNTIME_LIBRARY Static)
  install(TARGETS netlet_cuda LIBRARY DESTINATION netlet)
elseif(NETLET_CUDA)
  message(STATUS "netlet: no CUDA compiler was found; building for the CPU")
endif()
