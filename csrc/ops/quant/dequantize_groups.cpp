#include "ops/quant/dequantize_groups.h"

#include "dispatch/dispatch.h"
#include "ops/quant/quant_args.h"

namespace netlet::ops {

namespace {

void check(const Tensor& q, const Tensor& scale, const Tensor& zero, int64_t group) {
    if (q->dtype != DType::i8 && q->dtype != DType::u8)
        throw TypeError(std::string("dequantize_groups: expected codes of int8 or uint8, received ") +
                        name_of(q->dtype));
    if (q->shape.rank() != 2 || group < 1 || (q->shape[1] == 1 && q->shape[0] % group))
        throw ValueError("dequantize_groups: expected a matrix of codes and whole groups of at least 1 row, received " +
                         q->shape.str() + " and groups of " + std::to_string(group));
    const Shape expected{ceil_div(q->shape[0], group), q->shape[1]};
    if (scale->dtype != DType::f32 || scale->shape != expected)
        throw ValueError("dequantize_groups: expected a float32 scale of shape " + expected.str() + " for codes " +
                         q->shape.str() + " in groups of " + std::to_string(group) + " rows, received " +
                         name_of(scale->dtype) + " of shape " + scale->shape.str());
    if (zero && (zero->dtype != q->dtype || zero->shape != scale->shape))
        throw ValueError(std::string("dequantize_groups: expected a zero point of ") + name_of(q->dtype) +
                         " and the scale's shape " + scale->shape.str() + ", received " + name_of(zero->dtype) +
                         " of shape " + zero->shape.str());
}

}  // namespace

Tensor dequantize_groups(Tape& tape, const Tensor& q, const Tensor& scale, const Tensor& zero, int64_t group) {
    check(q, scale, zero, group);
    Tensor y = tape.empty(q->shape, DType::f32);
    const int64_t rows = q->shape[0], columns = q->shape[1];
    DequantizeArgs<float> a{};
    a.n = group;
    a.inner = columns;
    a.is_signed = q->dtype == DType::i8;
    // One column: lines of `group` codes, as the kernel sees inner == 1. Otherwise its units are rows, and it finds the
    // scales of a row by its group.
    a.pieces = ceil_div(group, quantize_piece);
    Work work{rows, grain_for(16384, columns), 2 * (double)q->size()};
    if (columns == 1) work = {rows / group * a.pieces, grain_for(16384, group), work.flops};
    if (q->size() == 0) work.units = 0;
    work.prepack = true;
    tape.emit(kernel(KernelId::dequantize_f32), a, {in(a.q, q), in(a.scale, scale), in_if(a.zero, zero), out(a.y, y)},
              work);
    return y;
}

}  // namespace netlet::ops
