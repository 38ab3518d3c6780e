// bfloat16 and 8-bit products on a GPU. A work unit is a tile of 128 x 128 or, where there are fewer of these than
// multiprocessors, 64 x 64 elements.
#include "ops/gemm/gemm_mma_cuda.h"

namespace netlet::cuda {

namespace {

template <int size>
void launch_bf16(const GemmArgs& g, int64_t units, Stream& s) {
    using enum MmaStorage;
    const GemmGrid grid = gemm_grid(g, size, size, 2, 4);
    if (g.a_transposed)
        return g.b_transposed ? launch_gemm_mma<Bf16Mma, size, terms, rows>(g, grid, units, s)
                              : launch_gemm_mma<Bf16Mma, size, terms, terms>(g, grid, units, s);
    return g.b_transposed ? launch_gemm_mma<Bf16Mma, size, rows, rows>(g, grid, units, s)
                          : launch_gemm_mma<Bf16Mma, size, rows, terms>(g, grid, units, s);
}

template <bool a_signed, int size>
void launch_bytes(const GemmArgs& g, int64_t units, Stream& s) {
    using enum MmaStorage;
    const GemmGrid grid = gemm_grid(g, size, size, 1, 4);
    // What is contiguous along the rows of a or the columns of b is read byte by byte, but for the usual layout.
    if (!g.a_transposed && grid.vector_a && !g.b_transposed && reads_vectors(g, g.b, g.b_step, g.ldb, g.N, 4))
        return launch_gemm_mma<ByteMma<a_signed>, size, aligned_rows, staged_rows>(g, grid, units, s);
    launch_gemm_mma<ByteMma<a_signed>, size, rows, rows>(g, grid, units, s);
}

}  // namespace

NETLET_CUDA_KERNEL(gemm_direct_bf16, GemmArgs) {
    a.mb == 128 ? launch_bf16<128>(a, units, s) : launch_bf16<64>(a, units, s);
}
NETLET_CUDA_KERNEL(gemm_direct_s8s8, GemmArgs) {
    a.mb == 128 ? launch_bytes<true, 128>(a, units, s) : launch_bytes<true, 64>(a, units, s);
}
NETLET_CUDA_KERNEL(gemm_direct_u8s8, GemmArgs) {
    a.mb == 128 ? launch_bytes<false, 128>(a, units, s) : launch_bytes<false, 64>(a, units, s);
}

}  // namespace netlet::cuda
