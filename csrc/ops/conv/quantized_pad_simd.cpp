// Copies images of codes into images with padding: runs of bytes, at the speed of memory.
#include <string.h>

#include "dispatch/kernel.h"
#include "ops/conv/quantized_conv_args.h"

namespace netlet::NETLET_ISA {

NETLET_DEFINE_KERNEL(quantized_pad, QuantizedPadArgs) {
    const int64_t row = a.out[2] * a.channels, inside = a.in[2] * a.channels, left = a.before[2] * a.channels;
    for (int64_t unit = r.begin; unit < r.end; ++unit) {
        const int64_t h = unit % a.out[1] - a.before[1], d = unit / a.out[1] % a.out[0] - a.before[0];
        const int64_t n = unit / a.out[1] / a.out[0];
        const int zero = a.zero ? a.zero[n * a.zero_step] : 0;
        uint8_t* y = a.y + unit * row;
        if (h < 0 || h >= a.in[1] || d < 0 || d >= a.in[0]) {
            memset(y, zero, (size_t)row);
        } else {
            memset(y, zero, (size_t)left);
            memcpy(y + left, a.x + ((n * a.in[0] + d) * a.in[1] + h) * inside, (size_t)inside);
            memset(y + left + inside, zero, (size_t)(row - left - inside));
        }
        if (unit + 1 == a.batch * a.out[0] * a.out[1]) memset(y + row, 0, (size_t)a.slack);
    }
}

}  // namespace netlet::NETLET_ISA
