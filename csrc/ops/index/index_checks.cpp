#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/index/index.h"
#include "plan/transfer.h"

namespace netlet::ops {

Tensor as_index(Tape& tape, const char* op, const Tensor& positions) {
    if (is_floating(positions->dtype) && positions->size() > 0)  // an empty list is float32
        throw TypeError(std::string(op) + ": expected integer indices, received " + name_of(positions->dtype));
    const bool as_it_is = positions->dtype == DType::i32 || positions->dtype == DType::i64;
    return as_it_is ? positions : cast(tape, positions, DType::i32);
}

AxisLayout axis_layout(const Shape& shape, int axis, int64_t k) {
    return {shape.product(0, axis), shape[axis], k, shape.product(axis + 1, shape.rank())};
}

int64_t index_value(const Tensor& positions, int64_t i) {
    const Tensor here = on_device(positions, {});
    return here->dtype == DType::i32 ? here->data<int32_t>()[i] : here->data<int64_t>()[i];
}

int64_t first_outside(const Tensor& positions, int64_t n, bool negative) {
    if (positions->recorded()) return -1;
    const Tensor here = on_device(positions, {});
    const int64_t count = here->size(), first = negative ? -n : 0;
    auto find = [&](const auto* p) -> int64_t {
        for (int64_t i = 0; i < count; ++i)
            if (p[i] < first || p[i] >= n) return i;
        return -1;
    };
    return here->dtype == DType::i32 ? find(here->data<int32_t>()) : find(here->data<int64_t>());
}

void check_indices(const char* op, const Tensor& positions, int64_t n, int axis, bool negative) {
    if (const int64_t i = first_outside(positions, n, negative); i >= 0)
        throw ValueError(std::string(op) + ": index " + std::to_string(index_value(positions, i)) + " at " +
                         positions->shape.place(i).str() + " is out of bounds for axis " + std::to_string(axis) +
                         " with " + std::to_string(n) + " entries");
}

}  // namespace netlet::ops
