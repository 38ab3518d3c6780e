// The last step of an integer product, on sums that are still in the cache: requantize_args.h. requantize_block
// computes a block of rows: what belongs to the columns is loaded once for all rows, and combined with the scale and
// the zero point of x once if the rows share those.
#pragma once
#include "ops/activation/fusable_activations.h"
#include "ops/quant/requantize_args.h"
#include "simd/bytes.h"
#include "simd/each_vector.h"

namespace netlet::NETLET_ISA {

NETLET_INLINE int32_t code_at(const uint8_t* codes, int64_t i, bool is_signed) {
    return !codes ? 0 : is_signed ? (int8_t)codes[i] : codes[i];
}

NETLET_INLINE void store_values(AllLanes<Vec<float>>, Vec<float> v, float* y) { v.store(y); }
NETLET_INLINE void store_values(FirstLanes<Vec<float>> lanes, Vec<float> v, float* y) { v.store_n(y, lanes.n); }
NETLET_INLINE void store_codes(AllLanes<Vec<float>>, VecI v, uint8_t* q) { store_low_bytes(v, q); }
NETLET_INLINE void store_codes(FirstLanes<Vec<float>> lanes, VecI v, uint8_t* q) { store_low_bytes_n(v, q, lanes.n); }

// The quantizer of one scale and zero point: codes as 32-bit numbers. NaN has code 0.
struct CodeQuantizer {
    Vec<float> scale, zero, lowest, highest;
    NETLET_MEMBER_INLINE CodeQuantizer(float scale_, int32_t zero_, bool is_signed)
        : scale(Vec<float>::set1(scale_)),
          zero(Vec<float>::set1((float)zero_)),
          lowest(Vec<float>::set1(is_signed ? -128.0f : 0.0f)),
          highest(Vec<float>::set1(is_signed ? 127.0f : 255.0f)) {}
    NETLET_MEMBER_INLINE VecI codes(Vec<float> v) const {
        const Vec<float> code = round_even(v / scale) + zero;
        return to_int_trunc(select(is_nan(code), Vec<float>::zero(), clip(code, lowest, highest)));
    }
};

// The numbers of one row. `row` is the row of x_sums, `sample` that of x_scale and x_zero. Factors wrap, as the sums do.
struct RequantizedRow {
    float scale;
    int32_t minus_zero, of_w_zero;  // the factors of w_sums and of w_zero
    NETLET_MEMBER_INLINE RequantizedRow() {}
    NETLET_MEMBER_INLINE RequantizedRow(const Requantization& q, int64_t row, int64_t sample) {
        const int64_t at = sample * q.row_step;
        const int32_t zero = code_at(q.x_zero, at, q.x_signed);
        scale = q.x_scale[at];
        minus_zero = -zero;
        of_w_zero = q.w_zero ? (int32_t)((uint32_t)q.terms * (uint32_t)zero - (uint32_t)q.x_sums[row]) : 0;
    }
};

// The numbers of a vector of columns from column c on.
struct RequantizedColumns {
    Vec<float> scale, bias;
    VecI sums, zero, integer_bias;
    template <class Lanes>
    NETLET_MEMBER_INLINE RequantizedColumns(const Requantization& q, Lanes lanes, int64_t c) {
        const auto* zeros = reinterpret_cast<const uint8_t*>(q.w_zero);
        scale = q.column_step ? lanes.load(q.w_scale + c) : Vec<float>::set1(*q.w_scale);
        bias = q.bias ? lanes.load(q.bias + c) : Vec<float>::zero();
        sums = q.x_zero ? load_lanes<VecI>(q.w_sums + c, lanes.n) : VecI::zero();
        integer_bias = q.integer_bias ? load_lanes<VecI>(q.integer_bias + c, lanes.n) : VecI::zero();
        zero = !q.w_zero       ? VecI::zero()
               : q.column_step ? (lanes.n == VecI::width ? load_i8(zeros + c) : load_i8_n(zeros + c, lanes.n))
                               : VecI::set1(*q.w_zero);
    }
};

// Scale and addend of the sums of one row and a vector of columns. They are the same for all rows if those share the
// scale and the zero point of x, and w has no zero point.
struct RequantizedTile {
    Vec<float> scale;
    VecI addend;
    NETLET_MEMBER_INLINE RequantizedTile(const Requantization& q, const RequantizedRow& row,
                                         const RequantizedColumns& columns) {
        scale = Vec<float>::set1(row.scale) * columns.scale;
        addend = columns.integer_bias;
        if (q.x_zero) addend = addend + VecI::set1(row.minus_zero) * columns.sums;
        if (q.w_zero) addend = addend + VecI::set1(row.of_w_zero) * columns.zero;
    }
    static NETLET_MEMBER_INLINE bool is_common(const Requantization& q) { return q.row_step == 0 && !q.w_zero; }
};

NETLET_INLINE Vec<float> requantized(const Requantization& q, Activation act, VecI acc, const RequantizedTile& tile,
                                     const RequantizedColumns& columns) {
    Vec<float> v = to_float(acc + tile.addend) * tile.scale;
    if (q.bias) v = v + columns.bias;
    return activate(act, v, (float)q.alpha);
}

NETLET_INLINE CodeQuantizer quantizer_of(const Requantization& q) {
    return q.y_scale ? CodeQuantizer(*q.y_scale, code_at(q.y_zero, 0, q.y_signed), q.y_signed)
                     : CodeQuantizer(1, 0, false);
}

constexpr int64_t requantize_most_rows = 16;  // of a block

// Only linear and relu are constants: the others take longer than a switch for each vector, and copies for them would
// add 15 KB to every file that includes this header.
template <Activation... constant>
static void requantize_block_of(const Requantization& q, const int32_t* acc, int64_t ld, const RequantizedRow* rows,
                                int64_t count, int64_t j, int64_t columns, void* y, int64_t ldy) {
    const CodeQuantizer quantizer = quantizer_of(q);
    const bool common = RequantizedTile::is_common(q);
    Activation act = q.act;
    ((act = constant), ...);
    each_vector<Vec<float>>({0, columns}, [&](auto lanes, int64_t k) NETLET_INLINE_LAMBDA {
        const RequantizedColumns of_columns(q, lanes, j + k);
        RequantizedTile tile(q, rows[0], of_columns);
        for (int64_t i = 0; i < count; ++i) {
            if (!common && i > 0) tile = RequantizedTile(q, rows[i], of_columns);
            const VecI sums = load_lanes<VecI>(acc + i * ld + k, lanes.n);
            const Vec<float> v = requantized(q, act, sums, tile, of_columns);
            if (q.y_scale)
                store_codes(lanes, quantizer.codes(v), static_cast<uint8_t*>(y) + i * ldy + k);
            else
                store_values(lanes, v, static_cast<float*>(y) + i * ldy + k);
        }
    });
}

// Calls f.template operator()<act>() with the activation as a constant.
template <class F>
NETLET_INLINE void with_activation(Activation act, const F& f) {
#define NETLET_CASE(name)                                                                                              \
    case Activation::name: return f.template operator()<Activation::name>();
    switch (act) {
        NETLET_FUSABLE_ACTIVATIONS(NETLET_CASE)
        default: return f.template operator()<Activation::linear>();
    }
#undef NETLET_CASE
}

// `count` rows (at least one): acc holds the sums of columns [j, j + columns) of the first one, y points at its first
// result: float32, or codes if y_scale is set. ld and ldy are the distances of rows.
NETLET_INLINE void requantize_block(const Requantization& q, const int32_t* acc, int64_t ld, const RequantizedRow* rows,
                                    int64_t count, int64_t j, int64_t columns, void* y, int64_t ldy) {
    if (q.act == Activation::linear)
        requantize_block_of<Activation::linear>(q, acc, ld, rows, count, j, columns, y, ldy);
    else if (q.act == Activation::relu)
        requantize_block_of<Activation::relu>(q, acc, ld, rows, count, j, columns, y, ldy);
    else
        requantize_block_of<>(q, acc, ld, rows, count, j, columns, y, ldy);
}

}  // namespace netlet::NETLET_ISA
