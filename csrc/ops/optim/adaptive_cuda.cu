// The updates of adaptive_simd.cpp on a GPU, as in optim_cuda.cu.
#include "cuda/simd_kernels.h"
#include "ops/optim/adaptive_simd.cpp"
