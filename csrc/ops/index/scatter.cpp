#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/higher_order/higher_order.h"
#include "ops/index/index.h"
#include "ops/shape/loop_nest.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

// A tensor seen as n rows, and the row that each update goes to (n: none).
struct Rows {
    int64_t n, inner;
    Tensor row;  // (k,) int64
};

Rows find_rows(Tape& tape, const char* op, const Shape& into, const Tensor& index, bool negative) {
    const int depth = (int)index->shape.back();
    Rows rows{into.product(0, depth), into.product(depth, into.rank()), nullptr};
    FlatRowsArgs args{};
    args.depth = depth;
    args.rows = rows.n;
    args.index_dtype = index->dtype;
    args.from_end = negative;
    for (int d = 0; d < depth; ++d) args.extent[d] = into[d];
    const int64_t k = index->shape.product(0, index->shape.rank() - 1);
    if (depth == 1)
        check_indices(op, index, into[0], 0, negative);
    else if (!index->recorded())
        for (int d = 0; d < depth; ++d) {
            Tape eager(Tape::Mode::eager);
            check_indices(op, slice(eager, eager.view(index, {k, depth}), {{0, 1, k}, {d, 1, 1}}), into[d], d,
                          negative);
        }
    rows.row = tape.empty({k}, DType::i64);
    tape.emit(kernel(KernelId::flat_rows), args, {in(args.index, index), out(args.row, rows.row)}, Work{k, 4096, 0});
    return rows;
}

void emit_scatter(Tape& tape, ScatterOp how, const Tensor& updates, const Rows& rows, const Tensor& y) {
    // Every chunk reads all indices: at most 8 chunks, with rows enough to outweigh that.
    const int64_t least = 16384 / std::max<int64_t>(1, rows.inner) + 1;
    with_number(y->dtype, [&]<class T>(T) {
        ScatterArgs<T> args{};
        args.k = rows.row->size();
        args.inner = rows.inner;
        args.op = how;
        tape.emit(NETLET_NUMBER_KERNEL(scatter, y->dtype), args,
                  {in(args.x, updates), in(args.row, rows.row), inout(args.y, y)},
                  Work{rows.n, std::max<int64_t>((rows.n + 7) / 8, least), (double)updates->size()});
    });
}

// The rows of x that the updates went to, in the updates' shape; 0 for those that went nowhere.
Tensor gather_rows(Tape& tape, const Tensor& x, const Rows& rows, const Shape& shape) {
    Tensor y = tape.empty(shape, x->dtype);
    const DType bits = size_of(x->dtype) == 8 ? DType::i64 : DType::i32;  // an index out of bounds reads 0
    emit_gather(tape, x, rows.row, y, {1, rows.n, rows.row->size(), rows.inner}, bits);
    return y;
}

Tensor copy_of(Tape& tape, const Tensor& x) {
    Tensor y = tape.empty(x->shape, x->dtype);
    assign(tape, x, y);
    return y;
}

// Which updates of `set` were not written over by a later one: 1, else 0 (k,).
Tensor last_writers(Tape& tape, const Rows& rows, DType dtype) {
    const int64_t k = rows.row->size();
    Tensor number = make_tensor({k}, DType::i64);
    for (int64_t i = 0; i < k; ++i) number->data<int64_t>()[i] = i;
    const Rows one{rows.n, 1, rows.row};
    const Tensor last = full(tape, {rows.n}, DType::i64, -1);
    emit_scatter(tape, ScatterOp::set, number, one, last);
    return cast(tape, equal(tape, gather_rows(tape, last, one, {k}), number), dtype);
}

void set_backward(Tape& tape, const Tensor& into, const Tensor& updates, const Rows& rows, const Tensor& dy) {
    if (Grad d = tape.grad(into)) {
        const Tensor kept = copy_of(tape, dy);
        emit_scatter(tape, ScatterOp::set, full(tape, updates->shape, dy->dtype, 0), rows, kept);
        accumulate(tape, kept, d);
    }
    if (Grad d = tape.grad(updates)) {
        const int64_t k = rows.row->size();
        const Tensor all = gather_rows(tape, dy, rows, {k, rows.inner});
        const Tensor own = multiply(tape, all, tape.view(last_writers(tape, rows, dy->dtype), {k, 1}));
        accumulate(tape, tape.view(own, updates->shape), d);
    }
}

