// Vectors of output channels, from a kernel in panels: what the other convolutions do.
#include "few_channels/arguments.h"
#include "ops/conv/conv_simd.cpp"

extern "C" void prepare(void** arrays, const int64_t* sizes) {
    using namespace netlet::NETLET_ISA;
    const netlet::ConvArgs g = lab::arguments(arrays, sizes);
    conv_pack<float>({arrays[1], arrays[2], sizes[4] * sizes[4], 1, g.C, g.O, false},
                     {0, (g.O + netlet::conv_panel_group - 1) / netlet::conv_panel_group});
}

extern "C" void run(void** arrays, const int64_t* sizes) {
    using namespace netlet::NETLET_ISA;
    netlet::ConvArgs g = lab::arguments(arrays, sizes);
    const int64_t pixels = g.batch * g.axis[1].grid * g.axis[2].grid;
    g.w = arrays[2];
    g.nb = g.O;
    g.mb = std::max<int64_t>(netlet::conv_pixel_step, pixels / 32 / netlet::conv_pixel_step * netlet::conv_pixel_step);
    conv_gather<float>(g, {0, (pixels + g.mb - 1) / g.mb});
}
