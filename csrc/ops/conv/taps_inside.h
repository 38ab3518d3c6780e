// The taps of an axis that read inside the image.
#pragma once
#include "ops/conv/conv_args.h"

namespace netlet::NETLET_ISA {

// The taps [begin, end) that read inside x at grid position q.
struct Taps {
    int64_t begin, end;
    NETLET_MEMBER_INLINE bool operator==(const Taps& o) const { return begin == o.begin && end == o.end; }
};
NETLET_INLINE Taps taps_inside(const ConvAxis& axis, int64_t q) {
    const int64_t at = q * axis.step + axis.first, left = axis.in - 1 - at, s = axis.tap_step;
    return {at < 0 ? (-at + s - 1) / s : 0, left < 0 ? 0 : left / s + 1 < axis.taps ? left / s + 1 : axis.taps};
}

}  // namespace netlet::NETLET_ISA
