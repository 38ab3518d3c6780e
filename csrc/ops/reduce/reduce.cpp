#include "ops/reduce/reduce.h"

#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"
#include "ops/elementwise/elementwise.h"
#include "ops/shape/shape.h"

namespace netlet::ops {

namespace {

constexpr int64_t chunk = 16384;  // elements that are worth a thread of their own

// Which axes a reduction takes away.
struct AxisSet {
    bool reduced[Shape::max_rank] = {};
    Shape kept(const Shape& x, bool keepdims) const {
        Shape y;
        for (int i = 0; i < x.rank(); ++i)
            if (!reduced[i]) y.push_back(x[i]);
            else if (keepdims) y.push_back(1);
        return y;
    }
    int64_t count(const Shape& x) const {
        int64_t n = 1;
        for (int i = 0; i < x.rank(); ++i)
            if (reduced[i]) n *= x[i];
        return n;
    }
};

AxisSet to_set(const char* op, const Axes& axes, int rank) {
    AxisSet set;
    if (!axes) std::fill(set.reduced, set.reduced + rank, true);
    else
        for (int axis : *axes) {
            bool& flag = set.reduced[normalize_axis(axis, rank, op)];
            if (flag) throw ValueError(std::string(op) + ": axis " + std::to_string(axis) + " is listed twice");
            flag = true;
        }
    return set;
}

const char* name_of(ReduceOp op) {
    return op == ReduceOp::sum ? "sum" : op == ReduceOp::prod ? "prod" : op == ReduceOp::max ? "max" : "min";
}

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// ---- one axis --------------------------------------------------------------------------------------------------------
struct Step {
    int64_t outer, n, inner;
};

template <class T>
void emit_step(Tape& tape, const Kernel& kernel, ReduceOp op, const Tensor& x, const Grad& y, Step s, double divisor) {
    ReduceArgs<T> args{};
    args.outer = s.outer;
    args.n = s.n;
    args.inner = s.inner;
    args.op = op;
    // A long axis is cut only where the other axes give the threads too little to do.
    const int64_t width = std::min(s.inner, reduce_tile), tiles = ceil_div(s.inner, reduce_tile);
    args.piece = s.n;
    if (s.outer * tiles < 16 && s.n * width > 2 * chunk) args.piece = std::max<int64_t>(64, ceil_div(chunk, 16 * width) * 16);
    args.piece = std::clamp<int64_t>(args.piece, 1, reduce_max_piece);
    args.pieces = std::max<int64_t>(1, ceil_div(s.n, args.piece));
    const int64_t unit = std::max<int64_t>(1, args.piece * width);
    const Work work{s.outer * args.pieces * tiles, std::max<int64_t>(1, chunk / unit), (double)(s.outer * s.n * s.inner)};

    if (args.pieces > 1) {
        args.divisor = T(1);
        Tensor partial = tape.empty({s.outer, args.pieces, s.inner}, y.tensor->dtype);
        tape.emit(kernel, args, {in(args.x, x), out(args.y, partial)}, work);
        return emit_step<T>(tape, kernel, op, partial, y, {s.outer, args.pieces, s.inner}, divisor);
    }
    args.divisor = (T)divisor;
    args.accumulate = y.accumulate;
    tape.emit(kernel, args, {in(args.x, x), y.accumulate ? inout(args.y, y.tensor) : out(args.y, y.tensor)}, work);
}

void emit_step(Tape& tape, ReduceOp op, const Tensor& x, const Grad& y, Step s, double divisor) {
    if (x->dtype == DType::boolean) return emit_step<uint8_t>(tape, kernel(KernelId::reduce_bool), op, x, y, s, 1);
    with_number(x->dtype, [&](auto zero) {
        emit_step<decltype(zero)>(tape, NETLET_NUMBER_KERNEL(reduce, x->dtype), op, x, y, s, divisor);
    });
}

// ---- any axes --------------------------------------------------------------------------------------------------------
// Neighbouring axes that are all kept or all reduced act as one.
struct Block {
    int64_t extent;
    bool reduced;
};

std::vector<Block> to_blocks(const Shape& shape, const AxisSet& set) {
    std::vector<Block> blocks;
    for (int i = 0; i < shape.rank(); ++i) {
        if (shape[i] == 1) continue;
        if (!blocks.empty() && blocks.back().reduced == set.reduced[i]) blocks.back().extent *= shape[i];
        else blocks.push_back({shape[i], set.reduced[i]});
    }
    return blocks;
}

Step step_at(const std::vector<Block>& blocks, size_t at) {
    Step s{1, blocks[at].extent, 1};
    for (size_t i = 0; i < at; ++i) s.outer *= blocks[i].extent;
    for (size_t i = at + 1; i < blocks.size(); ++i) s.inner *= blocks[i].extent;
    return s;
}

// y = or += the reduction of x / divisor: one step per reduced block, the last block first.
void emit_reduce(Tape& tape, ReduceOp op, Tensor x, const Grad& y, const AxisSet& set, double divisor) {
    std::vector<Block> blocks = to_blocks(x->shape, set);
    std::vector<size_t> reduced;
    for (size_t i = 0; i < blocks.size(); ++i)
        if (blocks[i].reduced) reduced.push_back(i);
    if (reduced.empty()) return emit_step(tape, op, x, y, {1, 1, x->size()}, divisor);
    while (!reduced.empty()) {
        const Step s = step_at(blocks, reduced.back());
        const bool last = reduced.size() == 1;
        const Grad to = last ? y : Grad{tape.empty({s.outer, s.inner}, x->dtype), false};
        emit_step(tape, op, x, to, s, last ? divisor : 1);
        blocks[reduced.back()].extent = 1;
        reduced.pop_back();
        x = to.tensor;
    }
}

Tensor reduce(Tape& tape, ReduceOp op, const Tensor& x, const AxisSet& set, bool keepdims, double divisor = 1) {
    Tensor y = tape.empty(set.kept(x->shape, keepdims), x->dtype);
    emit_reduce(tape, op, x, {y, false}, set, divisor);
    return y;
}

Tensor countable(Tape& tape, const Tensor& x) {
    return is_number(x->dtype) ? x : cast(tape, x, DType::i32);
}

Tensor sum_or_mean(Tape& tape, const Tensor& x, const AxisSet& set, bool keepdims, double divisor) {
    Tensor y = reduce(tape, ReduceOp::sum, x, set, keepdims, divisor);
    if (is_floating(x->dtype) && tape.needs_grad({x}))
        tape.on_backward({x}, {y}, [x, set, divisor](Tape& tape, const Grads& dy) {
            if (Grad dx = tape.grad(x)) emit_broadcast(tape, tape.view(dy[0], set.kept(x->shape, true)), 1 / divisor, dx);
        });
    return y;
}

Tensor extreme(Tape& tape, ReduceOp op, const Tensor& original, const Axes& axes, bool keepdims) {
    const Tensor x = original->dtype == DType::boolean ? original : countable(tape, original);
    const AxisSet set = to_set(name_of(op), axes, x->shape.rank());
    if (set.count(x->shape) == 0)
        throw ValueError(std::string(name_of(op)) + ": no elements to choose from in a tensor of shape " + x->shape.str());
    Tensor y = reduce(tape, op, x, set, keepdims);
    if (is_floating(x->dtype) && tape.needs_grad({x}))
        tape.on_backward({x}, {y}, [x, y, set](Tape& tape, const Grads& dy) {
            Grad dx = tape.grad(x);
            if (!dx) return;
            const Shape kept = set.kept(x->shape, true);
            const Tensor chosen = cast(tape, equal(tape, x, tape.view(y, kept)), x->dtype);
            const Tensor share = divide(tape, tape.view(dy[0], kept), reduce(tape, ReduceOp::sum, chosen, set, true));
            accumulate(tape, multiply(tape, chosen, share), dx);
        });
    return y;
}

template <class T>
void emit_prod_bwd(Tape& tape, const Tensor& x, const Tensor& dy, const Grad& dx, Step s) {
    ProdBackwardArgs<T> args{};
    args.outer = s.outer;
    args.n = s.n;
    args.inner = s.inner;
    args.accumulate = dx.accumulate;
    Tensor before = tape.empty(x->shape, x->dtype);
    tape.emit(NETLET_KERNEL_FOR(prod_bwd, x->dtype), args,
              {in(args.x, x), in(args.dy, dy), out(args.before, before),
               dx.accumulate ? inout(args.dx, dx.tensor) : out(args.dx, dx.tensor)},
              Work{s.outer * s.inner, std::max<int64_t>(1, chunk / (4 * std::max<int64_t>(1, s.n))), 4.0 * (double)x->size()});
}

template <class T>
void emit_argreduce(Tape& tape, ReduceOp op, const Tensor& x, const Tensor& y, Step s) {
    ArgReduceArgs<T> args{};
    args.outer = s.outer;
    args.n = s.n;
    args.inner = s.inner;
    args.op = op;
    const int64_t unit = s.n * std::min(s.inner, reduce_tile);
    tape.emit(NETLET_NUMBER_KERNEL(argreduce, x->dtype), args, {in(args.x, x), out(args.y, y)},
              Work{s.outer * ceil_div(s.inner, reduce_tile), std::max<int64_t>(1, chunk / unit), (double)x->size()});
}

Tensor arg_extreme(Tape& tape, ReduceOp op, const Tensor& original, std::optional<int> axis, bool keepdims) {
    const char* name = op == ReduceOp::max ? "argmax" : "argmin";
    const Tensor x = countable(tape, original);
    AxisSet set = to_set(name, axis ? Axes(std::vector<int>{*axis}) : std::nullopt, x->shape.rank());
    Step s{1, set.count(x->shape), 1};
    if (s.n == 0) throw ValueError(std::string(name) + ": no elements to choose from in a tensor of shape " + x->shape.str());
    if (s.n > INT32_MAX) throw ValueError(std::string(name) + ": positions beyond int32 in a tensor of shape " + x->shape.str());
    if (axis) {
        const int at = normalize_axis(*axis, x->shape.rank(), name);
        s.outer = x->shape.product(0, at);
        s.inner = x->shape.product(at + 1, x->shape.rank());
    }
    Tensor y = tape.empty(set.kept(x->shape, keepdims), DType::i32);
    with_number(x->dtype, [&](auto zero) { emit_argreduce<decltype(zero)>(tape, op, x, y, s); });
    return y;
}

}  // namespace

Tensor sum(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    return sum_or_mean(tape, countable(tape, x), to_set("sum", axes, x->shape.rank()), keepdims, 1);
}

Tensor mean(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    const AxisSet set = to_set("mean", axes, x->shape.rank());
    return sum_or_mean(tape, is_floating(x->dtype) ? x : cast(tape, x, DType::f32), set, keepdims, (double)set.count(x->shape));
}

Tensor prod(Tape& tape, const Tensor& original, const Axes& axes, bool keepdims) {
    const Tensor x = countable(tape, original);
    const int rank = x->shape.rank();
    const AxisSet set = to_set("prod", axes, rank);
    const bool differentiable = is_floating(x->dtype) && tape.needs_grad({x});
    const std::vector<Block> blocks = to_blocks(x->shape, set);
    if (differentiable && std::count_if(blocks.begin(), blocks.end(), [](const Block& b) { return b.reduced; }) > 1) {
        // Axis by axis, so that each step has the simple gradient below.
        Tensor y = x;
        for (int i = 0; i < rank; ++i)
            if (set.reduced[i]) y = prod(tape, y, Axes(std::vector<int>{i}), true);
        return reshape(tape, y, set.kept(x->shape, keepdims));
    }
    Tensor y = reduce(tape, ReduceOp::prod, x, set, keepdims);
    if (differentiable) {
        Step s{x->size(), 1, 1};
        for (size_t i = 0; i < blocks.size(); ++i)
            if (blocks[i].reduced) s = step_at(blocks, i);
        tape.on_backward({x}, {y}, [x, s](Tape& tape, const Grads& dy) {
            Grad dx = tape.grad(x);
            if (!dx) return;
            if (x->dtype == DType::f64) emit_prod_bwd<double>(tape, x, dy[0], dx, s);
            else emit_prod_bwd<float>(tape, x, dy[0], dx, s);
        });
    }
    return y;
}

Tensor max(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) { return extreme(tape, ReduceOp::max, x, axes, keepdims); }
Tensor min(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) { return extreme(tape, ReduceOp::min, x, axes, keepdims); }

Tensor any(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    return reduce(tape, ReduceOp::max, cast(tape, x, DType::boolean), to_set("any", axes, x->shape.rank()), keepdims);
}

Tensor all(Tape& tape, const Tensor& x, const Axes& axes, bool keepdims) {
    return reduce(tape, ReduceOp::min, cast(tape, x, DType::boolean), to_set("all", axes, x->shape.rank()), keepdims);
}

Tensor argmax(Tape& tape, const Tensor& x, std::optional<int> axis, bool keepdims) {
    return arg_extreme(tape, ReduceOp::max, x, axis, keepdims);
}
Tensor argmin(Tape& tape, const Tensor& x, std::optional<int> axis, bool keepdims) {
    return arg_extreme(tape, ReduceOp::min, x, axis, keepdims);
}

void emit_column_sum(Tape& tape, const Tensor& x, const Grad& out) {
    const int64_t columns = x->shape.back();
    if (out.tensor->size() != columns)
        throw ValueError("column sum: expected room for " + std::to_string(columns) + " sums, got " + out.tensor->shape.str());
    emit_step(tape, ReduceOp::sum, x, out, {1, x->shape.product(0, x->shape.rank() - 1), columns}, 1);
}

void emit_sum_to(Tape& tape, const Tensor& x, const Grad& out, double divisor) {
    const Shape &from = x->shape, &to = out.tensor->shape;
    if (from.size() == to.size() && divisor == 1) return accumulate(tape, x, out);
    AxisSet set;
    const int lead = from.rank() - to.rank();
    for (int i = 0; i < from.rank(); ++i) set.reduced[i] = i < lead || to[i - lead] != from[i];
    emit_reduce(tape, ReduceOp::sum, x, out, set, divisor);
}

}  // namespace netlet::ops
