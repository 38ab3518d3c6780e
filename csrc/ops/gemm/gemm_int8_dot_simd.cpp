// 8-bit products, u8 x s8 -> s32 and s8 x s8 -> s32: exact modulo 2^32, the same bits on every instruction set.
#include "dispatch/kernel.h"
#include "ops/gemm/gemm_bytes.h"

namespace netlet::NETLET_ISA {

namespace {

NETLET_INLINE void pack_bytes(const GemmPackArgs& g, Range r) {
    using F = Bytes<int8_t>;
    pack_b<F>(g, r);
    if (!F::flip && !Bytes<uint8_t>::flip) return;
    const int64_t panel_lanes = lanes_of<F>(g.K), begin = r.begin * gemm_panel_group;
    const int64_t end = r.end * gemm_panel_group;
    int32_t *sums = static_cast<int32_t*>(g.packed), *panels = sums + F::header(g.N);
    for (int64_t j = begin; j < end; ++j) sums[j] = 0;
    add_byte_sums(sums + begin, panels + begin * panel_lanes, panel_lanes, panel_lanes, end - begin);
}

}  // namespace

#define NETLET_BYTE_KERNELS(S, suffix)                                                                                 \
    NETLET_DEFINE_KERNEL(gemm_direct_##suffix, GemmArgs) {                                                             \
        for (int64_t unit = r.begin; unit < r.end; ++unit) low_precision_unit<Bytes<S>>(a, unit);                      \
    }                                                                                                                  \
    NETLET_DEFINE_KERNEL(gemm_packed_##suffix, GemmArgs) {                                                             \
        for (int64_t unit = r.begin; unit < r.end; ++unit) packed_unit<Bytes<S>>(a, unit);                             \
    }
NETLET_BYTE_KERNELS(uint8_t, u8s8)
NETLET_BYTE_KERNELS(int8_t, s8s8)
NETLET_DEFINE_KERNEL(gemm_pack_b_s8, GemmPackArgs) { pack_bytes(a, r); }

}  // namespace netlet::NETLET_ISA
