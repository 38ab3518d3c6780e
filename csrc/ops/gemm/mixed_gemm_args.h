// Matrix products in bfloat16 whose operands are float32 or bfloat16 in memory: packing rounds float32 to nearest even.
// Sums are float32, in pairs of terms as for two bfloat16 operands (gemm_args.h). bias is float32; bias and activation
// are applied before c is rounded.
#pragma once
#include "ops/gemm/gemm_args.h"

namespace netlet {

constexpr int64_t mixed_most_columns = 512;  // most columns of a work unit of mixed_gemm_packed

// mixed_gemm_direct adds to c if `accumulate`, and splits K if kb is not 0; c is float32. `summed` is 1.
struct MixedGemmArgs : GemmArgs {
    bool a_is_bf16, b_is_bf16, c_is_bf16;
};

struct MixedGemmPackArgs : GemmPackArgs {
    bool b_is_bf16;
};

}  // namespace netlet
