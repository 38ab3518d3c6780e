#include "dispatch/kernel.h"
#include "ops/quantized/code_sums_args.h"
#include "simd/bytes.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

template <bool is_signed>
NETLET_INLINE VecI load_codes(const uint8_t* q, int64_t n) {
    if (n == VecI::width) return is_signed ? load_i8(q) : load_u8(q);
    return is_signed ? load_i8_n(q, n) : load_u8_n(q, n);
}

template <bool is_signed>
NETLET_INLINE int32_t line_sum(const uint8_t* q, int64_t n) {
    VecI sum = VecI::zero();
    int64_t i = 0;
    for (; i + VecI::width <= n; i += VecI::width) sum = sum + load_codes<is_signed>(q + i, VecI::width);
    if (i < n) sum = sum + load_codes<is_signed>(q + i, n - i);
    int32_t lanes[VecI::width];
    sum.store(lanes);
    uint32_t total = 0;
    for (int l = 0; l < VecI::width; ++l) total += (uint32_t)lanes[l];
    return (int32_t)total;
}

template <bool is_signed>
NETLET_INLINE void tile_sums(const CodeSumsArgs& a, int64_t unit) {
    const int64_t tiles = (a.inner + code_sums_tile - 1) / code_sums_tile, first = unit % tiles * code_sums_tile;
    const int64_t columns = a.inner - first < code_sums_tile ? a.inner - first : code_sums_tile, o = unit / tiles;
    const uint8_t* q = a.q + o * a.n * a.inner + first;
    alignas(64) int32_t sums[code_sums_tile] = {};
    for (int64_t k = 0; k < a.n; ++k)
        for (int64_t j = 0; j < columns; j += VecI::width) {
            const int64_t n = columns - j < VecI::width ? columns - j : VecI::width;
            (VecI::load(sums + j) + load_codes<is_signed>(q + k * a.inner + j, n)).store(sums + j);
        }
    for (int64_t j = 0; j < columns; ++j) a.sums[o * a.inner + first + j] = sums[j];
}

template <bool is_signed>
NETLET_INLINE void sums_of(const CodeSumsArgs& a, Range r) {
    for (int64_t unit = r.begin; unit < r.end; ++unit)
        if (a.inner == 1)
            a.sums[unit] = line_sum<is_signed>(a.q + unit * a.n, a.n);
        else
            tile_sums<is_signed>(a, unit);
}

NETLET_DEFINE_KERNEL(code_sums, CodeSumsArgs) { a.is_signed ? sums_of<true>(a, r) : sums_of<false>(a, r); }

}  // namespace netlet::NETLET_ISA
