#pragma once
#include "ops/conv/conv_simd.cpp"
#include "ops/conv/winograd_args.h"

namespace lab {

using namespace netlet;

inline WinogradArgs arguments(void** arrays, const int64_t* sizes) {
    WinogradArgs g{};
    g.x = arrays[0], g.u = arrays[3], g.y = arrays[5], g.scratch = arrays[4];
    g.batch = sizes[0], g.C = sizes[2], g.O = sizes[3], g.nb = (g.O + 31) / 32 * 32, g.lanes = 1;
    g.act = Activation::relu;
    g.act = Activation::linear;
    g.h = g.w = {sizes[1], sizes[1], 1, -1, 1, 3, 0, 1, 3, sizes[1], 0, 1};
    return g;
}

template <class Pack>
void pack_once(void** arrays, const int64_t* sizes, Pack pack) {
    using namespace netlet::NETLET_ISA;
    static const void* packed = nullptr;
    if (packed == arrays[3]) return;
    const int64_t groups = (sizes[3] + conv_panel_group - 1) / conv_panel_group;
    conv_pack<float>({arrays[1], arrays[2], 9, 1, sizes[2], sizes[3], false}, {0, groups});
    pack(WinogradPackArgs{arrays[2], arrays[3], sizes[2], groups * conv_panel_group}, Range{0, groups});
    packed = arrays[3];
}

}  // namespace lab
