// Ops on halves (float16, bfloat16). A kernel computes in float32: a half operand is cast to float32 before the op, and
// `keeps_half` rounds the op's result to the half. Both casts are differentiable.
//
// The dtype of a result, as in Keras: of halves of one kind, that half; next to a float32 or float64 Tensor, or of two
// kinds, the wider type. Python numbers and arrays take the Tensor's dtype, integers never change it. A Variable inside
// a layer that computes in a half counts as that half (Keras casts it, here only the result is rounded).
#pragma once
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "bindings/array_view.h"
#include "ops/copy/copy.h"

namespace netlet::bindings {

// What the operands of one op say about the dtype of its result.
class HalfOperands {
  public:
    template <class T> void note(const T& argument) {
        if constexpr (std::is_base_of_v<Arg, T> && !std::is_base_of_v<WeightArg, T>) {
            f16_ |= argument.half == DType::f16;
            bf16_ |= argument.half == DType::bf16;
            native_ |= argument.native && is_half(argument.half);
            const bool wide = !argument.number && !is_half(argument.half) && is_floating(argument->dtype);
            (argument.native ? wide_ : wide_array_) |= wide;
        }
    }
    template <class T> void note(const std::optional<T>& argument) {
        if (argument) note(*argument);
    }
    template <class T> void note(const std::vector<T>& arguments) {
        for (const T& a : arguments) note(a);
    }
    // The half that results are rounded to; float32 if they are not.
    DType result() const {
        if (wide_ || (wide_array_ && !native_) || f16_ == bf16_) return DType::f32;
        return f16_ ? DType::f16 : DType::bf16;
    }
    bool any() const { return f16_ || bf16_; }

  private:
    bool f16_ = false, bf16_ = false;
    bool native_ = false;                     // a half is a Tensor, to which arrays give way
    bool wide_ = false, wide_array_ = false;  // a float32 or float64 Tensor, or array
};

inline Tensor round_to(DType half, Tensor y) {
    const bool rounds = is_half(half) && y && has_gradient(y->dtype) && y->dtype != half;
    return rounds ? ops::cast(Tape::current(), y, half) : y;
}
inline std::optional<Tensor> round_to(DType half, std::optional<Tensor> y) {
    return y ? std::optional(round_to(half, *y)) : y;
}
template <class... T> std::tuple<T...> round_to(DType half, std::tuple<T...> results) {
    return std::apply([&](auto&... y) { return std::make_tuple(round_to(half, std::move(y))...); }, results);
}
inline std::pair<Tensor, Tensor> round_to(DType half, std::pair<Tensor, Tensor> results) {
    return {round_to(half, results.first), round_to(half, results.second)};
}
inline std::vector<Tensor> round_to(DType half, std::vector<Tensor> results) {
    for (Tensor& y : results) y = round_to(half, y);
    return results;
}

template <class F, class Result, class Class, class... Given>
auto keeps_half(F op, Result (Class::*)(Given...) const) {
    return [op = std::move(op)](Given... given) {
        HalfOperands halves;
        (halves.note(given), ...);
        return round_to(halves.result(), op(std::forward<Given>(given)...));
    };
}
// The same op, its floating results in the half of its operands.
template <class F> auto keeps_half(F op) { return keeps_half(std::move(op), &F::operator()); }

}  // namespace netlet::bindings
