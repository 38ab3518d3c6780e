// ops/elementwise. A Python number takes the dtype of the other operand. An ndarray with a Tensor takes the Tensor's
// floating type, as in Keras: NumPy's default of float64 must not turn a model into float64.
#include <cmath>

#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "bindings/halves.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"

namespace netlet::bindings {

namespace {

// At once, where x is.
Tensor eager_cast(const Tensor& x, DType dtype) {
    const DeviceScope there(x->device());
    Tape eager(Tape::Mode::eager);
    return ops::cast(eager, x, dtype);
}

// The dtype of a Python number whose other operand has type `other`.
DType weak_dtype(const Number& number, DType other) {
    if (!std::holds_alternative<bool>(number) && is_floating(other)) return other;
    if (const int64_t* i = std::get_if<int64_t>(&number)) {
        if (other == DType::i8 && *i == (int8_t)*i) return other;
        if (other == DType::u8 && *i == (uint8_t)*i) return other;
        if (other == DType::i64) return other;
    }
    return lone_dtype(number);
}

// `a` in the dtype that it has as an operand with `b`. Next to a half it has the values of the half, in float32.
Tensor beside(const Arg& a, const Arg& b) {
    if (a.number && b.number) return a;
    const bool gives_way = a.number || (b.native && !a.native && is_floating(a->dtype) && is_floating(b->dtype));
    if (!gives_way) return a;
    const DType dtype = a.number ? weak_dtype(*a.number, b->dtype) : b->dtype;
    if (is_half(b.half) && dtype == DType::f32) return eager_cast(eager_cast(unrounded(a), b.half), dtype);
    if (a->dtype == dtype) return a;
    return a.number ? number_as(*a.number, dtype) : eager_cast(a, dtype);
}

}  // namespace

void bind_elementwise(py::module_& m) {
    using namespace py::literals;

    auto binary = [&](const char* name, BinaryOp op) {
        m.def(name, keeps_half([op](const Arg& a, const Arg& b) {
                  return ops::binary(Tape::current(), op, beside(a, b), beside(b, a));
              }),
              "x1"_a, "x2"_a, NoGil());
    };
    binary("add", BinaryOp::add);
    binary("subtract", BinaryOp::subtract);
    binary("multiply", BinaryOp::multiply);
    binary("divide", BinaryOp::divide);
    binary("maximum", BinaryOp::maximum);
    binary("minimum", BinaryOp::minimum);
    binary("arctan2", BinaryOp::arctan2);
    binary("hypot", BinaryOp::hypot);
    binary("logaddexp", BinaryOp::logaddexp);
    binary("logaddexp2", BinaryOp::logaddexp2);
    binary("nextafter", BinaryOp::nextafter);
    binary("heaviside", BinaryOp::heaviside);
    binary("floor_divide", BinaryOp::floor_divide);
    binary("mod", BinaryOp::mod);
    binary("fmod", BinaryOp::fmod);
    binary("bitwise_and", BinaryOp::bitwise_and);
    binary("bitwise_or", BinaryOp::bitwise_or);
    binary("bitwise_xor", BinaryOp::bitwise_xor);
    binary("left_shift", BinaryOp::left_shift);
    binary("right_shift", BinaryOp::right_shift);
    binary("gcd", BinaryOp::gcd);
    binary("lcm", BinaryOp::lcm);
    // The integers of x2 never change the result's dtype, as they would beside a float64 number.
    m.def("ldexp", keeps_half([](const Arg& a, const Arg& b) {
              const Tensor exponent = b;
              if (is_floating(exponent->dtype) || exponent->dtype == DType::boolean)
                  throw TypeError(std::string("ldexp: expected x2 of integers, received ") + name_of(exponent->dtype));
              return ops::binary(Tape::current(), BinaryOp::ldexp, a, exponent);
          }),
          "x1"_a, "x2"_a, NoGil());
    m.def("bitwise_not", [](const Arg& x) { return ops::bitwise_not(Tape::current(), x); }, "x"_a, NoGil());
    m.def("power", keeps_half([](const Arg& a, const Arg& b) {
              Tape& tape = Tape::current();
              if (b.number && !a.number)
                  return ops::power(tape, a, std::visit([](auto value) { return (double)value; }, *b.number));
              return ops::binary(tape, BinaryOp::power, beside(a, b), beside(b, a));
          }),
          "x1"_a, "x2"_a, NoGil());

    auto compare = [&](const char* name, CompareOp op) {
        m.def(
            name,
            [op](const Arg& a, const Arg& b) { return ops::compare(Tape::current(), op, beside(a, b), beside(b, a)); },
            "x1"_a, "x2"_a, NoGil());
    };
    compare("equal", CompareOp::equal);
    compare("not_equal", CompareOp::not_equal);
    compare("less", CompareOp::less);
    compare("less_equal", CompareOp::less_equal);
    compare("greater", CompareOp::greater);
    compare("greater_equal", CompareOp::greater_equal);

    auto logical = [&](const char* name, LogicalOp op) {
        m.def(
            name, [op](const Arg& a, const Arg& b) { return ops::logical(Tape::current(), op, a, b); }, "x1"_a, "x2"_a,
            NoGil());
    };
    logical("logical_and", LogicalOp::logical_and);
    logical("logical_or", LogicalOp::logical_or);
    logical("logical_xor", LogicalOp::logical_xor);
    m.def("logical_not", [](const Arg& x) { return ops::logical_not(Tape::current(), x); }, "x"_a, NoGil());

#define NETLET_UNARY(name, saved)                                                                                      \
    if (UnaryOp::name != UnaryOp::clip)                                                                                \
        m.def(#name, keeps_half([](const Arg& x) { return ops::unary(Tape::current(), UnaryOp::name, x); }), "x"_a,    \
              NoGil());
    NETLET_UNARY_OPS(NETLET_UNARY)
#undef NETLET_UNARY
    m.def("clip", keeps_half([](const Arg& x, const std::optional<double>& lo, const std::optional<double>& hi) {
              return ops::clip(Tape::current(), x, lo.value_or(-INFINITY), hi.value_or(INFINITY));
          }),
          "x"_a, "x_min"_a = py::none(), "x_max"_a = py::none(), NoGil(), "minimum(maximum(x, x_min), x_max)");

    auto classify = [&](const char* name, ClassifyOp op) {
        m.def(name, [op](const Arg& x) { return ops::classify(Tape::current(), op, x); }, "x"_a, NoGil());
    };
    classify("isfinite", ClassifyOp::isfinite);
    classify("isnan", ClassifyOp::isnan);
    classify("isinf", ClassifyOp::isinf);
    classify("isposinf", ClassifyOp::isposinf);
    classify("isneginf", ClassifyOp::isneginf);
    classify("signbit", ClassifyOp::signbit);

    m.def("where", keeps_half([](const Arg& condition, const Arg& a, const Arg& b) {
              return ops::where(Tape::current(), condition, beside(a, b), beside(b, a));
          }),
          "condition"_a, "x1"_a, "x2"_a, NoGil());
}

}  // namespace netlet::bindings
