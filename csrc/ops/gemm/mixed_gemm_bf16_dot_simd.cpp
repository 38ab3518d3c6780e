// bfloat16 products of float32 or bfloat16 operands (mixed_gemm_args.h). Every instruction set computes the same bits.
#include "dispatch/kernel.h"
#include "ops/gemm/epilogue.h"
#include "ops/gemm/gemm_low_precision.h"
#include "ops/gemm/mixed_gemm_args.h"
#include "simd/bf16_lanes.h"

namespace netlet::NETLET_ISA {

namespace {

template <class A, class B>
struct Mixed : LowPrecision<MixedLanes, A, B, 0> {
    static NETLET_MEMBER_INLINE int64_t header(int64_t) { return 0; }
    static NETLET_MEMBER_INLINE const float* begin(const GemmArgs& g, int64_t j) {
        return g.bias ? static_cast<const float*>(g.bias) + j : nullptr;
    }
    static NETLET_MEMBER_INLINE void finish(const GemmArgs& g, float* c, int64_t rows, int64_t columns) {
        epilogue(g.act, g.alpha, c, g.ldc, rows, columns);
    }
};

// A packed product whose result is bfloat16: the float32 sums of one strip of rows stay on the stack.
template <class A>
static void rounded_unit(const GemmArgs& g, int64_t unit) {
    using F = Mixed<A, float>;
    constexpr int most = max_rows(packed_nv);
    const Block at = block_of(g, unit);
    const RowStrips strips(at.rows, most);
    const int64_t panel_lanes = lanes_of<F>(g.K);
    const A* a = static_cast<const A*>(g.a) + at.i * (g.a_transposed ? 1 : g.lda);
    const int32_t* b = static_cast<const int32_t*>(g.b) + at.j * panel_lanes;
    BFloat16* c = static_cast<BFloat16*>(g.c) + at.i * g.ldc + at.j;
    alignas(64) int32_t strip[F::kc / F::group * strip_width<F>];
    alignas(64) float sums[most * mixed_most_columns];
    for (int64_t s = 0, i = 0; s < strips.count; ++s) {
        const int64_t mr = strips.rows(s);
        Init<float> init{F::begin(g, at.j), 0};
        for (int64_t k0 = 0; k0 < g.K; k0 += F::kc, init = {sums, at.columns}) {
            const int64_t ks = g.K - k0 < F::kc ? g.K - k0 : F::kc;
            F::pack_a(strip, strip_width<F>, g.a_transposed ? a + k0 * g.lda + i : a + i * g.lda + k0, g.lda,
                      g.a_transposed, mr, ks);
            strip_times_panels<F>(lanes_of<F>(ks), AMajor::k, strip, strip_width<F>, b + k0 / F::group * panel_width<F>,
                                  panel_lanes, sums, at.columns, init, mr, at.columns);
        }
        epilogue(g.act, g.alpha, sums, at.columns, mr, at.columns);
        for (int64_t row = 0; row < mr; ++row, ++i) {
            const float* from = sums + row * at.columns;
            for (int64_t j = 0; j < at.columns; j += Vec<float>::width) {
                const int64_t left = at.columns - j, n = left < Vec<float>::width ? left : Vec<float>::width;
                store_bf16(Vec<float>::load_n(from + j, n), c + i * g.ldc + j, n);
            }
        }
    }
}

}  // namespace

NETLET_DEFINE_KERNEL(mixed_gemm_direct, MixedGemmArgs) {
    const FlushSubnormals flush;
    const auto unit = a.a_is_bf16   ? a.b_is_bf16 ? low_precision_unit<Mixed<BFloat16, BFloat16>>
                                                  : low_precision_unit<Mixed<BFloat16, float>>
                      : a.b_is_bf16 ? low_precision_unit<Mixed<float, BFloat16>>
                                    : low_precision_unit<Mixed<float, float>>;
    for (int64_t i = r.begin; i < r.end; ++i) unit(a, i);
}

NETLET_DEFINE_KERNEL(mixed_gemm_packed, MixedGemmArgs) {
    const FlushSubnormals flush;
    for (int64_t i = r.begin; i < r.end; ++i) {
        if (a.c_is_bf16)
            a.a_is_bf16 ? rounded_unit<BFloat16>(a, i) : rounded_unit<float>(a, i);
        else
            a.a_is_bf16 ? packed_unit<Mixed<BFloat16, float>>(a, i) : packed_unit<Mixed<float, float>>(a, i);
    }
}

NETLET_DEFINE_KERNEL(mixed_gemm_pack_b, MixedGemmPackArgs) {
    if (a.b_is_bf16)
        pack_b<Mixed<float, BFloat16>>(a, r);
    else
        pack_b<Mixed<float, float>>(a, r);
}

}  // namespace netlet::NETLET_ISA
