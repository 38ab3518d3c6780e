// flip_images: mirrors the images whose flag is set. x, y (N, H, W, C) of any type, flags (N,) bool. A work unit is a
// row. The map is its own inverse, so backward applies it to dy.
#pragma once
#include "base/types.h"

namespace netlet {

struct FlipArgs {
    const void* x;
    const bool* flags;
    void* y;
    int64_t H, W;
    int64_t pixel;  // bytes
    bool horizontal, vertical;
};

}  // namespace netlet
