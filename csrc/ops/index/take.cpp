// Entries along an axis by one list of indices: take and its gradient, check_index, mark_rows, one_hot.
#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/index/index.h"
#include "ops/shape/loop_nest.h"
#include "plan/transfer.h"

namespace netlet::ops {

namespace {

// Every chunk reads all indices: at most 8 chunks, with additions enough to outweigh that. Long rows are cut into
// columns, in whole cache lines, so that a row that many indices name is split between threads too.
template <class T>
Work scatter_work(const AxisLayout& layout, bool columns) {
    const int64_t line = 64 / (int64_t)sizeof(T), total = layout.outer * layout.k * layout.inner;
    if (columns) {
        const int64_t chunks = std::min<int64_t>({8, layout.inner / line, total / 8192 + 1});
        const int64_t lines_each = ceil_div(ceil_div(layout.inner, line), chunks);
        return {layout.inner, lines_each * line, (double)total};
    }
    const int64_t least = 16384 / std::max<int64_t>(1, layout.inner * layout.outer) + 1;
    return {layout.n, std::max<int64_t>((layout.n + 7) / 8, least), (double)total};
}

template <class T>
void emit_scatter_add(Tape& tape, const Tensor& dy, const Tensor& index, const Grad& dx, const AxisLayout& layout) {
    ScatterAddArgs<T> args{};
    args.layout = layout;
    args.index_dtype = index->dtype;
    args.columns = layout.inner >= 2 * 64 / (int64_t)sizeof(T);
    tape.emit(NETLET_KERNEL_FOR(scatter_add, dy->dtype), args,
              {in(args.dy, dy), in(args.index, index), into(args.dx, args.accumulate, dx)},
              scatter_work<T>(layout, args.columns));
}

// The same where dx has a map of its nonzero rows: only rows that the step before wrote are zeroed.
template <class T>
void emit_scatter_add_rows(Tape& tape, const Tensor& dy, const Tensor& index, const Grad& dx,
                           const AxisLayout& layout) {
    tape.rely_on(dx.rows);
    if (!dx.accumulate) {
        ZeroRowsArgs<T> args{};
        args.inner = layout.inner;
        tape.emit(NETLET_KERNEL_FOR(zero_rows, dy->dtype), args,
                  {in(args.rows, dx.rows->bytes), inout(args.x, dx.tensor)},
                  Work{layout.n, std::max<int64_t>(64, 16384 / std::max<int64_t>(1, layout.inner)), 0});
    }
    emit_scatter_add<T>(tape, dy, index, {dx.tensor, true}, layout);
    mark_rows(tape, dx.rows, index, dx.accumulate);
}

uint64_t bits_of_one(DType t) {
    switch (t) {
        case DType::f32: return 0x3f800000;
        case DType::f64: return 0x3ff0000000000000;
        case DType::f16: return 0x3c00;
        case DType::bf16: return 0x3f80;
        default: return 1;
    }
}

void emit_one_hot(Tape& tape, const Tensor& index, const Tensor& y, int64_t classes, int64_t inner) {
    OneHotArgs args{};
    args.n = classes;
    args.inner = inner;
    args.one = bits_of_one(y->dtype);
    args.bytes = (int32_t)size_of(y->dtype);
    args.index_dtype = index->dtype;
    tape.emit(kernel(KernelId::one_hot), args, {in(args.index, index), out(args.y, y)},
              Work{index->size(), grain_for(16384, classes), (double)y->size()});
}

}  // namespace

void emit_gather(Tape& tape, const Tensor& x, const Tensor& index, const Tensor& y, const AxisLayout& layout,
                 DType dtype) {
    GatherArgs args{};
    args.layout = layout;
    args.index_dtype = index->dtype;
    args.dtype = dtype;
    tape.emit(kernel(KernelId::gather), args, {in(args.x, x), in(args.index, index), out(args.y, y)},
              Work{layout.outer * layout.k, grain_for(16384, layout.inner), 0});
}

namespace {

// A tensor of this shape with the rows of x added at index along `axis`: the transpose of `take`.
Tensor scattered_rows(Tape& tape, const Tensor& x, const Tensor& index, int axis, const Shape& shape,
                      const AxisLayout& layout) {
    Tensor y = tape.empty(shape, x->dtype);
    with_float(x->dtype, [&]<class T>(T) { emit_scatter_add<T>(tape, x, index, {y, false}, layout); });
    if (tape.needs_grad({x}))
        tape.on_backward(
            {x}, {y},
            [x, index, axis](Tape& tape, const Grads& dy) {
                if (Grad dx = tape.grad(x)) accumulate(tape, take(tape, dy[0], index, axis), dx);
            },
            [index, axis](Tape& tape, const Tensors&, const Tensors&, const Grads& dy) {
                return Tensors{take(tape, dy[0], index, axis)};
            });
    return y;
}

}  // namespace

Tensor take(Tape& tape, const Tensor& x, const Tensor& given, int axis) {
    const Tensor index = as_index(tape, "take", given);
    axis = normalize_axis(axis, x->shape.rank(), "take");
    const AxisLayout layout = axis_layout(x->shape, axis, index->size());
    if (const int64_t i = first_outside(index, layout.n); i >= 0)
        throw ValueError("take: index " + std::to_string(index_value(index, i)) + " is out of bounds for axis " +
                         std::to_string(axis) + " with " + std::to_string(layout.n) + " entries");
    Shape shape;
    for (int i = 0; i < axis; ++i) shape.push_back(x->shape[i]);
    for (int64_t n : index->shape) shape.push_back(n);
    for (int i = axis + 1; i < x->shape.rank(); ++i) shape.push_back(x->shape[i]);
    Tensor y = tape.empty(shape, x->dtype);
    if (y->size() > 0) emit_gather(tape, x, index, y, layout, x->dtype);
    if (differentiable(tape, x))
        tape.on_backward(
            {x}, {y},
            [x, index, layout, axis](Tape& tape, const Grads& dy) {
                if (Grad dx = axis == 0 ? tape.grad_by_rows(x) : tape.grad(x))
                    with_float(dy[0]->dtype, [&]<class T>(T) {
                        if (dx.rows)
                            emit_scatter_add_rows<T>(tape, dy[0], index, dx, layout);
                        else
                            emit_scatter_add<T>(tape, dy[0], index, dx, layout);
                    });
            },
            [index, axis, layout](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
                return Tensors{scattered_rows(tape, dy[0], index, axis, x[0]->shape, layout)};
            });
    return y;
}

void check_index(Tape& tape, const Tensor& given, int64_t n) {
    const Tensor index = as_index(tape, "check_index", given);
    if (!index->recorded()) {
        if (const int64_t i = first_outside(index, n, false); i >= 0)
            throw ValueError("index " + std::to_string(index_value(index, i)) + " at position " +
                             index->shape.place(i).str() + " lies outside of the " + std::to_string(n) +
                             " entries (0 to " + std::to_string(n - 1) + ")");
        return;
    }
    const Tensor flag = make_zeros({1}, DType::i32, tape.device()), found = make_zeros({3}, DType::i64, tape.device());
    CheckIndexArgs args{};
    args.k = index->size();
    args.n = n;
    args.index_dtype = index->dtype;
    tape.emit(kernel(KernelId::check_index), args,
              {in(args.index, index), out(args.flag, flag), out(args.found, found)}, one_chunk(1));
    tape.guard(flag);
}

void mark_rows(Tape& tape, const Rows& rows, const Tensor& index, bool keep) {
    tape.rely_on(rows);
    MarkRowsArgs args{};
    args.n = rows->bytes->size();
    args.keep = keep;
    const Operand bytes = keep ? inout(args.rows, rows->bytes) : out(args.rows, rows->bytes);
    if (!index) return tape.emit(kernel(KernelId::mark_rows), args, {bytes}, one_chunk(1));
    args.k = index->size();
    args.index_dtype = index->dtype;
    tape.emit(kernel(KernelId::mark_rows), args, {in(args.index, index), bytes}, one_chunk(1));
}

Tensor one_hot(Tape& tape, const Tensor& given, int64_t classes, int axis, DType dtype) {
    if (classes < 0) throw ValueError("one_hot: expected num_classes >= 0, received " + std::to_string(classes));
    // Labels may come as floats.
    const Tensor index = as_index(tape, "one_hot", is_floating(given->dtype) ? cast(tape, given, DType::i32) : given);
    const int rank = index->shape.rank();
    axis = normalize_axis(axis, rank + 1, "one_hot");
    Shape shape;
    for (int i = 0; i < rank + 1; ++i) shape.push_back(i == axis ? classes : index->shape[i - (i > axis)]);
    Tensor y = tape.empty(shape, dtype);
    emit_one_hot(tape, index, y, classes, index->shape.product(axis, rank));
    return y;
}

}  // namespace netlet::ops
