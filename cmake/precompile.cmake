# netlet_precompile(<target> <header>): parses a header that nearly all files of the target include once for all of them.
# Files include it themselves all the same: builds with CMAKE_DISABLE_PRECOMPILE_HEADERS=ON need it, and so do readers.
include_guard()

function(netlet_precompile target header)
  target_precompile_headers(${target} PRIVATE ${netlet_root}/csrc/${header})
  if(NETLET_CCACHE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # without it, ccache does not notice a changed header
  endif()
endfunction()
