# netlet_add_simd(<target> <sources...>): compiles one source list once per instruction set and links all of them into
# <target>. Each copy lives in the namespace that NETLET_ISA names; dispatch.cpp chooses among them at run time.
include_guard()

set(netlet_common_flags -O3 -ffp-contract=off -fno-math-errno -fvisibility=hidden)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  # The sanitizers' builds are read, not timed, and take a third of the time at the -O1 of their presets.
  list(REMOVE_ITEM netlet_common_flags -O3)
endif()

function(netlet_add_simd target)
  # scalar is the baseline of the platform: what every CPU of this kind runs.
  set(levels scalar)
  set(flags_scalar "")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    list(APPEND levels avx2 avx512)
    set(flags_avx2 -mavx2 -mfma -mf16c -DNETLET_VEC_AVX2)
    set(flags_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -mprefer-vector-width=512
                     -DNETLET_VEC_AVX512)
    target_compile_definitions(${target} PRIVATE NETLET_HAS_AVX2 NETLET_HAS_AVX512)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
    list(APPEND levels neon)
    set(flags_neon -DNETLET_VEC_NEON)
    target_compile_definitions(${target} PRIVATE NETLET_HAS_NEON)
  endif()
  foreach(level IN LISTS levels)
    add_library(netlet_${level} OBJECT ${ARGN})
    target_include_directories(netlet_${level} PRIVATE ${PROJECT_SOURCE_DIR}/csrc)
    target_compile_features(netlet_${level} PRIVATE cxx_std_20)
    target_compile_options(netlet_${level} PRIVATE ${netlet_common_flags} ${flags_${level}} ${NETLET_WARNINGS})
    target_compile_definitions(netlet_${level} PRIVATE NETLET_ISA=${level})
    set_target_properties(netlet_${level} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:netlet_${level}>)
  endforeach()
endfunction()
