// Vectors of pixels, from planes: conv_planar. Zen 3, best of many calls in GFLOP/s, v1 / v2: 1 -> 6 5x5 23 / 56,
// 1 -> 32 3x3 33 / 40, 3 -> 32 3x3 63 / 53.
#include "few_channels/arguments.h"
#include "ops/conv/conv_planar_simd.cpp"

extern "C" void run(void** arrays, const int64_t* sizes) {
    using namespace netlet::NETLET_ISA;
    netlet::ConvArgs g = lab::arguments(arrays, sizes);
    g.mb = g.axis[1].grid;
    while (netlet::planes_of(g, g.mb, 4).elements(g.C) * 4 > netlet::planar_room) --g.mb;
    conv_planar<float>(g, {0, g.batch * ((g.axis[1].grid + g.mb - 1) / g.mb)});
}
