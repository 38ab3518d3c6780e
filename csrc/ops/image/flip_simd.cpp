#include <string.h>

#include "dispatch/kernel.h"
#include "ops/image/flip_args.h"

namespace netlet::NETLET_ISA {

// Copies n pixels in reverse order. memcpy of a constant size compiles to a move or two.
template <int fixed>
NETLET_INLINE void reverse(const char* x, char* y, int64_t n, int64_t bytes) {
    const int64_t step = fixed ? fixed : bytes;
    for (int64_t i = 0; i < n; ++i) memcpy(y + (n - 1 - i) * step, x + i * step, (size_t)step);
}

NETLET_DEFINE_KERNEL(flip_images, FlipArgs) {
    const int64_t bytes = a.W * a.pixel;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t image = unit / a.H, h = unit % a.H;
        const bool flip = a.flags[image];
        const char* x = (const char*)a.x + (flip && a.vertical ? image * a.H + (a.H - 1 - h) : unit) * bytes;
        char* y = (char*)a.y + unit * bytes;
        if (!flip || !a.horizontal) {
            memcpy(y, x, (size_t)bytes);
            continue;
        }
        switch (a.pixel) {
            case 1: reverse<1>(x, y, a.W, 1); break;
            case 3: reverse<3>(x, y, a.W, 3); break;
            case 4: reverse<4>(x, y, a.W, 4); break;
            case 8: reverse<8>(x, y, a.W, 8); break;
            case 12: reverse<12>(x, y, a.W, 12); break;
            case 24: reverse<24>(x, y, a.W, 24); break;
            default: reverse<0>(x, y, a.W, a.pixel);
        }
    }
}

}  // namespace netlet::NETLET_ISA
