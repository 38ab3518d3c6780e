// Entries by index.
#include <algorithm>

#include "dispatch/dispatch.h"
#include "ops/copy/copy.h"
#include "ops/shape/nest.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

Tensor as_index(Tape& tape, const Tensor& index) {
    return index->dtype == DType::i32 || index->dtype == DType::i64 ? index : cast(tape, index, DType::i32);
}

template <class T>
void check_bounds(const Tensor& index, int64_t n, int axis) {
    const T* p = index->data<T>();
    for (int64_t i = 0; i < index->size(); ++i)
        if (p[i] < -n || p[i] >= n)
            throw ValueError("take: index " + std::to_string(p[i]) + " is out of bounds for axis " +
                             std::to_string(axis) + " with " + std::to_string(n) + " entries");
}

template <class T>
void emit_scatter_add(Tape& tape, const Tensor& dy, const Tensor& index, const Grad& dx, const GatherArgs& g) {
    ScatterAddArgs<T> args{};
    args.outer = g.outer;
    args.n = g.n;
    args.k = g.k;
    args.inner = g.inner;
    args.index_dtype = g.index_dtype;
    args.accumulate = dx.accumulate;
    // Every chunk reads all indices: a few chunks at most, and only where rows outweigh that.
    const int64_t rows = std::max<int64_t>((g.n + 7) / 8, 16384 / std::max<int64_t>(1, g.inner * g.outer) + 1);
    tape.emit(NETLET_KERNEL_FOR(scatter_add, dy->dtype), args,
              {in(args.dy, dy), bytes_in(args.index, index),
               dx.accumulate ? inout(args.dx, dx.tensor) : out(args.dx, dx.tensor)},
              Work{g.n, rows, (double)dy->size()});
}

template <class T>
void emit_one_hot(Tape& tape, const Tensor& index, const Tensor& y, int64_t classes, int64_t inner) {
    OneHotArgs<T> args{};
    args.n = classes;
    args.inner = inner;
    args.index_dtype = index->dtype;
    tape.emit(NETLET_KERNEL_FOR(one_hot, y->dtype), args, {bytes_in(args.index, index), out(args.y, y)},
              Work{index->size(), std::max<int64_t>(1, 16384 / std::max<int64_t>(1, classes)), (double)y->size()});
}

}  // namespace

Tensor take(Tape& tape, const Tensor& x, const Tensor& given, int axis) {
    if (is_floating(given->dtype))
        throw TypeError(std::string("take: expected integer indices, got ") + netlet::name_of(given->dtype));
    axis = normalize_axis(axis, x->shape.rank(), "take");
    const Tensor index = as_index(tape, given);
    GatherArgs args{};
    args.outer = x->shape.product(0, axis);
    args.n = x->shape[axis];
    args.k = index->size();
    args.inner = x->shape.product(axis + 1, x->shape.rank());
    args.index_dtype = index->dtype;
    args.dtype = x->dtype;
    if (!index->recorded()) {  // the values are known
        if (index->dtype == DType::i32)
            check_bounds<int32_t>(index, args.n, axis);
        else
            check_bounds<int64_t>(index, args.n, axis);
    }
    Shape shape;
    for (int i = 0; i < axis; ++i) shape.push_back(x->shape[i]);
    for (int64_t n : index->shape) shape.push_back(n);
    for (int i = axis + 1; i < x->shape.rank(); ++i) shape.push_back(x->shape[i]);
    Tensor y = tape.empty(shape, x->dtype);
    if (y->size() > 0)
        tape.emit(kernel(KernelId::gather), args,
                  {bytes_in(args.x, x), bytes_in(args.index, index), bytes_out(args.y, y)},
                  Work{args.outer * args.k, std::max<int64_t>(1, 16384 / args.inner), 0});
    if (differentiable(tape, x))
        tape.on_backward({x}, {y}, [x, index, args](Tape& tape, const Grads& dy) {
            Grad dx = tape.grad(x);
            if (!dx) return;
            if (x->dtype == DType::f64)
                emit_scatter_add<double>(tape, dy[0], index, dx, args);
            else
                emit_scatter_add<float>(tape, dy[0], index, dx, args);
        });
    return y;
}

Tensor one_hot(Tape& tape, const Tensor& given, int64_t classes, int axis, DType dtype) {
    if (classes < 0) throw ValueError("one_hot: expected num_classes >= 0, got " + std::to_string(classes));
    if (!is_floating(dtype)) return cast(tape, one_hot(tape, given, classes, axis, DType::f32), dtype);
    const Tensor index = as_index(tape, given);
    const int rank = index->shape.rank();
    axis = normalize_axis(axis, rank + 1, "one_hot");
    Shape shape;
    for (int i = 0; i < rank + 1; ++i) shape.push_back(i == axis ? classes : index->shape[i - (i > axis)]);
    Tensor y = tape.empty(shape, dtype);
    const int64_t inner = index->shape.product(axis, rank);
    if (dtype == DType::f64)
        emit_one_hot<double>(tape, index, y, classes, inner);
    else
        emit_one_hot<float>(tape, index, y, classes, inner);
    return y;
}

}  // namespace netlet::ops
