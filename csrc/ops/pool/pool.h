#pragma once
#include <vector>

#include "ops/pool/pool_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// x (N, spatial..., C) with 1 to 3 spatial axes; window and strides have an entry for each. `same`: as many outputs as
// steps of the stride, with padding that is shorter by one before than after where it is odd (TensorFlow); otherwise
// windows lie inside the image.
Tensor pool(Tape& tape, PoolOp op, const Tensor& x, const std::vector<int64_t>& window,
            const std::vector<int64_t>& strides, bool same);

}  // namespace netlet::ops
