// bfloat16 products with float32 sums. Every instruction set computes the same bits (Bf16Lanes in simd/gemm_dot.h).
#include "dispatch/kernel.h"
#include "ops/gemm/epilogue.h"
#include "ops/gemm/gemm_low_precision.h"

namespace netlet::NETLET_ISA {

namespace {

struct Bf16 : LowPrecision<Bf16Lanes, BFloat16, BFloat16, 0> {
    static NETLET_MEMBER_INLINE int64_t header(int64_t) { return 0; }
    static NETLET_MEMBER_INLINE const float* begin(const GemmArgs& g, int64_t j) {
        return g.bias ? static_cast<const float*>(g.bias) + j : nullptr;
    }
    static NETLET_MEMBER_INLINE void finish(const GemmArgs& g, float* c, int64_t rows, int64_t columns) {
        epilogue(g.act, g.alpha, c, g.ldc, rows, columns);
    }
};

}  // namespace

NETLET_DEFINE_KERNEL(gemm_direct_bf16, GemmArgs) {
    const FlushSubnormals flush;
    for (int64_t unit = r.begin; unit < r.end; ++unit) low_precision_unit<Bf16>(a, unit);
}
NETLET_DEFINE_KERNEL(gemm_packed_bf16, GemmArgs) {
    const FlushSubnormals flush;
    for (int64_t unit = r.begin; unit < r.end; ++unit) packed_unit<Bf16>(a, unit);
}
NETLET_DEFINE_KERNEL(gemm_pack_b_bf16, GemmPackArgs) { pack_b<Bf16>(a, r); }

}  // namespace netlet::NETLET_ISA
