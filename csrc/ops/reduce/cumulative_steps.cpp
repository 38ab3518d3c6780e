#include "ops/reduce/cumulative_steps.h"

#include <algorithm>

#include "dispatch/number_kernels.h"
#include "ops/copy/copy.h"

namespace netlet::ops {

AxisSet to_set(const char* op, const Axes& axes, int rank) {
    AxisSet set;
    if (!axes)
        std::fill(set.reduced, set.reduced + rank, true);
    else
        for (int axis : *axes) {
            bool& flag = set.reduced[normalize_axis(axis, rank, op)];
            if (flag) throw ValueError(std::string(op) + ": axis " + std::to_string(axis) + " is listed twice");
            flag = true;
        }
    return set;
}

namespace {

// A GPU needs some hundred blocks (reduce_cuda.cu), but a second step costs it about as much as a piece of 32 KB.
int64_t gpu_piece(ReduceStep s) {
    constexpr int64_t enough = 256, least_row = 8192, least_columns = 512;
    const bool row = s.inner == 1;
    const int64_t least = row ? least_row : least_columns, blocks = s.outer * (row ? 1 : ceil_div(s.inner, 32));
    if (blocks >= enough || s.n < 2 * least) return s.n;
    return std::max(least, ceil_div(s.n * blocks, 2 * enough));
}

template <class T>
void emit_step(Tape& tape, const auto& kernel, ReduceOp op, const Tensor& x, const Grad& y, ReduceStep s,
               double divisor) {
    ReduceArgs<T> args{};
    args.outer = s.outer;
    args.n = s.n;
    args.inner = s.inner;
    args.op = op;
    // A long axis is cut only where the other axes give the threads too little to do.
    const int64_t width = std::min(s.inner, reduce_tile<T>), tiles = ceil_div(s.inner, reduce_tile<T>);
    args.piece = s.n;
    if (tape.on_gpu())
        args.piece = gpu_piece(s);
    else if (s.outer * tiles < 16 && s.n * width > 2 * reduce_chunk)
        args.piece = std::max<int64_t>(64, ceil_div(reduce_chunk, 16 * width) * 16);
    args.piece = std::clamp<int64_t>(args.piece, 1, reduce_max_piece);
    args.pieces = std::max<int64_t>(1, ceil_div(s.n, args.piece));
    const Work work{s.outer * args.pieces * tiles, grain_for(reduce_chunk, args.piece * width),
                    (double)(s.outer * s.n * s.inner)};

    if (args.pieces > 1) {
        args.divisor = T(1);
        Tensor partial = tape.empty({s.outer, args.pieces, s.inner}, y.tensor->dtype);
        tape.emit(kernel, args, {in(args.x, x), out(args.y, partial)}, work);
        return emit_step<T>(tape, kernel, op, partial, y, {s.outer, args.pieces, s.inner}, divisor);
    }
    args.divisor = (T)divisor;
    tape.emit(kernel, args, {in(args.x, x), into(args.y, args.accumulate, y)}, work);
}

}  // namespace

void emit_step(Tape& tape, ReduceOp op, const Tensor& x, const Grad& y, ReduceStep s, double divisor) {
    if (x->dtype == DType::boolean) return emit_step<uint8_t>(tape, kernel(KernelId::reduce_bool), op, x, y, s, 1);
    with_number(x->dtype,
                [&]<class T>(T) { emit_step<T>(tape, NETLET_NUMBER_KERNEL(reduce, x->dtype), op, x, y, s, divisor); });
}

std::vector<AxisBlock> to_blocks(const Shape& shape, const AxisSet& set) {
    std::vector<AxisBlock> blocks;
    for (int i = 0; i < shape.rank(); ++i) {
        if (shape[i] == 1) continue;
        if (!blocks.empty() && blocks.back().reduced == set.reduced[i])
            blocks.back().size *= shape[i];
        else
            blocks.push_back({shape[i], set.reduced[i]});
    }
    return blocks;
}

ReduceStep step_at(const std::vector<AxisBlock>& blocks, size_t at) {
    ReduceStep s{1, blocks[at].size, 1};
    for (size_t i = 0; i < at; ++i) s.outer *= blocks[i].size;
    for (size_t i = at + 1; i < blocks.size(); ++i) s.inner *= blocks[i].size;
    return s;
}

void emit_reduce(Tape& tape, ReduceOp op, Tensor x, const Grad& y, const AxisSet& set, double divisor) {
    std::vector<AxisBlock> blocks = to_blocks(x->shape, set);
    std::vector<size_t> reduced;
    for (size_t i = 0; i < blocks.size(); ++i)
        if (blocks[i].reduced) reduced.push_back(i);
    if (reduced.empty()) return emit_step(tape, op, x, y, {1, 1, x->size()}, divisor);
    while (!reduced.empty()) {
        const ReduceStep s = step_at(blocks, reduced.back());
        const bool last = reduced.size() == 1;
        const Grad to = last ? y : Grad{tape.empty({s.outer, s.inner}, x->dtype), false};
        emit_step(tape, op, x, to, s, last ? divisor : 1);
        blocks[reduced.back()].size = 1;
        reduced.pop_back();
        x = to.tensor;
    }
}

Tensor reduce(Tape& tape, ReduceOp op, const Tensor& x, const AxisSet& set, bool keepdims, double divisor) {
    Tensor y = tape.empty(set.result_shape(x->shape, keepdims), x->dtype);
    emit_reduce(tape, op, x, {y, false}, set, divisor);
    return y;
}

Tensor countable(Tape& tape, const Tensor& x) { return is_number(x->dtype) ? x : cast(tape, x, DType::i32); }

}  // namespace netlet::ops
