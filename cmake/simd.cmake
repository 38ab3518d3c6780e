# netlet_add_simd(<target> <sources...>): compiles one source list once per instruction set and links all copies into
# <target>. Each copy is in the namespace that NETLET_ISA names; dispatch.cpp chooses among them at run time.
#
# An overlay is a level that adds dot-product instructions for one low-precision number type to another level, its base.
# It compiles only the kernels that can use these instructions (`*_int8_dot_simd.cpp` or `*_bf16_dot_simd.cpp`); all
# other kernels are those of the base.
include_guard()
include(CheckCXXCompilerFlag)

set(netlet_common_flags -O3 -ffp-contract=off -fno-math-errno -fvisibility=hidden)
set(netlet_o2_flags -O2)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND netlet_o2_flags -ftree-vectorize -fvect-cost-model=dynamic)  # as at -O3, and as Clang does at -O2
endif()
# -O3 makes these kernels half as large again and none but fmod and digamma faster (by 1.2). Those of int8 become slower
# (dense layers by 1.4, recurrent ones by 1.2): it copies loops that are unrolled already. Others, such as norm, move and
# pool, need it (Zen 3, AVX2).
set(netlet_o2_kernels "/ops/(elementwise|quant|quantized|rnn)/|/reduce_simd[.]cpp")
# scalar is the baseline of the platform: every CPU of this kind runs it, and few do. -O2 nearly halves its code.
set(flags_scalar ${netlet_o2_flags})
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  # Sanitizer builds need no speed at run time: at the -O1 of their presets they compile in a third of the time.
  list(REMOVE_ITEM netlet_common_flags -O3)
  set(netlet_o2_flags "")
  set(flags_scalar "")
endif()
set(flags_avx2 -mavx2 -mfma -mf16c -DNETLET_VEC_AVX2)
set(flags_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -mprefer-vector-width=512
                 -DNETLET_VEC_AVX512)
set(flags_neon -DNETLET_VEC_NEON)
set(flags_avx2_vnni ${flags_avx2} -mavxvnni -DNETLET_DOT_VNNI)
set(flags_avx512_vnni ${flags_avx512} -mavx512vnni -DNETLET_DOT_VNNI)
set(flags_avx512_bf16 ${flags_avx512} -mavx512bf16 -DNETLET_DOT_BF16)
set(flags_neon_dot ${flags_neon} -march=armv8.2-a+dotprod -DNETLET_DOT_NEON)
# {overlay: its base and the number type of its dot kernels}
set(overlay_avx2_vnni avx2 int8)
set(overlay_avx512_vnni avx512 int8)
set(overlay_avx512_bf16 avx512_vnni bf16)
set(overlay_neon_dot neon int8)

set(NETLET_LEVELS "" CACHE STRING "The instruction sets to build besides scalar, such as \"avx2\"; empty: all")

function(netlet_add_simd target)
  set(levels scalar)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    list(APPEND levels avx2 avx512 avx2_vnni avx512_vnni avx512_bf16)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
    list(APPEND levels neon neon_dot)
  endif()
  if(NETLET_LEVELS)
    foreach(level IN LISTS NETLET_LEVELS)
      if(NOT level IN_LIST levels)
        message(FATAL_ERROR "NETLET_LEVELS: expected some of ${levels}, received ${level}")
      endif()
    endforeach()
    set(levels scalar ${NETLET_LEVELS})
    list(REMOVE_DUPLICATES levels)
  endif()
  set(small ${ARGN})
  list(FILTER small INCLUDE REGEX "${netlet_o2_kernels}")
  set_source_files_properties(${small} PROPERTIES COMPILE_OPTIONS "${netlet_o2_flags}")
  foreach(level IN LISTS levels)
    set(sources ${ARGN})
    set(flags ${flags_${level}})
    set(definitions NETLET_ISA=${level})
    if(overlay_${level})
      string(REPLACE ";" " " CMAKE_REQUIRED_FLAGS "${flags}")
      check_cxx_compiler_flag("" netlet_compiles_${level})
      if(NOT netlet_compiles_${level})
        message(STATUS "netlet: this compiler is too old for ${level}")
        continue()
      endif()
      list(GET overlay_${level} 0 base)
      list(GET overlay_${level} 1 type)
      list(FILTER sources INCLUDE REGEX "(_${type}_dot_simd|isa_table)\\.cpp$")
      list(APPEND definitions NETLET_BASE_ISA=${base})
    endif()
    # No precompiled header: GCC 12 then warns of immintrin.h's own code, which `#pragma GCC diagnostic` silences in it.
    add_library(netlet_${level} OBJECT ${sources})
    target_include_directories(netlet_${level} PRIVATE ${PROJECT_SOURCE_DIR}/csrc)
    target_compile_features(netlet_${level} PRIVATE cxx_std_20)
    target_compile_options(netlet_${level} PRIVATE ${netlet_common_flags} ${flags} ${NETLET_WARNINGS})
    target_compile_definitions(netlet_${level} PRIVATE ${definitions})
    set_target_properties(netlet_${level} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:netlet_${level}>)
    string(TOUPPER ${level} name)
    target_compile_definitions(${target} PRIVATE NETLET_HAS_${name})
  endforeach()
endfunction()
