# NETLET_BUILD: what a core and a backend must have in common, e.g. "0.1.0, kernels 1f0c66a4": the version and the list
# of kernels, by whose order they refer to each other's.
include_guard()
set(netlet_root ${CMAKE_CURRENT_LIST_DIR}/..)
file(STRINGS ${netlet_root}/python/netlet/version.py NETLET_VERSION REGEX "__version__")
string(REGEX REPLACE ".*\"(.*)\"" "\\1" NETLET_VERSION "${NETLET_VERSION}")
file(SHA256 ${netlet_root}/csrc/dispatch/kernels.def netlet_kernels)
string(SUBSTRING ${netlet_kernels} 0 8 netlet_kernels)
set(NETLET_BUILD "${NETLET_VERSION}, kernels ${netlet_kernels}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${netlet_root}/csrc/dispatch/kernels.def)
