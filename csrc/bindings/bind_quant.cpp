// ops/quant. netlet.ops wraps these functions; errors name them.
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "ops/copy/copy.h"
#include "ops/quant/dequantize_groups.h"
#include "ops/quant/quant.h"
#include "ops/quant/unpack_int4.h"

namespace netlet::bindings {

namespace {

using Axes = std::optional<std::vector<int>>;

Quantizer zeropoint(DType dtype) {
    if (dtype == DType::i8) return Quantizer::zeropoint_i8;
    if (dtype == DType::u8) return Quantizer::zeropoint_u8;
    throw ValueError(std::string("quantize_zeropoint: expected dtype int8 or uint8, received ") + name_of(dtype));
}

// Casts a Python number to the dtype.
Tensor typed(const Arg& a, DType dtype) {
    return a.number ? ops::cast(Tape::current(), unrounded(a), dtype) : a.tensor;
}

}  // namespace

void bind_quant(py::module_& m) {
    using namespace py::literals;
    m.def(
        "quantize_absmax",
        [](const Arg& x, const Axes& axes, int64_t group) {
            const auto y = ops::quantize(Tape::current(), "quantize_absmax", x, Quantizer::absmax_i8, {axes, group});
            return std::make_tuple(y.q, y.scale);
        },
        "x"_a, "axes"_a = py::none(), "group"_a = 0, NoGil());
    m.def(
        "quantize_zeropoint",
        [](const Arg& x, DType dtype, const Axes& axes, int64_t group) {
            const auto y = ops::quantize(Tape::current(), "quantize_zeropoint", x, zeropoint(dtype), {axes, group});
            return std::make_tuple(y.q, y.scale, y.zero);
        },
        "x"_a, "dtype"_a = DType::i8, "axes"_a = py::none(), "group"_a = 0, NoGil());
    m.def(
        "dequantize_absmax",
        [](const Arg& q, const Arg& scale) {
            return ops::dequantize(Tape::current(), "dequantize_absmax", q, typed(scale, DType::f32), nullptr);
        },
        "q"_a, "scale"_a, NoGil());
    m.def(
        "dequantize_zeropoint",
        [](const Arg& q, const Arg& scale, const Arg& zero_point) {
            return ops::dequantize(Tape::current(), "dequantize_zeropoint", q, typed(scale, DType::f32),
                                   typed(zero_point, q->dtype));
        },
        "q"_a, "scale"_a, "zero_point"_a, NoGil());
    m.def(
        "fake_quantize_absmax",
        [](const Arg& x, const Axes& axes, int64_t group) {
            return ops::fake_quantize(Tape::current(), "fake_quantize_absmax", x, Quantizer::absmax_i8, {axes, group});
        },
        "x"_a, "axes"_a = py::none(), "group"_a = 0, NoGil());
    m.def(
        "fake_quantize_zeropoint",
        [](const Arg& x, DType dtype, const Axes& axes, int64_t group) {
            return ops::fake_quantize(Tape::current(), "fake_quantize_zeropoint", x, zeropoint(dtype), {axes, group});
        },
        "x"_a, "dtype"_a = DType::i8, "axes"_a = py::none(), "group"_a = 0, NoGil());
    m.def(
        "dequantize_groups",
        [](const Arg& q, const Arg& scale, const std::optional<Arg>& zero, int64_t group) {
            return ops::dequantize_groups(Tape::current(), q, scale, or_null(zero), group);
        },
        "q"_a, "scale"_a, "zero"_a, "group"_a, NoGil(),
        "Codes (K, N) of which `group` rows share the scales (ceil(K / group), N) and zero points; zero may be None.");
    m.def(
        "unpack_int4",
        [](const Arg& packed, int axis, int64_t size) { return ops::unpack_int4(Tape::current(), packed, axis, size); },
        "packed"_a, "axis"_a, "size"_a, NoGil(),
        "The int8 codes, -8 to 7, of bytes that hold two each along the axis, which has `size` of them unpacked.");
}

}  // namespace netlet::bindings
