// The kernel as it is, cut into units as ops/gemm/gemm_choice.cpp does.
#include <algorithm>

#include "ops/gemm/gemm_simd.cpp"

using namespace netlet;
using namespace netlet::NETLET_ISA;

extern "C" void run(void** arrays, const int64_t* sizes) {
    GemmArgs g{};
    const int64_t M = sizes[0], N = sizes[1], K = sizes[2];
    g.a = arrays[0], g.b = arrays[1], g.c = arrays[2];
    g.M = M, g.N = N, g.K = K, g.lda = K, g.ldb = N, g.ldc = N, g.summed = 1;
    const int64_t units = std::clamp<int64_t>(M * N * K / (128 * 1024), 1, 64);
    const int64_t blocks = std::min(units, (M + 13) / 14);
    g.mb = M <= 56 ? M : (M + blocks - 1) / blocks, g.nb = (N + 63) / 64 * 64;
    const int64_t count = (M + g.mb - 1) / g.mb * ((N + g.nb - 1) / g.nb);
    for (int64_t unit = 0; unit < count; ++unit) direct_unit<float>(g, unit);
}
