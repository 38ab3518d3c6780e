#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/index/index.h"

namespace netlet::ops {

namespace {

// Where flat element i of a tensor lies, as "(0, 2)".
std::string place(const Shape& shape, int64_t i) {
    Shape at = shape;
    for (int d = shape.rank(); d-- > 0; i /= shape[d]) at[d] = i % shape[d];
    return at.str();
}

template <class T>
void check(const char* op, const Tensor& positions, int64_t n, int axis, bool negative) {
    const T* p = positions->data<T>();
    const int64_t count = positions->size();
    for (int64_t i = 0; i < count; ++i)
        if (p[i] < (negative ? -n : 0) || p[i] >= n)
            throw ValueError(std::string(op) + ": index " + std::to_string(p[i]) + " at " + place(positions->shape, i) +
                             " is out of bounds for axis " + std::to_string(axis) + " with " + std::to_string(n) +
                             " entries");
}

}  // namespace

Tensor as_index(Tape& tape, const char* op, const Tensor& positions) {
    if (is_floating(positions->dtype))
        throw TypeError(std::string(op) + ": expected integer indices, got " + name_of(positions->dtype));
    const bool as_it_is = positions->dtype == DType::i32 || positions->dtype == DType::i64;
    return as_it_is ? positions : cast(tape, positions, DType::i32);
}

Lines lines_of(const Shape& shape, int axis, int64_t k) {
    return {shape.product(0, axis), shape[axis], k, shape.product(axis + 1, shape.rank())};
}

void check_positions(const char* op, const Tensor& positions, int64_t n, int axis, bool negative) {
    if (positions->recorded()) return;
    if (positions->dtype == DType::i32)
        check<int32_t>(op, positions, n, axis, negative);
    else
        check<int64_t>(op, positions, n, axis, negative);
}

}  // namespace netlet::ops
