// Shared by the losses and by metrics.
#pragma once
#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/loss/loss.h"

namespace netlet::ops {

constexpr int64_t loss_grain = 16384;  // elements of a chunk

inline Shape without_last(const Shape& s) {
    Shape rows;
    for (int i = 0; i + 1 < s.rank(); ++i) rows.push_back(s[i]);
    return rows;
}

// R rows of C columns; a scalar is one row of one.
struct RowShape {
    Shape outer;
    int64_t rows, cols;
    explicit RowShape(const Shape& s) : outer(without_last(s)), rows(outer.size()), cols(s.rank() ? s.back() : 1) {}
    // Whether the batch is one chunk of work: then one record computes the loss from x.
    bool small() const { return rows * cols <= loss_grain; }
    Work work(double flops_each) const {
        return {rows, grain_for(loss_grain, cols), flops_each * (double)(rows * cols)};
    }
};

inline void check_weight(const char* op, const Tensor& w) {
    if (w && w->requires_grad)
        throw ValueError(std::string(op) + ": sample weights are constants: no gradient flows into them");
}

// How many values of `shape` share a weight: w has the leading axes of shape, then axes of 1 or none. 1 if w is null.
int64_t values_of_a_weight(const char* op, const Shape& shape, const Tensor& w);

// An optional operand. If t is null, `unused` points at another tensor instead.
template <class T> Operand in_or(const T*& field, const Tensor& t, const T*& unused, const Tensor& there) {
    return t ? in(field, t) : in(unused, there);
}

// loss_definitions.cpp: the same losses by other ops.
Tensor pointwise_definition(Tape& tape, Pointwise kind, const Tensor& t, const Tensor& x, const Tensor& w,
                            Reduction reduction, const PointwiseOptions& options);
Tensor crossentropy_definition(Tape& tape, const Tensor& t, const Tensor& x, const Tensor& w, Reduction reduction,
                               const CrossentropyOptions& options);
Tensor sparse_crossentropy_definition(Tape& tape, const Tensor& labels, const Tensor& x, const Tensor& w,
                                      Reduction reduction, const CrossentropyOptions& options);
Tensor hinge_labels_definition(Tape& tape, const Tensor& t);
Tensor reduction_definition(Tape& tape, const Tensor& v, const Tensor& w, const Tensor& mask, Reduction reduction);

}  // namespace netlet::ops
