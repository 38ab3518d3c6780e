// 8-bit products, u8 x s8 -> s32 and s8 x s8 -> s32: exact modulo 2^32, the same bits on every instruction set.
#include "dispatch/kernel.h"
#include "ops/gemm/gemm_low_precision.h"

namespace netlet::NETLET_ISA {

namespace {

// sums(j) += the correction that undoes the flip of a (ByteLanes::flip_sum) in column j, over `lanes` rows of lanes of
// each panel. `columns` is a whole number of panels.
NETLET_INLINE void add_byte_sums(int32_t* sums, const int32_t* panels, int64_t panel_lanes, int64_t lanes,
                                 int64_t columns) {
    constexpr int64_t NR = panel_width<ByteLanes>;
    for (int64_t j = 0; j < columns; j += NR, panels += panel_lanes * NR)
        for (int64_t v = 0; v < NR; v += Words::width) {
            Words sum = Words::load(sums + j + v);
            for (int64_t k = 0; k < lanes; ++k) sum = ByteLanes::flip_sum(Words::load(panels + k * NR + v), sum);
            sum.store(sums + j + v);
        }
}

// The format of 8-bit products. A packed b starts with one int32 per column: the initial sum of that column in a
// product whose a is flipped.
template <class S>
struct Bytes : LowPrecision<ByteLanes, S, int8_t, flip_of<S>> {
    static NETLET_MEMBER_INLINE int64_t header(int64_t N) { return gemm_packed_header(N); }
    static NETLET_MEMBER_INLINE const int32_t* begin(const GemmArgs& g, int64_t j) {
        return flip_of<S> ? static_cast<const int32_t*>(g.b) + j : nullptr;
    }
    static NETLET_MEMBER_INLINE void add_flip_sums(int32_t* sums, const int32_t* panels, int64_t lanes,
                                                   int64_t columns) {
        add_byte_sums(sums, panels, lanes, lanes, columns);
    }
    static NETLET_MEMBER_INLINE void finish(const GemmArgs&, int32_t*, int64_t, int64_t) {}
};

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
