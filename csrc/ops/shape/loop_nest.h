// Strided copies as loop nests; shared by the ops that move elements.
#pragma once
#include <utility>

#include "base/dtype.h"
#include "ops/shape/shape_args.h"
#include "plan/tape.h"

namespace netlet::ops {

// Strides of a row-major tensor.
struct Strides {
    int64_t of[Shape::max_rank];
    explicit Strides(const Shape& s) {
        (void)s.size();  // raises if the shape has too many elements
        for (int i = 0; i < s.rank(); ++i) of[i] = s.product(i + 1, s.rank());
    }
};

// A loop nest and where it starts in x and y.
struct LoopNest {
    int64_t x_first = 0, y_first = 0;
    Strided<2> axes{};
    LoopNest reversed() const {
        LoopNest n = *this;
        std::swap(n.x_first, n.y_first);
        for (int d = 0; d < axes.rank; ++d) std::swap(n.axes.stride[0][d], n.axes.stride[1][d]);
        return n;
    }
    int64_t elements() const {
        int64_t n = 1;
        for (int d = 0; d < axes.rank; ++d) n *= axes.extent[d];
        return n;
    }
};

// y = x over the nest. `whole`: every element of y is written; otherwise y keeps what it holds elsewhere. `prepack`: see
// Work.
void emit_move(Tape& tape, const Tensor& x, const Tensor& y, const LoopNest& nest, bool whole, bool prepack = false);
// y = or += scale * x over the nest.
void emit_move_scaled(Tape& tape, const Tensor& x, const Grad& y, const LoopNest& nest, double scale = 1,
                      bool whole = true);
// A tensor of this shape with x copied over the nest, 0 elsewhere. Gradient flows; each element of x goes to at most
// one of y. `fills`: every element of y is written; `partial`: some elements of x are not copied.
Tensor moved(Tape& tape, const Tensor& x, const Shape& shape, const LoopNest& nest, bool fills, bool partial);
// Registers the gradient of y = x over `nest`; `partial` as above.
void on_backward_of_move(Tape& tape, const Tensor& x, const Tensor& y, const LoopNest& nest, bool partial);

inline bool differentiable(Tape& tape, const Tensor& x) { return has_gradient(x->dtype) && tape.needs_grad({x}); }

}  // namespace netlet::ops
