#include "ops/scan/scan.h"

#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher_order/higher_order.h"
#include "ops/index/index.h"
#include "ops/scan/scan_args.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

Work scan_work(const AxisLayout& layout) {
    const int64_t tiles = ceil_div(layout.inner, scan_tile);
    const int64_t unit = layout.n * std::min(layout.inner, scan_tile);
    return {layout.outer * tiles, grain_for(8192, unit), (double)(layout.outer * layout.n * layout.inner)};
}

void emit_scan(Tape& tape, ScanOp op, const Tensor& x, const Grad& y, const AxisLayout& layout, bool from_end) {
    with_number(x->dtype, [&]<class T>(T) {
        ScanArgs<T> args{};
        args.n = layout.n;
        args.inner = layout.inner;
        args.op = op;
        args.from_end = from_end;
        tape.emit(NETLET_NUMBER_KERNEL(scan, x->dtype), args, {in(args.x, x), into(args.y, args.accumulate, y)},
                  scan_work(layout));
    });
}

template <class T>
void emit_cumprod_bwd(Tape& tape, const Tensor& x, const Tensor& dy, const Grad& dx, const AxisLayout& layout) {
    CumprodBackwardArgs<T> args{};
    args.n = layout.n;
    args.inner = layout.inner;
    const Tensor before = tape.empty(x->shape, x->dtype);
    tape.emit(NETLET_KERNEL_FOR(cumprod_bwd, x->dtype), args,
              {in(args.x, x), in(args.dy, dy), out(args.before, before), into(args.dx, args.accumulate, dx)},
              scan_work(layout));
}

// The running product by its definition: multiplies each entry by that 1, 2, 4, ... places before it.
Tensor product_of_steps(Tape& tape, const Tensor& x, const AxisLayout& layout) {
    Tensor y = reshape(tape, x, {layout.outer, layout.n, layout.inner});
    auto part = [&](int64_t start, int64_t size) {
        return slice(tape, y, {{0, 1, layout.outer}, {start, 1, size}, {0, 1, layout.inner}});
    };
    for (int64_t back = 1; back < layout.n; back *= 2)
        y = concatenate(tape, {part(0, back), multiply(tape, part(back, layout.n - back), part(0, layout.n - back))},
                        1);
    return reshape(tape, y, x->shape);
}

HigherOrder scan_higher(ScanOp op, const AxisLayout& layout) {
    if (op != ScanOp::sum)
        return by_definition(
            [layout](Tape& tape, const Tensors& x) { return Tensors{product_of_steps(tape, x[0], layout)}; });
    return [layout](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
        const Tensor seen = reshape(tape, dy[0], {layout.outer, layout.n, layout.inner});
        return Tensors{reshape(tape, flip(tape, cumsum(tape, flip(tape, seen, {1}), 1), {1}), x[0]->shape)};
    };
}

Tensor scan(Tape& tape, const char* name, ScanOp op, const Tensor& given, int axis) {
    const Tensor x = is_number(given->dtype) ? given : cast(tape, given, DType::i32);
    axis = normalize_axis(axis, x->shape.rank(), name);
    const AxisLayout layout = axis_layout(x->shape, axis, x->shape[axis]);
    Tensor y = tape.empty(x->shape, x->dtype);
    emit_scan(tape, op, x, {y, false}, layout, false);
    if (is_floating(x->dtype) && tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [op, x, layout](Tape& tape, const Grads& dy) {
                Grad dx = tape.grad(x);
                if (!dx) return;
                if (op == ScanOp::sum) return emit_scan(tape, op, dy[0], dx, layout, true);
                with_float(x->dtype, [&]<class T>(T) { emit_cumprod_bwd<T>(tape, x, dy[0], dx, layout); });
            },
            scan_higher(op, layout));
    return y;
}

}  // namespace

Tensor cumsum(Tape& tape, const Tensor& x, int axis) { return scan(tape, "cumsum", ScanOp::sum, x, axis); }
Tensor cumprod(Tape& tape, const Tensor& x, int axis) { return scan(tape, "cumprod", ScanOp::product, x, axis); }

}  // namespace netlet::ops
