#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher_order/higher_order.h"
#include "ops/reduce/cumulative_steps.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

template <class T>
void emit_prod_bwd(Tape& tape, const Tensor& x, const Tensor& dy, const Grad& dx, ReduceStep s) {
    ProdBackwardArgs<T> args{};
    args.outer = s.outer;
    args.n = s.n;
    args.inner = s.inner;
    Tensor before = tape.empty(x->shape, x->dtype);
    tape.emit(NETLET_KERNEL_FOR(prod_bwd, x->dtype), args,
              {in(args.x, x), in(args.dy, dy), out(args.before, before), into(args.dx, args.accumulate, dx)},
              Work{s.outer * s.inner, grain_for(reduce_chunk, 4 * s.n), 4.0 * (double)x->size()});
}

// The product along the middle axis of x seen as (outer, n, inner): multiplies its halves until one entry is left.
Tensor product_of_halves(Tape& tape, const Tensor& x, ReduceStep s, const Shape& shape) {
    if (s.n == 0) return full(tape, shape, x->dtype, 1);
    Tensor y = reshape(tape, x, {s.outer, s.n, s.inner});
    while (s.n > 1) {
        auto part = [&](int64_t start, int64_t size) {
            return slice(tape, y, {{0, 1, s.outer}, {start, 1, size}, {0, 1, s.inner}});
        };
        const int64_t half = s.n / 2;
        const Tensor product = multiply(tape, part(0, half), part(half, half));
        y = s.n % 2 ? concatenate(tape, {product, part(s.n - 1, 1)}, 1) : product;
        s.n = half + s.n % 2;
    }
    return reshape(tape, y, shape);
}

}  // namespace

Tensor prod(Tape& tape, const Tensor& original, const Axes& axes, bool keepdims) {
    const Tensor x = countable(tape, original);
    const int rank = x->shape.rank();
    const AxisSet set = to_set("prod", axes, rank);
    const bool differentiable = is_floating(x->dtype) && tape.needs_grad({x});
    const std::vector<AxisBlock> blocks = to_blocks(x->shape, set);
    if (differentiable &&
        std::count_if(blocks.begin(), blocks.end(), [](const AxisBlock& b) { return b.reduced; }) > 1) {
        // Axis by axis, so that each step has the simple gradient below.
        Tensor y = x;
        for (int i = 0; i < rank; ++i)
            if (set.reduced[i]) y = prod(tape, y, Axes(std::vector<int>{i}), true);
        return reshape(tape, y, set.result_shape(x->shape, keepdims));
    }
    Tensor y = reduce(tape, ReduceOp::prod, x, set, keepdims);
    if (differentiable) {
        ReduceStep s{x->size(), 1, 1};
        for (size_t i = 0; i < blocks.size(); ++i)
            if (blocks[i].reduced) s = step_at(blocks, i);
        tape.on_backward(
            {x}, {y},
            [x, s](Tape& tape, const Grads& dy) {
                Grad dx = tape.grad(x);
                if (!dx) return;
                with_float(x->dtype, [&]<class T>(T) { emit_prod_bwd<T>(tape, x, dy[0], dx, s); });
            },
            by_definition([s, shape = y->shape](Tape& tape, const Tensors& x) {
                return Tensors{product_of_halves(tape, x[0], s, shape)};
            }));
    }
    return y;
}

}  // namespace netlet::ops
