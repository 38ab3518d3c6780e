#include "ops/higher_order/sliding_windows.h"

#include <algorithm>

#include "ops/copy/copy.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

Tensors window_pixels(Tape& tape, const Tensor& x, const SlidingWindow& w, double outside) {
    const int64_t N = x->shape[0], C = x->shape.back();
    std::vector<int64_t> before{0}, after{0};
    for (int i = 0; i < 3; ++i) {
        const int64_t reach = (w.out[i] - 1) * w.stride[i] + (w.window[i] - 1) * w.dilation[i] + 1;
        before.push_back(w.before[i]);
        after.push_back(std::max<int64_t>(0, reach - w.before[i] - w.size[i]));
    }
    before.push_back(0);
    after.push_back(0);
    const Tensor image = pad(tape, reshape(tape, x, {N, w.size[0], w.size[1], w.size[2], C}), before, after, outside);
    Tensors taps;
    for (int64_t d = 0; d < w.window[0]; ++d)
        for (int64_t h = 0; h < w.window[1]; ++h)
            for (int64_t v = 0; v < w.window[2]; ++v)
                taps.push_back(slice(tape, image,
                                     {{0, 1, N},
                                      {d * w.dilation[0], w.stride[0], w.out[0]},
                                      {h * w.dilation[1], w.stride[1], w.out[1]},
                                      {v * w.dilation[2], w.stride[2], w.out[2]},
                                      {0, 1, C}}));
    return taps;
}

}  // namespace netlet::ops
