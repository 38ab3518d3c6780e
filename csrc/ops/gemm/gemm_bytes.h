// The format of 8-bit products (gemm_blocks.h): u8 x s8 -> s32 and s8 x s8 -> s32, exact modulo 2^32.
#pragma once
#include "ops/gemm/gemm_low_precision.h"

namespace netlet::NETLET_ISA {

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

// S is the type of a: int8_t or uint8_t. A packed b starts with one int32 per padded column: the initial sum of that
// column in a product whose a is flipped.
template <class S>
struct Bytes : LowPrecision<ByteLanes, S, int8_t, flip_of<S>> {
    static NETLET_MEMBER_INLINE int64_t header(int64_t N) { return gemm_packed_header(N); }
    // The initial sums of columns j... of a product with the packed b; null: zeros.
    static NETLET_MEMBER_INLINE const int32_t* first_sums(const void* packed, int64_t j) {
        return flip_of<S> ? static_cast<const int32_t*>(packed) + j : nullptr;
    }
    static NETLET_MEMBER_INLINE const int32_t* begin(const GemmArgs& g, int64_t j) { return first_sums(g.b, j); }
    static NETLET_MEMBER_INLINE void add_flip_sums(int32_t* sums, const int32_t* panels, int64_t lanes,
                                                   int64_t columns) {
        add_byte_sums(sums, panels, lanes, lanes, columns);
    }
    static NETLET_MEMBER_INLINE void finish(const GemmArgs&, int32_t*, int64_t, int64_t) {}
};

}  // namespace netlet::NETLET_ISA
