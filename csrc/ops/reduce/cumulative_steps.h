// A reduction over any axes as steps over one axis each; shared by the reducing ops.
#pragma once
#include <vector>

#include "ops/reduce/reduce.h"

namespace netlet::ops {

constexpr int64_t reduce_chunk = 16384;  // elements that are worth a thread of their own

// The axes that a reduction removes.
struct AxisSet {
    bool reduced[Shape::max_rank] = {};
    Shape result_shape(const Shape& x, bool keepdims) const {
        Shape y;
        for (int i = 0; i < x.rank(); ++i)
            if (!reduced[i])
                y.push_back(x[i]);
            else if (keepdims)
                y.push_back(1);
        return y;
    }
    int64_t count(const Shape& x) const {
        int64_t n = 1;
        for (int i = 0; i < x.rank(); ++i)
            if (reduced[i]) n *= x[i];
        return n;
    }
};

AxisSet to_set(const char* op, const Axes& axes, int rank);

// One axis: (outer, n, inner) -> (outer, inner).
struct ReduceStep {
    int64_t outer, n, inner;
};

// Neighbouring axes that are all kept or all reduced act as one.
struct AxisBlock {
    int64_t size;
    bool reduced;
};

std::vector<AxisBlock> to_blocks(const Shape& shape, const AxisSet& set);
ReduceStep step_at(const std::vector<AxisBlock>& blocks, size_t at);

void emit_step(Tape& tape, ReduceOp op, const Tensor& x, const Grad& y, ReduceStep s, double divisor);
// y = or += the reduction of x / divisor: one step per reduced block, the last block first.
void emit_reduce(Tape& tape, ReduceOp op, Tensor x, const Grad& y, const AxisSet& set, double divisor);
Tensor reduce(Tape& tape, ReduceOp op, const Tensor& x, const AxisSet& set, bool keepdims, double divisor = 1);

// x in a dtype that can be summed and compared: bools and 8-bit integers become int32.
Tensor countable(Tape& tape, const Tensor& x);

}  // namespace netlet::ops
