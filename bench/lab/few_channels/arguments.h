#pragma once
#include <algorithm>

#include "ops/conv/conv_args.h"

namespace lab {

using namespace netlet;

inline ConvArgs arguments(void** arrays, const int64_t* sizes) {
    ConvArgs g{};
    const int64_t out = (sizes[1] - sizes[4]) / sizes[5] + 1;
    g.x = arrays[0], g.w = arrays[1], g.y = arrays[3];
    g.batch = sizes[0], g.groups = 1, g.C = sizes[2], g.O = sizes[3], g.slices = 1;
    g.axis[0] = {1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1};
    g.axis[1] = g.axis[2] = {sizes[1], out, sizes[5], 0, 1, sizes[4], 0, 1, sizes[4], out, 0, 1};
    return g;
}

}  // namespace lab
