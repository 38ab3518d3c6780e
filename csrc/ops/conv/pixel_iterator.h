// Iterates over the pixels of a grid in row-major order.
#pragma once
#include "ops/conv/conv_args.h"

namespace netlet::NETLET_ISA {

struct Pixel {
    int64_t n, d, h, w;
};

NETLET_INLINE Pixel pixel_at(const ConvAxis* axis, int64_t i) {
    Pixel p;
    p.w = i % axis[2].grid;
    i /= axis[2].grid;
    p.h = i % axis[1].grid;
    i /= axis[1].grid;
    p.d = i % axis[0].grid;
    p.n = i / axis[0].grid;
    return p;
}

NETLET_INLINE void next(Pixel& p, const ConvAxis* axis) {
    if (++p.w < axis[2].grid) return;
    p.w = 0;
    if (++p.h < axis[1].grid) return;
    p.h = 0;
    if (++p.d < axis[0].grid) return;
    p.d = 0;
    ++p.n;
}

}  // namespace netlet::NETLET_ISA
