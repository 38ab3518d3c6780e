#include "ops/quant/quant.h"

#include <algorithm>
#include <cmath>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/quant/quant_layout.h"
#include "ops/shape/shape.h"
#include "plan/transfer.h"

namespace netlet::ops {

namespace {

using Layout = QuantLayout;

Layout layout_of(const char* op, const Shape& x, const Sharing& sharing, Shape& scale) {
    Layout layout;
    bool shared[Shape::max_rank] = {};
    if (sharing.axes)
        for (int given : *sharing.axes) shared[normalize_axis(given, x.rank(), op)] = true;
    for (int i = 0; i < x.rank(); ++i) {
        if (sharing.group > 0 && shared[i]) {
            if (x[i] % sharing.group)
                throw ValueError(std::string(op) + ": expected a group_size that divides axis " + std::to_string(i) +
                                 " of shape " + x.str() + ", received " + std::to_string(sharing.group));
            layout.push(x[i] / sharing.group, false);
            layout.push(sharing.group, true);
            scale.push_back(x[i] / sharing.group);
        } else {
            layout.push(x[i], !sharing.axes || shared[i]);
            if (sharing.axes) scale.push_back(shared[i] ? 1 : x[i]);
        }
    }
    return layout;
}

std::vector<int> inverse(const std::vector<int>& order) {
    std::vector<int> back(order.size());
    for (size_t i = 0; i < order.size(); ++i) back[(size_t)order[i]] = (int)i;
    return back;
}

// Whether long lines are cut into pieces: there are too few lines for the threads, or a line exceeds the cache.
bool cut(const QuantView& v) { return v.inner == 1 && v.n > 2 * quantize_piece && (v.outer < 16 || v.n > (1 << 18)); }

template <class T>
void emit_quantize(Tape& tape, const Tensor& x, const Quantized& y, Quantizer kind, const QuantView& v) {
    const double n = (double)x->size();
    if (!cut(v)) {
        QuantizeArgs<T> a{};
        a.n = v.n;
        a.inner = v.inner;
        a.kind = kind;
        Work work{v.outer, grain_for(16384, v.n), 2 * n};
        if (v.inner != 1) {
            work.units *= ceil_div(v.inner, quantize_tile);
            work.grain = grain_for(16384, std::clamp<int64_t>(v.inner, 1, quantize_tile) * std::max<int64_t>(1, v.n));
        }
        return tape.emit(NETLET_KERNEL_FOR(quantize, x->dtype), a,
                         {in(a.x, x), out(a.q, y.q), out(a.scale, y.scale), out_if(a.zero, y.zero)}, work);
    }
    const int64_t pieces = pieces_of(v.n);
    const Tensor high = tape.empty({v.outer, pieces}, x->dtype);
    const Tensor low = y.zero ? tape.empty({v.outer, pieces}, x->dtype) : nullptr;
    QuantizeRangeArgs<T> range{};
    QuantizeScaleArgs<T> scale{};
    QuantizeCodesArgs<T> codes{};
    range.n = codes.n = v.n;
    codes.inner = 1;
    range.pieces = scale.pieces = codes.pieces = pieces;
    scale.kind = codes.kind = kind;
    const Work by_piece{v.outer * pieces, 1, n}, by_line = one_chunk(v.outer, (double)(v.outer * pieces));
    tape.emit(NETLET_KERNEL_FOR(quantize_range, x->dtype), range,
              {in(range.x, x), out_if(range.low, low), out(range.high, high)}, by_piece);
    tape.emit(NETLET_KERNEL_FOR(quantize_scale, x->dtype), scale,
              {in_if(scale.low, low), in(scale.high, high), out(scale.scale, y.scale), out_if(scale.zero, y.zero)},
              by_line);
    tape.emit(NETLET_KERNEL_FOR(quantize_codes, x->dtype), codes,
              {in(codes.x, x), in(codes.scale, y.scale), in_if(codes.zero, y.zero), out(codes.q, y.q)}, by_piece);
}

template <class T>
void emit_dequantize(Tape& tape, const Tensor& q, const Tensor& scale, const Tensor& zero, const Tensor& y,
                     const QuantView& v) {
    DequantizeArgs<T> a{};
    a.n = v.n;
    a.inner = v.inner;
    a.pieces = pieces_of(v.n);
    a.is_signed = q->dtype == DType::i8;
    Work work = work_of(v, 2);
    work.prepack = true;  // weights that are stored as codes: a plan for inference multiplies the floats
    tape.emit(NETLET_KERNEL_FOR(dequantize, y->dtype), a,
              {in(a.q, q), in(a.scale, scale), in_if(a.zero, zero), out(a.y, y)}, work);
}

template <class T>
void check_no_nan(const char* op, const Tensor& x, const Tensor& scale) {
    const Tensor scales = on_device(scale, {});
    const T* s = scales->data<T>();
    if (std::none_of(s, s + scale->size(), [](T v) { return std::isnan(v); })) return;
    const Tensor values = on_device(x, {});
    const T* p = values->data<T>();
    const int64_t at = std::find_if(p, p + x->size(), [](T v) { return std::isnan(v); }) - p;
    throw ValueError(std::string(op) + ": expected x without NaN, received a NaN at " + x->shape.place(at).str() +
                     " of shape " + x->shape.str());
}

}  // namespace

Quantized quantize(Tape& tape, const char* op, const Tensor& x, Quantizer kind, const Sharing& sharing) {
    check_floating(op, x);
    if (sharing.group < 0 || (sharing.group > 0 && (!sharing.axes || sharing.axes->size() != 1)))
        throw ValueError(std::string(op) + ": expected a positive group_size and one axis to cut into groups");
    Shape scale_shape;
    const Layout layout = layout_of(op, x->shape, sharing, scale_shape);
    const DType code = kind == Quantizer::zeropoint_u8 ? DType::u8 : DType::i8;
    Quantized y{nullptr, tape.empty(scale_shape, x->dtype),
                kind == Quantizer::absmax_i8 ? nullptr : tape.empty(scale_shape, code)};
    auto emit = [&](const Tensor& from, const QuantView& v) {
        y.q = tape.empty(from->shape, code);
        with_float(x->dtype, [&]<class T>(T) { emit_quantize<T>(tape, from, y, kind, v); });
    };
    if (const auto view = layout.view()) {
        emit(x, *view);
    } else {
        // Axes with scales of their own on both sides of shared ones: a transposed copy is quantized, its codes
        // transposed back.
        const std::vector<int> order = layout.shared_last();
        const Tensor rows = transpose(tape, tape.view(x, layout.shape), order);
        emit(rows, {scale_shape.size(), x->size() / std::max<int64_t>(1, scale_shape.size()), 1});
        y.q = tape.view(transpose(tape, y.q, inverse(order)), x->shape);
    }
    if (!tape.recording()) with_float(x->dtype, [&]<class T>(T) { check_no_nan<T>(op, x, y.scale); });
    return y;
}

Tensor dequantize(Tape& tape, const char* op, const Tensor& q, const Tensor& scale, const Tensor& zero) {
    if (!is_code(q->dtype))
        throw TypeError(std::string(op) + ": expected codes of int8 or uint8, received " + name_of(q->dtype));
    check_floating(op, scale);
    check_zero(op, zero, q->dtype, scale->shape);
    const Layout layout = layout_of_scale(op, q->shape, scale->shape);
    Tensor y = tape.empty(q->shape, scale->dtype);
    if (const auto view = layout.view()) {
        with_float(y->dtype, [&]<class T>(T) { emit_dequantize<T>(tape, q, scale, zero, y, *view); });
        return y;
    }
    Shape wide;
    for (int i = 0; i < layout.shape.rank(); ++i) wide.push_back(layout.shared[i] ? 1 : layout.shape[i]);
    Tensor codes = cast(tape, tape.view(q, layout.shape), scale->dtype);
    if (zero) codes = subtract(tape, codes, tape.view(zero, wide));
    return tape.view(multiply(tape, codes, tape.view(scale, wide)), q->shape);
}

Tensor fake_quantize(Tape& tape, const char* op, const Tensor& x, Quantizer kind, const Sharing& sharing) {
    const Quantized c = quantize(tape, op, x, kind, sharing);
    Tensor y = dequantize(tape, op, c.q, c.scale, c.zero);
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x](Tape& tape, const Grads& dy) {
                if (Grad dx = tape.grad(x)) accumulate(tape, dy[0], dx);
            },
            [](Tape&, const Tensors&, const Tensors&, const Grads& dy) { return dy; });
    return y;
}

}  // namespace netlet::ops
