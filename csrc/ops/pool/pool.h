#pragma once
#include <utility>
#include <vector>

#include "ops/pool/pool_args.h"
#include "plan/tape.h"

namespace netlet::ops {

using Pads = std::vector<std::pair<int64_t, int64_t>>;  // (before, after) of each spatial axis

// x (N, spatial..., C) with 1 to 3 spatial axes; window, strides and pads have an entry for each. Padding is smaller
// than the window, so that every window contains a pixel. Codes, uint8 or int8, give codes: their largest, or their
// mean rounded half to even (windows of at most 65,536 cells); no gradient.
Tensor pool(Tape& tape, PoolOp op, const Tensor& x, const std::vector<int64_t>& window,
            const std::vector<int64_t>& strides, const Pads& pads);

}  // namespace netlet::ops
