// Positions, on a GPU.
#pragma once
#define NETLET_ISA gpu_index
#include "cuda/index_math.h"
#include "ops/index/read_index.h"

namespace netlet::cuda {

using gpu_index::index_at;
using gpu_index::wrap_index;

}  // namespace netlet::cuda
