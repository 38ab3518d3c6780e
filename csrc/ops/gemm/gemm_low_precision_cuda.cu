// bfloat16 and 8-bit products on a GPU. A work unit is a tile of 128 x 128 or, where there are fewer of these than
// multiprocessors, 64 x 64 elements.
#include "ops/gemm/gemm_mma_cuda.h"

namespace netlet::cuda {

#define NETLET_MMA_KERNEL(suffix, Format)                                                                              \
    NETLET_CUDA_KERNEL(gemm_direct_##suffix, GemmArgs) {                                                               \
        a.mb == 128 ? launch_gemm_mma<Format, 128>(a, units, s) : launch_gemm_mma<Format, 64>(a, units, s);            \
    }
NETLET_MMA_KERNEL(bf16, Bf16Mma)
NETLET_MMA_KERNEL(s8s8, ByteMma<true>)
NETLET_MMA_KERNEL(u8s8, ByteMma<false>)
#undef NETLET_MMA_KERNEL

}  // namespace netlet::cuda
