// Which elements of a tensor share a scale, and the kernels' view of it.
#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "ops/quant/quant_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// The kernels' view of a tensor, (outer, n, inner): the n elements of an (outer, inner) pair share a scale.
struct QuantView {
    int64_t outer = 1, n = 1, inner = 1;
};

// x with every grouped axis split in two, and which of the axes share a scale.
struct QuantLayout {
    Shape shape;
    bool shared[Shape::max_rank] = {};
    void push(int64_t size, bool is_shared) {
        shape.push_back(size);
        shared[shape.rank() - 1] = is_shared;
    }
    std::optional<QuantView> view() const;  // if the shared axes are adjacent
    // An order of the axes: first those with scales of their own, then the shared ones.
    std::vector<int> shared_last() const;
};

// The layout of codes of shape q whose scale has one number, or q's rank and sizes that divide those of q. Otherwise
// ValueError.
QuantLayout layout_of_scale(const char* op, const Shape& q, const Shape& scale);

inline bool is_code(DType t) { return t == DType::u8 || t == DType::i8; }

// A zero point may be null; otherwise it has the codes' dtype and the scale's shape. Otherwise ValueError.
void check_zero(const char* op, const Tensor& zero, DType codes, const Shape& scale);

inline int64_t pieces_of(int64_t n) { return std::max<int64_t>(1, ceil_div(n, quantize_piece)); }

// The work of kernels over a view, whose units are pieces of a line if inner == 1, otherwise rows of `inner` elements.
inline Work work_of(const QuantView& v, double flops_each) {
    const int64_t size = v.outer * v.n * v.inner;
    Work work{v.outer * pieces_of(v.n), grain_for(16384, v.n), flops_each * (double)size};
    if (v.inner > 1) work = {v.outer * v.n, grain_for(16384, v.inner), work.flops};
    if (size == 0) work.units = 0;
    return work;
}

}  // namespace netlet::ops
