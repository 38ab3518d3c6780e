// flip_images: the images whose flag is set, mirrored. x, y (N, H, W, C) of any type, flags (N,) bool.
// A unit of work is a row. Its own inverse, so backward is the same map of dy.
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
