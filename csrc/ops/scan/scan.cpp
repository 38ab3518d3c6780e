#include "ops/scan/scan.h"

#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher/higher.h"
#include "ops/index/index.h"
#include "ops/scan/scan_args.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

Work scan_work(const Lines& lines) {
    const int64_t tiles = (lines.inner + scan_tile - 1) / scan_tile;
    const int64_t unit = lines.n * std::min(lines.inner, scan_tile);
    return {lines.outer * tiles, std::max<int64_t>(1, 8192 / std::max<int64_t>(1, unit)),
            (double)(lines.outer * lines.n * lines.inner)};
}

void emit_scan(Tape& tape, ScanOp op, const Tensor& x, const Grad& y, const Lines& lines, bool from_end) {
    with_number(x->dtype, [&](auto zero) {
        ScanArgs<decltype(zero)> args{};
        args.n = lines.n;
        args.inner = lines.inner;
        args.op = op;
        args.from_end = from_end;
        args.accumulate = y.accumulate;
        tape.emit(NETLET_NUMBER_KERNEL(scan, x->dtype), args,
                  {in(args.x, x), y.accumulate ? inout(args.y, y.tensor) : out(args.y, y.tensor)}, scan_work(lines));
    });
}

template <class T>
void emit_cumprod_bwd(Tape& tape, const Tensor& x, const Tensor& dy, const Grad& dx, const Lines& lines) {
    CumprodBackwardArgs<T> args{};
    args.n = lines.n;
    args.inner = lines.inner;
    args.accumulate = dx.accumulate;
    const Tensor before = tape.empty(x->shape, x->dtype);
    tape.emit(NETLET_KERNEL_FOR(cumprod_bwd, x->dtype), args,
              {in(args.x, x), in(args.dy, dy), out(args.before, before),
               dx.accumulate ? inout(args.dx, dx.tensor) : out(args.dx, dx.tensor)},
              scan_work(lines));
}

// Each entry times those before it, by ever longer steps back: 1, 2, 4, ...
Tensor product_of_steps(Tape& tape, const Tensor& x, const Lines& lines) {
    Tensor y = reshape(tape, x, {lines.outer, lines.n, lines.inner});
    auto part = [&](int64_t start, int64_t size) {
        return slice(tape, y, {{0, 1, lines.outer}, {start, 1, size}, {0, 1, lines.inner}});
    };
    for (int64_t back = 1; back < lines.n; back *= 2)
        y = concatenate(tape, {part(0, back), multiply(tape, part(back, lines.n - back), part(0, lines.n - back))}, 1);
    return reshape(tape, y, x->shape);
}

Higher scan_higher(ScanOp op, const Lines& lines) {
    if (op != ScanOp::sum)
        return by_definition(
            [lines](Tape& tape, const Tensors& x) { return Tensors{product_of_steps(tape, x[0], lines)}; });
    return [lines](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
        const Tensor seen = reshape(tape, dy[0], {lines.outer, lines.n, lines.inner});
        return Tensors{reshape(tape, flip(tape, cumsum(tape, flip(tape, seen, {1}), 1), {1}), x[0]->shape)};
    };
}

Tensor scan(Tape& tape, const char* name, ScanOp op, const Tensor& given, int axis) {
    const Tensor x = is_number(given->dtype) ? given : cast(tape, given, DType::i32);
    axis = normalize_axis(axis, x->shape.rank(), name);
    const Lines lines = lines_of(x->shape, axis, x->shape[axis]);
    Tensor y = tape.empty(x->shape, x->dtype);
    emit_scan(tape, op, x, {y, false}, lines, false);
    if (is_floating(x->dtype) && tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [op, x, lines](Tape& tape, const Grads& dy) {
                Grad dx = tape.grad(x);
                if (!dx) return;
                if (op == ScanOp::sum) return emit_scan(tape, op, dy[0], dx, lines, true);
                with_float(x->dtype, [&](auto one) { emit_cumprod_bwd<decltype(one)>(tape, x, dy[0], dx, lines); });
            },
            scan_higher(op, lines));
    return y;
}

}  // namespace

Tensor cumsum(Tape& tape, const Tensor& x, int axis) { return scan(tape, "cumsum", ScanOp::sum, x, axis); }
Tensor cumprod(Tape& tape, const Tensor& x, int axis) { return scan(tape, "cumprod", ScanOp::product, x, axis); }

}  // namespace netlet::ops
