#include "ops/sort/sort.h"

#include <algorithm>
#include <bit>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/index/index.h"
#include "ops/sort/sort_args.h"

namespace netlet::ops {

namespace {

constexpr int64_t sort_item_bytes = 16;  // a key of 8 bytes at most, and a position

Tensor sortable(Tape& tape, const Tensor& x) { return is_number(x->dtype) ? x : cast(tape, x, DType::i32); }

// The first k entries of each line -> y, and their positions -> index.
template <class T>
void emit_sort(Tape& tape, const Tensor& x, const Tensor& y, const Tensor& index, const AxisLayout& layout,
               bool falling) {
    SortArgs<T> args{};
    args.n = layout.n;
    args.k = layout.k;
    args.inner = layout.inner;
    args.falling = falling;
    const int64_t units = layout.outer * layout.inner;
    const bool by_digits =
        !tape.on_gpu() && layout.n > sort_short && (layout.k > sort_partial_k || layout.k == layout.n);
    args.grain = grain_for(1024, layout.n);
    if (by_digits)
        args.grain = std::max(args.grain, (units + 15) / 16);  // at most 16 chunks, each with its own scratch
    int64_t items = by_digits ? ceil_div(units, args.grain) * 2 * layout.n : 0;
    if (tape.on_gpu() && layout.n > sort_gpu_tile) items = units * (int64_t)std::bit_ceil((uint64_t)layout.n);
    const Tensor scratch = tape.empty({items, sort_item_bytes}, DType::u8);
    tape.emit(NETLET_NUMBER_KERNEL(sort, x->dtype), args,
              {in(args.x, x), out(args.y, y), out(args.index, index), out(args.scratch, scratch)},
              Work{units, args.grain, (double)(units * layout.n)});
}

// Values and positions; gradients of the values flow.
std::pair<Tensor, Tensor> sorted(Tape& tape, const char* op, const Tensor& given, int axis, int64_t k, bool falling) {
    const Tensor x = sortable(tape, given);
    axis = normalize_axis(axis, x->shape.rank(), op);
    const AxisLayout layout = axis_layout(x->shape, axis, k < 0 ? x->shape[axis] : k);
    if (layout.n > INT32_MAX)
        throw ValueError(std::string(op) + ": expected at most 2^31 - 1 entries along the axis (indices are int32), " +
                         "received shape " + x->shape.str());
    Shape shape = x->shape;
    shape[axis] = layout.k;
    Tensor y = tape.empty(shape, x->dtype), index = tape.empty(shape, DType::i32);
    with_number(x->dtype, [&]<class T>(T) { emit_sort<T>(tape, x, y, index, layout, falling); });
    if (is_floating(x->dtype) && tape.needs_grad({x})) on_backward_of_gather_along(tape, x, y, index, layout);
    return {cast(tape, y, given->dtype), index};
}

}  // namespace

Tensor sort(Tape& tape, const Tensor& x, int axis) { return sorted(tape, "sort", x, axis, -1, false).first; }

Tensor argsort(Tape& tape, const Tensor& x, int axis) { return sorted(tape, "argsort", x, axis, -1, false).second; }

std::pair<Tensor, Tensor> top_k(Tape& tape, const Tensor& x, int64_t k) {
    if (x->shape.rank() == 0 || k < 0 || k > x->shape.back())
        throw ValueError("top_k: expected 0 <= k <= the last dimension of shape " + x->shape.str() +
                         ", received k=" + std::to_string(k));
    return sorted(tape, "top_k", x, -1, k, true);
}

Tensor in_top_k(Tape& tape, const Tensor& targets, const Tensor& given, int64_t k) {
    const Tensor x = is_floating(given->dtype) ? given : cast(tape, given, DType::f32);
    const Tensor target = as_index(tape, "in_top_k", targets);
    const int rank = x->shape.rank();
    bool fits = rank == target->shape.rank() + 1;
    for (int i = 0; fits && i < rank - 1; ++i) fits = x->shape[i] == target->shape[i];
    if (!fits)
        throw ValueError("in_top_k: expected targets (...) and predictions (..., classes), received shapes " +
                         target->shape.str() + " and " + x->shape.str());
    Tensor y = tape.empty(target->shape, DType::boolean);
    with_float(x->dtype, [&]<class T>(T) {
        InTopKArgs<T> args{};
        args.n = x->shape.back();
        args.k = k;
        args.target_dtype = target->dtype;
        tape.emit(NETLET_KERNEL_FOR(in_top_k, x->dtype), args, {in(args.x, x), in(args.target, target), out(args.y, y)},
                  Work{y->size(), grain_for(16384, args.n + 1), (double)x->size()});
    });
    return y;
}

Tensor searchsorted(Tape& tape, const Tensor& given, const Tensor& given_x, bool right) {
    if (given->shape.rank() != 1)
        throw ValueError("searchsorted: expected a sorted sequence of one axis, received shape " + given->shape.str());
    if (given->size() > INT32_MAX)
        throw ValueError("searchsorted: expected at most 2^31 - 1 sorted entries (indices are int32), received shape " +
                         given->shape.str());
    const DType dtype = common_dtype(given->dtype, given_x->dtype);
    const DType number = is_number(dtype) ? dtype : DType::i32;
    const Tensor sequence = cast(tape, given, number), x = cast(tape, given_x, number);
    Tensor y = tape.empty(x->shape, DType::i32);
    with_number(number, [&]<class T>(T) {
        SearchSortedArgs<T> args{};
        args.n = sequence->size();
        args.right = right;
        tape.emit(NETLET_NUMBER_KERNEL(searchsorted, number), args,
                  {in(args.sorted, sequence), in(args.x, x), out(args.y, y)}, Work{x->size(), 1024, 0});
    });
    return y;
}

}  // namespace netlet::ops
