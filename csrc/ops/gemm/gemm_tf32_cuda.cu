// The instances of TF32 products. gemm_direct_f32 (gemm_cuda.cu) launches them: they take the tile that float32 takes.
#include "ops/gemm/gemm_tf32_cuda.h"

namespace netlet::cuda {

void launch_gemm_tf32(const GemmArgs& g, int64_t units, Stream& s) {
    switch (g.mb) {
        case 32: return launch_gemm_mma<Tf32Mma, 32>(g, units, s);
        case 64: return launch_gemm_mma<Tf32Mma, 64>(g, units, s);
        default: return launch_gemm_mma<Tf32Mma, 128>(g, units, s);
    }
}

}  // namespace netlet::cuda