void extreme_backward(Tape& tape, const Tensor& into, const Tensor& updates, const Rows& rows, const Tensor& y,
                      const Tensor& dy) {
    const DType dtype = dy->dtype;
    const Tensor kept = cast(tape, equal(tape, into, y), dtype);
    const Tensor won = cast(tape, equal(tape, updates, gather_rows(tape, y, rows, updates->shape)), dtype);
    const Tensor winners = copy_of(tape, kept);
    emit_scatter(tape, ScatterOp::add, won, rows, winners);
    const Tensor share = divide(tape, dy, winners);
    if (Grad d = tape.grad(into)) accumulate(tape, multiply(tape, kept, share), d);
    if (Grad d = tape.grad(updates))
        accumulate(tape, multiply(tape, won, gather_rows(tape, share, rows, updates->shape)), d);
}

// The gradient of adding rows takes them; an extra row of zeros stands for updates that went nowhere.
HigherOrder add_higher(const Rows& rows) {
    return [rows](Tape& tape, const Tensors& x, const Tensors&, const Grads& dy) {
        if (!tape.wants(x[1])) return Tensors{dy[0], nullptr};
        const Tensor all = reshape(tape, dy[0], {rows.n, rows.inner});
        const Tensor with_none = concatenate(tape, {all, full(tape, {1, rows.inner}, dy[0]->dtype, 0)}, 0);
        return Tensors{dy[0], reshape(tape, take(tape, with_none, rows.row, 0), x[1]->shape)};
    };
}

}  // namespace

Tensor scatter(Tape& tape, const char* op, ScatterOp how, const Tensor& given_into, const Tensor& given,
               const Tensor& given_updates, bool negative) {
    const Tensor index = as_index(tape, op, given);
    const DType dtype = given_into->dtype;
    const DType number = is_number(dtype) ? dtype : DType::i32;
    const Tensor into = cast(tape, given_into, number);
    if (index->shape.rank() == 0 || index->shape.back() < 1 || index->shape.back() > into->shape.rank())
        throw ValueError(std::string(op) + ": expected indices (..., depth) with 1 <= depth <= " +
                         std::to_string(into->shape.rank()) + ", received shape " + index->shape.str());
    Shape shape;
    for (int i = 0; i < index->shape.rank() - 1; ++i) shape.push_back(index->shape[i]);
    for (int i = (int)index->shape.back(); i < into->shape.rank(); ++i) shape.push_back(into->shape[i]);
    Tensor updates = cast(tape, given_updates, number);
    if (updates->shape != shape) updates = broadcast_to(tape, updates, shape);

    const Rows rows = find_rows(tape, op, into->shape, index, negative);
    const Tensor y = copy_of(tape, into);
    emit_scatter(tape, how, updates, rows, y);
    if (is_floating(number) && tape.needs_grad({into, updates})) {
        if (how == ScatterOp::multiply && updates->requires_grad)
            throw ValueError(std::string(op) + ": updates that multiply have no gradient; use ops.stop_gradient");
        const bool needs_y = how == ScatterOp::max || how == ScatterOp::min;
        tape.on_backward(
            {into, updates}, {y},
            [=, result = needs_y ? tape.view(y, y->shape) : nullptr](Tape& tape, const Grads& dy) {
                if (how == ScatterOp::set) return set_backward(tape, into, updates, rows, dy[0]);
                if (needs_y) return extreme_backward(tape, into, updates, rows, result, dy[0]);
                if (Grad d = tape.grad(into)) {
                    const Tensor own = copy_of(tape, dy[0]);
                    if (how == ScatterOp::multiply) emit_scatter(tape, how, updates, rows, own);
                    accumulate(tape, own, d);
                }
                if (Grad d = tape.grad(updates)) accumulate(tape, gather_rows(tape, dy[0], rows, updates->shape), d);
            },
            how == ScatterOp::add ? add_higher(rows) : nullptr);
    }
    return cast(tape, y, dtype);
}

}  // namespace netlet::ops
