// The updates of optim_simd.cpp on a GPU: the CPU's functions, and so its bits (cuda/simd_kernels.h). They stream: a
// thread moves 16 bytes of each array at a time, and a warp 512 adjacent bytes. Adam reads 16 and writes 12 bytes an
// element and computes little, so memory is what counts.
#include "cuda/simd_kernels.h"
#include "ops/optim/optim_simd.cpp"
