// The kernel as it is in csrc, on one lane, with tiles of m x m pixels; a version defines m. The planes of a unit lie on
// the stack where they fit, as in a plan.
#pragma once
#include "ops/conv/winograd_simd.cpp"

#include "ops/conv/conv_simd.cpp"

using namespace netlet;
using namespace netlet::NETLET_ISA;

static int64_t panel_groups(const int64_t* sizes) { return (sizes[3] + conv_panel_group - 1) / conv_panel_group; }

extern "C" void prepare(void** arrays, const int64_t* sizes) {
    const Range groups{0, panel_groups(sizes)};
    conv_pack<float>({arrays[1], arrays[2], 9, 1, sizes[2], sizes[3], false}, groups);
    winograd_pack<m, float>({arrays[2], arrays[3], sizes[2], groups.end * conv_panel_group}, groups);
}

extern "C" void run(void** arrays, const int64_t* sizes) {
    WinogradArgs g{};
    g.x = arrays[0], g.u = arrays[3], g.y = arrays[5];
    g.batch = sizes[0], g.C = sizes[2], g.O = sizes[3], g.nb = panel_groups(sizes) * conv_panel_group, g.lanes = 1;
    if (!winograd_fits_stack(m, winograd_least_block(m), g.C, g.nb, sizeof(float))) g.scratch = arrays[4];
    g.h = g.w = {sizes[1], sizes[1], 1, -1, 1, 3, 0, 1, 3, sizes[1], 0, 1};
    winograd_unit<m, float>(g, 0);
}
