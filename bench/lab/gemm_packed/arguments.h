// What the versions share: the arguments, with the blocks of gemm_choice.cpp's packed_blocks, and b in panels.
#pragma once
#include <algorithm>

#include "ops/gemm/gemm_floats.h"

namespace lab {

using namespace netlet;
using namespace netlet::NETLET_ISA;

inline int64_t block(int64_t size, int64_t parts, int64_t step) {
    const int64_t each = (size + std::max<int64_t>(parts, 1) - 1) / std::max<int64_t>(parts, 1);
    return std::max<int64_t>((each + step - 1) / step * step, step);
}

inline GemmArgs arguments(void** arrays, const int64_t* sizes) {
    constexpr int64_t strip = 14;
    GemmArgs g{};
    g.a = arrays[0], g.b = arrays[2], g.c = arrays[3];
    g.M = sizes[0], g.N = sizes[1], g.K = sizes[2];
    g.a_transposed = sizes[3] != 0;
    g.lda = g.a_transposed ? g.M : g.K, g.ldb = g.N, g.ldc = g.N;
    const int64_t columns = g.M < 8 * 3 * strip ? 128 : 512;
    g.nb = block(g.N, (g.N + columns - 1) / columns, gemm_panel_group);
    g.mb = std::min(block(g.M * ((g.N + g.nb - 1) / g.nb), 32, 3 * strip), 18 * strip);
    return g;
}

inline int64_t units(const GemmArgs& g) { return (g.M + g.mb - 1) / g.mb * ((g.N + g.nb - 1) / g.nb); }

}  // namespace lab

extern "C" void prepare(void** arrays, const int64_t* sizes) {
    using namespace lab;
    const GemmPackArgs p{arrays[1], arrays[2], sizes[1], sizes[2], sizes[1], false};
    pack_b<Floats<float>>(p, {0, (p.N + gemm_panel_group - 1) / gemm_panel_group});
}
