// The product of a forward step on codes: quantized_rnn_args.h. A step reads a quarter of the bytes of float panels.
#pragma once
#include "ops/quant/quantize_line.h"
#include "ops/rnn/quantized_rnn_args.h"
#include "ops/rnn/rnn_steps.h"
#include "simd/gemm_dot.h"

namespace netlet::NETLET_ISA {

// The scale and the zero point of the codes of a row.
struct RowCode {
    float scale;
    int32_t zero;
};

NETLET_INLINE RowCode codes_of_row(const float* x, int64_t n, uint8_t* q) {
    float low, high;
    range_of<false>(x, n, low, high);
    const Code<float> code = code_of(Quantizer::zeropoint_u8, low, high);
    const Encoder<float> encode(Quantizer::zeropoint_u8);
    encode.line(x, q, n, OneScale<float>{Vec<float>::set1(code.scale), Vec<float>::set1(code.zero)});
    return {code.scale, (int32_t)code.zero};
}

// Bytes as the lanes that a panel is multiplied with, padded to whole vectors of them. Terms past the end meet zeros of
// the panel.
NETLET_INLINE void lanes_of_codes(const uint8_t* q, int64_t n, int32_t* lanes) {
    constexpr int64_t terms = ByteLanes::group * Words::width;
    for (int64_t k = 0; k < n; k += terms)
        (ByteLanes::along(q + k, n - k < terms ? n - k : terms) ^ Words::set1(flip_of<uint8_t>))
            .store(lanes + k / ByteLanes::group);
}

struct CodesProduct {
    const QuantizedRnnArgs& q;

    NETLET_MEMBER_INLINE void operator()(const Forward<float>& w, const float* x, int64_t first, int64_t columns,
                                         Init<float> init) const {
        constexpr int64_t NR = panel_width<ByteLanes>, most_rows = 16;
        const int64_t row_scratch = quantized_rnn_scratch_columns(w.U), K = lanes_of<ByteLanes>(w.U);
        const int32_t* panels = (first ? q.panels_n : q.panels) + gemm_packed_header(columns);
        int32_t* lanes = q.scratch + w.first * row_scratch;
        RowCode codes[most_rows];
        for (int64_t i = 0; i < w.rows; ++i) {
            int32_t* row = lanes + i * row_scratch;
            uint8_t* bytes = reinterpret_cast<uint8_t*>(row + rnn_lanes_pitch(w.U));
            codes[i] = codes_of_row(x + i * w.u_pitch, w.U, bytes);
            lanes_of_codes(bytes, w.U, row);
        }
        // The sums of a panel, or of the panels that one row is multiplied with together, wait on the stack.
        const int64_t group = w.rows == 1 ? panels_together * NR : NR;
        alignas(64) int32_t sums[most_rows * NR];
        static_assert(panels_together <= most_rows);
        for (int64_t j = 0; j < columns; j += group) {
            const int64_t n = columns - j < group ? columns - j : group;
            rows_times_panels<ByteLanes>(w.rows, n, K, lanes, row_scratch, panels + j * K, sums, group, {nullptr, 0});
            for (int64_t i = 0; i < w.rows; ++i)
                finish(codes[i], sums + i * group, first + j, n, init.at(i, j), w.z(i) + first + j);
        }
    }

  private:
    NETLET_MEMBER_INLINE void finish(RowCode code, const int32_t* sums, int64_t j, int64_t n, const float* init,
                                     float* z) const {
        using V = Vec<float>;
        const V scale = V::set1(code.scale), one = V::set1(q.r_step ? 1 : *q.r_scale);
        // Where the instruction takes signed bytes, the lanes are codes - 128 (flip_of), so the zero point is too.
        const VecI zero = VecI::set1(code.zero - (flip_of<uint8_t> ? 128 : 0));
        each_vector<V>({0, n}, [&](auto lanes, int64_t k) NETLET_INLINE_LAMBDA {
            const VecI of_h = load_lanes<VecI>(sums + k, lanes.n) - zero * load_lanes<VecI>(q.r_sums + j + k, lanes.n);
            const V r_scale = q.r_step ? lanes.load(q.r_scale + j + k) : one;
            const V product = to_float(of_h) * (scale * r_scale);
            lanes.store(init ? product + lanes.load(init + k) : product, z + k);
        });
    }
};

}  // namespace netlet::NETLET_ISA
